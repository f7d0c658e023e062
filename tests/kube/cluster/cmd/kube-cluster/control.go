// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"syscall"
	"time"
)

// answer is what one command on stdin is answered with.
type answer struct {
	Command      string         `json:"command"`
	OK           bool           `json:"ok"`
	Error        string         `json:"error,omitempty"`
	Components   []string       `json:"components,omitempty"`
	Pids         map[string]int `json:"pids"`
	Frozen       []string       `json:"frozen,omitempty"`
	Seconds      float64        `json:"seconds"`
	ReadySeconds *float64       `json:"readySeconds,omitempty"`
}

// obey carries out one command line and answers it; false means: end.
func obey(c *cluster, line string) bool {
	words := strings.Fields(line)
	if len(words) == 0 {
		return true
	}
	began := time.Now()
	reply := answer{Command: words[0]}
	err := carryOut(c, words[0], words[1:], &reply)
	if err != nil {
		reply.Error = err.Error()
	}
	reply.OK = err == nil
	reply.Pids = c.pids()
	reply.Frozen = c.names((*process).isFrozen)
	reply.Seconds = time.Since(began).Seconds()
	say(reply)
	return words[0] != "stop"
}

func carryOut(c *cluster, command string, names []string, reply *answer) error {
	var chosen []*process
	if len(names) > 0 {
		for _, name := range names {
			p := c.component(name)
			if p == nil {
				return fmt.Errorf("no component %q; there are: %s", name, strings.Join(componentNames, ", "))
			}
			chosen = append(chosen, p)
		}
	} else {
		switch command {
		case "freeze", "kill":
			chosen = []*process{c.component("apiserver"), c.component("etcd")}
		case "thaw":
			chosen = c.where((*process).isFrozen)
		case "start":
			chosen = c.where(func(p *process) bool { return !p.running() })
		case "restart":
			return fmt.Errorf("say which component to restart: %s", strings.Join(componentNames, ", "))
		}
	}
	for _, p := range chosen {
		reply.Components = append(reply.Components, p.name)
	}
	return apply(c, command, chosen, reply)
}

func apply(c *cluster, command string, chosen []*process, reply *answer) error {
	switch command {
	case "freeze":
		return each(chosen, func(p *process) error { return p.signal(syscall.SIGSTOP) })
	case "thaw":
		return each(chosen, func(p *process) error { return p.signal(syscall.SIGCONT) })
	case "kill":
		return each(chosen, (*process).kill)
	case "start":
		return c.startAgain(chosen, reply)
	case "restart":
		if err := each(chosen, func(p *process) error { return p.terminate(3 * time.Second) }); err != nil {
			return err
		}
		return c.startAgain(chosen, reply)
	case "status", "stop":
		return nil
	}
	return fmt.Errorf("unknown command %q; there are: freeze, thaw, kill, start, restart, status, stop", command)
}

// each goes on after a failure and returns the first.
func each(chosen []*process, do func(*process) error) error {
	var first error
	for _, p := range chosen {
		if err := do(p); err != nil && first == nil {
			first = err
		}
	}
	return first
}
