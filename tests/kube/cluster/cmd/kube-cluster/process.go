// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// spawner starts processes from one thread that lives as long as this program.
// The kernel sends the parent-death signal when the starting *thread* ends, so
// a child must never be started from a thread that the Go runtime may retire.
type spawner struct {
	requests chan func()
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for run := range s.requests {
			run()
		}
	}()
	return s
}

func (s *spawner) start(cmd *exec.Cmd) error {
	done := make(chan error)
	s.requests <- func() { done <- cmd.Start() }
	return <-done
}

// process is one component: a command line that can be started, frozen, killed
// and started again. Safe for use from several goroutines.
type process struct {
	name    string
	path    string
	args    []string
	dir     string
	logPath string

	mu       sync.Mutex
	cmd      *exec.Cmd
	exited   chan struct{} // closed when the present cmd has ended
	expected bool          // its end was asked for
	frozen   bool
}

// start begins a new run, which appends to the log of the one before.
func (p *process) start(s *spawner) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runningLocked() {
		return fmt.Errorf("%s is already running", p.name)
	}
	log, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.path, p.args...)
	cmd.Dir = p.dir
	cmd.Stdout = log
	cmd.Stderr = log
	// A home of its own: no program may read or write the user's settings.
	cmd.Env = append(withoutKubernetes(os.Environ()), "HOME="+p.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.start(cmd); err != nil {
		return fmt.Errorf("%s does not start: %w", p.name, err)
	}
	exited := make(chan struct{})
	p.cmd, p.exited, p.expected, p.frozen = cmd, exited, false, false
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		unexpected := !p.expected
		close(exited)
		p.mu.Unlock()
		if unexpected {
			warn("%s (pid %d) ended unexpectedly: %s; last lines of %s:\n%s",
				p.name, cmd.Process.Pid, describeExit(err), p.logPath, tail(p.logPath, 5))
		}
	}()
	return nil
}

func describeExit(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// withoutKubernetes drops what would make a component talk to another cluster.
func withoutKubernetes(environment []string) []string {
	kept := make([]string, 0, len(environment))
	for _, entry := range environment {
		key, _, _ := strings.Cut(entry, "=")
		switch {
		case key == "HOME", key == "KUBECONFIG", strings.HasPrefix(key, "KUBERNETES_SERVICE_"),
			strings.HasPrefix(key, "ETCD_"), strings.HasSuffix(strings.ToLower(key), "_proxy"):
		default:
			kept = append(kept, entry)
		}
	}
	return kept
}

func (p *process) runningLocked() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

func (p *process) running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.runningLocked()
}

// pid is that of the present run, or 0.
func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.runningLocked() {
		return 0
	}
	return p.cmd.Process.Pid
}

func (p *process) isFrozen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frozen && p.runningLocked()
}

// signal goes to the whole process group of the present run.
func (p *process) signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.runningLocked() {
		return fmt.Errorf("%s is not running", p.name)
	}
	switch sig {
	case syscall.SIGSTOP:
		p.frozen = true
	case syscall.SIGCONT:
		p.frozen = false
	default:
		p.expected = true
	}
	return syscall.Kill(-p.cmd.Process.Pid, sig)
}

// wait returns true when the present run has ended within the time.
func (p *process) wait(limit time.Duration) bool {
	p.mu.Lock()
	exited := p.exited
	p.mu.Unlock()
	if exited == nil {
		return true
	}
	select {
	case <-exited:
		return true
	case <-time.After(limit):
		return false
	}
}

// kill ends the present run at once; nothing happens if there is none.
func (p *process) kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil && p.running() {
		return err
	}
	if !p.wait(10 * time.Second) {
		return fmt.Errorf("%s survives SIGKILL", p.name)
	}
	return nil
}

// terminate asks politely for a while, then kills.
func (p *process) terminate(patience time.Duration) error {
	if p.isFrozen() {
		return p.kill()
	}
	if err := p.signal(syscall.SIGTERM); err != nil && p.running() {
		return err
	}
	if p.wait(patience) {
		return nil
	}
	return p.kill()
}

// tail gives the last lines of a file, indented.
func tail(path string, count int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return "  (no log)"
		}
		return "  " + err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) > count {
		lines = lines[len(lines)-count:]
	}
	return "  " + strings.Join(lines, "\n  ")
}
