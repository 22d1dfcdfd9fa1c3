package report

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fullDevice is a device that takes nothing: one of the test's own where it may
// make one (root), so that a machine whose /dev/full was damaged does not decide,
// else the machine's, where that is what it should be.
func fullDevice(t *testing.T) string {
	t.Helper()
	own := filepath.Join(t.TempDir(), "full")
	err := syscall.Mknod(own, syscall.S_IFCHR|0o666, 1<<8|7) // Linux: major 1, minor 7
	if err == nil {
		// A file system may be mounted without devices.
		var f *os.File
		if f, err = os.OpenFile(own, os.O_WRONLY, 0); err == nil {
			f.Close()
			return own
		}
	}
	info, statErr := os.Stat("/dev/full")
	switch {
	case statErr != nil:
		t.Skipf("SKIPPED, no full device: making one: %v; the machine's: %v", err, statErr)
	case info.Mode()&os.ModeCharDevice == 0:
		t.Skipf("SKIPPED, no full device: making one: %v; /dev/full of this machine is damaged, it is %v with %d bytes", err, info.Mode(), info.Size())
	}
	return "/dev/full"
}

// A full disk says so late; the path is named, the old file stays, nothing is left
// behind, and every other output is written. A device stays a device.
func TestWriteFullDisk(t *testing.T) {
	full := fullDevice(t)
	dir := t.TempDir()
	other := filepath.Join(dir, "r.csv")
	link := filepath.Join(dir, "full.json")
	if err := os.Symlink(full, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{full, link} {
		errs := Write([]Output{{Format: "json", Path: path}, {Format: "csv", Path: other}}, sample(), io.Discard, WriteOptions{})
		if len(errs) != 1 || !errors.Is(errs[0], syscall.ENOSPC) || !strings.HasPrefix(errs[0].Error(), "writing json to "+path+": ") {
			t.Errorf("errors %v", errs)
		}
		if _, err := os.Stat(other); err != nil {
			t.Error(err)
		}
		if err := os.Remove(other); err != nil {
			t.Error(err)
		}
	}
	if info, err := os.Stat(full); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		t.Fatalf("%s is no device any more", full)
	}
	noTemporaries(t, dir)
	noTemporaries(t, filepath.Dir(full))
}

// Nothing is ever created in /dev itself; its folders are folders.
func TestWriteNoDeviceMadeUp(t *testing.T) {
	for path, want := range map[string]bool{
		"/dev/full": true, "/dev/no-such-device": true, "/dev/../dev/null": true, "/dev/fd/9": true, "/proc/self/fd/9": true,
		"/dev/shm/report.json": false, "/dev/shm/folder/report.json": false, "/devices/report.json": false, "report.json": false,
	} {
		if got := isDevice(path); got != want {
			t.Errorf("isDevice(%q) = %v", path, got)
		}
	}
	path := "/dev/aopscan-test-no-such-device"
	if errs := Write([]Output{{Format: "csv", Path: path}}, sample(), io.Discard, WriteOptions{}); len(errs) != 1 || !errors.Is(errs[0], fs.ErrNotExist) {
		t.Errorf("errors %v", errs)
	}
	if _, err := os.Lstat(path); err == nil {
		_ = os.Remove(path)
		t.Errorf("%s was created", path)
	}
	shm, err := os.MkdirTemp("/dev/shm", "aopscan-test-")
	if err != nil {
		t.Skipf("SKIPPED: no /dev/shm to write to: %v", err)
	}
	defer os.RemoveAll(shm)
	path = filepath.Join(shm, "r.csv")
	for range 2 { // new, then written over
		if errs := Write([]Output{{Format: "csv", Path: path}}, sample(), io.Discard, WriteOptions{}); len(errs) != 0 {
			t.Fatal(errs)
		}
	}
	if b, err := os.ReadFile(path); err != nil || bytes.Count(b, []byte("status,severity")) != 1 {
		t.Errorf("%s holds %d bytes, %v", path, len(b), err)
	}
}

// TestWriteRealFullDisk fills a small file system, where it may mount one.
func TestWriteRealFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16k"); err != nil {
		t.Skipf("SKIPPED, no small file system to fill: %v (needs root)", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	path := filepath.Join(dir, "r.json")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	errs := Write([]Output{{Format: "json", Path: path}}, sample(), io.Discard, WriteOptions{})
	if len(errs) != 1 || !errors.Is(errs[0], syscall.ENOSPC) || !strings.Contains(errs[0].Error(), path) {
		t.Errorf("errors %v", errs)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "old" {
		t.Errorf("the old report is %.20q, %v", b, err)
	}
	noTemporaries(t, dir)
}

// A named pipe and a descriptor of the shell's are written to, not replaced.
func TestWriteToPipes(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skipf("SKIPPED, no named pipes here: %v", err)
	}
	read := make(chan []byte, 1)
	go func() {
		b, _ := os.ReadFile(fifo)
		read <- b
	}()
	if errs := Write([]Output{{Format: "csv", Path: fifo}}, sample(), io.Discard, WriteOptions{}); len(errs) != 0 {
		t.Fatal(errs)
	}
	select {
	case b := <-read:
		if !bytes.HasPrefix(b, []byte("status,")) {
			t.Errorf("the pipe gave %.40q", b)
		}
	case <-time.After(time.Minute):
		t.Error("nothing came through the pipe")
	}
	if info, err := os.Stat(fifo); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Error("the pipe was replaced")
	}
	var stdout bytes.Buffer
	if errs := Write([]Output{{Format: "csv", Path: "/dev/stdout"}}, sample(), &stdout, WriteOptions{}); len(errs) != 0 || !bytes.HasPrefix(stdout.Bytes(), []byte("status,")) {
		t.Errorf("/dev/stdout: %v, %.40q", errs, stdout.Bytes())
	}
}
