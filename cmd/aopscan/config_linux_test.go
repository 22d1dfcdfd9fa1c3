package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aopscan/aopscan/internal/config"
)

// What is no file is written to, not replaced: as root, --force on a device would
// damage the machine. A link stays a link.
func TestConfigInitForceKeepsDevices(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skipf("SKIPPED, no named pipes here: %v", err)
	}
	writeFile(t, "target.yaml", "fail_on: low\n")
	for link, target := range map[string]string{"link.yaml": "target.yaml", "null.yaml": "/dev/null"} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	read := make(chan string, 1)
	go func() {
		b, _ := os.ReadFile(fifo)
		read <- string(b)
	}()
	for _, path := range []string{fifo, "link.yaml", "null.yaml"} {
		if code, _, errs := runApp(t, "", nil, "config", "init", "--force", "-q", path); code != exitOK || errs != "" {
			t.Errorf("%s: exit %d, %q", path, code, errs)
		}
	}
	// A pipe that was replaced has no writer, and its reader would wait forever.
	if st, err := os.Lstat(fifo); err != nil || st.Mode()&os.ModeNamedPipe == 0 {
		t.Fatalf("the pipe was replaced: %v %v", st.Mode(), err)
	}
	if got := <-read; got != config.Template {
		t.Errorf("the pipe gave %d bytes", len(got))
	}
	for _, link := range []string{"link.yaml", "null.yaml"} {
		if st, err := os.Lstat(link); err != nil || st.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no link any more", link)
		}
	}
	if b, _ := os.ReadFile("target.yaml"); string(b) != config.Template {
		t.Errorf("the link's target holds %q", b)
	}
	if code, _, errs := runApp(t, "", nil, "config", "init", "--force", dir); code != exitNothing || !strings.Contains(errs, "it is a folder") {
		t.Errorf("a folder: exit %d, %q", code, errs)
	}
}
