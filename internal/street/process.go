//go:build linux

package street

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is one server process in its own process group.
type process struct {
	name string
	args []string
	env  []string
	dir  string

	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error
}

// program finds a server's binary, also where a user's PATH does not look.
func program(name string) string {
	if filepath.IsAbs(name) {
		if _, err := os.Stat(name); err == nil {
			return name
		}
		return ""
	}
	if p, err := exec.LookPath(name); err == nil {
		return p
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} {
		if p := filepath.Join(dir, name); program(p) != "" {
			return p
		}
	}
	return ""
}

// spawn adds a process to the block.
func (b *block) spawn(env []string, args ...string) {
	b.procs = append(b.procs, &process{name: filepath.Base(args[0]), args: args, env: env, dir: b.dir,
		log: filepath.Join(b.dir, fmt.Sprintf("log-%d.txt", len(b.procs)))})
}

func (p *process) start() error {
	out, err := os.Create(p.log)
	if err != nil {
		return err
	}
	defer out.Close()
	p.cmd = exec.Command(program(p.args[0]), p.args[1:]...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.dir, out, out
	// Nothing of the user's environment may reach a server's configuration.
	p.cmd.Env = append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + p.dir, "LC_ALL=C"}, p.env...)
	// A process group of its own, and the end when the test process dies without
	// closing the street.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	p.done = make(chan struct{})
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return nil
}

// kill ends the whole process group.
func (p *process) kill() {
	if p.cmd == nil || p.cmd.Process == nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// failure describes a process that ended, with the end of its log.
func (p *process) failure() error {
	text, _ := os.ReadFile(p.log)
	// Some servers log only to a file of their own.
	for _, extra := range []string{"error.log", "logs/error.log"} {
		more, _ := os.ReadFile(filepath.Join(p.dir, extra))
		text = append(text, more...)
	}
	low := bytes.ToLower(text)
	for _, sign := range []string{"already in use", "eaddrinuse", "cannot bind", "error binding", "failed to bind"} {
		if bytes.Contains(low, []byte(sign)) {
			return fmt.Errorf("%s: %w", p.name, errConflict)
		}
	}
	if len(text) > 2000 {
		text = text[len(text)-2000:]
	}
	return fmt.Errorf("%s ended: %v: %s", p.name, p.err, strings.TrimSpace(string(text)))
}

// waitFor returns once every address accepts. A process that ends before is an
// error. The limit is generous: a virtual machine on a loaded computer takes long.
func waitFor(ctx context.Context, procs []*process, addrs []string) error {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	var d net.Dialer
	for _, a := range addrs {
		for {
			dctx, stop := context.WithTimeout(ctx, 2*time.Second)
			conn, err := d.DialContext(dctx, "tcp", a)
			stop()
			if err == nil {
				conn.Close()
				break
			}
			for _, p := range procs {
				select {
				case <-p.done:
					return p.failure()
				default:
				}
			}
			select {
			case <-ctx.Done():
				var logs []string
				for _, p := range procs {
					text, _ := os.ReadFile(p.log)
					logs = append(logs, string(text))
				}
				return fmt.Errorf("waiting for %s: %w: %s", a, ctx.Err(), strings.Join(logs, "\n"))
			case <-time.After(30 * time.Millisecond):
			}
		}
	}
	// Something else may have been listening there: the process must be alive.
	for _, p := range procs {
		select {
		case <-p.done:
			return p.failure()
		default:
		}
	}
	return nil
}
