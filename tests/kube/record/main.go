// SPDX-License-Identifier: Apache-2.0

// Command record runs the cases of tests/data/kube against a real
// kube-apiserver and writes its answers into them, or with --check compares.
// tests/kube/record/run starts such a server and calls this.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
)

type settings struct {
	kubeconfig, cases, schema, only string
	check                           bool
	workers                         int
}

func parse() settings {
	var s settings
	flag.StringVar(&s.kubeconfig, "kubeconfig", "", "kubeconfig that kube-cluster wrote")
	flag.StringVar(&s.cases, "cases", "tests/data/kube", "folder of the cases")
	flag.StringVar(&s.schema, "schema", "kubefed/apiserver/schema", "folder that says what we serve")
	flag.StringVar(&s.only, "only", "", "only cases whose name contains this")
	flag.BoolVar(&s.check, "check", false, "write nothing; fail where the answer differs")
	flag.IntVar(&s.workers, "workers", 4, "cases at the same time")
	flag.Parse()
	return s
}

func caseFiles(folder, only string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".json") && strings.Contains(path, only) {
			files = append(files, path)
		}
		return err
	})
	sort.Strings(files)
	return files, err
}

func run() error {
	s := parse()
	if s.kubeconfig == "" {
		return errors.New("--kubeconfig is needed")
	}
	target, err := connect(s.kubeconfig)
	if err != nil {
		return err
	}
	known, err := readServed(s.schema)
	if err != nil {
		return err
	}
	files, err := caseFiles(s.cases, s.only)
	if err != nil {
		return err
	}
	failures := make([]error, len(files))
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range s.workers {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for i := range numbers {
				failures[i] = handle(target, known, s, files[i], i)
			}
		}()
	}
	for i := range files {
		numbers <- i
	}
	close(numbers)
	workers.Wait()
	failed := 0
	for i, failure := range failures {
		if failure != nil {
			failed++
			fmt.Fprintf(os.Stderr, "%s: %v\n", files[i], failure)
		}
	}
	fmt.Printf("%d passed, %d failed\n", len(files)-failed, failed)
	if failed > 0 {
		return errors.New("not all cases could be recorded or agree")
	}
	return nil
}

// handle records or checks one file.
func handle(target *server, known served, s settings, path string, number int) error {
	before, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	c, err := decodeCase(before)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(s.cases, strings.TrimSuffix(path, ".json"))
	if err != nil {
		return err
	}
	c.Name = filepath.ToSlash(name)
	if err := play(target, known, c, fmt.Sprintf("case-%d-%04d", os.Getpid(), number)); err != nil {
		return err
	}
	after, err := c.encode()
	if err != nil {
		return err
	}
	if string(after) == string(before) {
		return nil
	}
	if s.check {
		return fmt.Errorf("the server answers differently: %s", firstDifference(string(before), string(after)))
	}
	return os.WriteFile(path, after, 0o644)
}

func firstDifference(before, after string) string {
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d: recorded %q, now %q", i+1, strings.TrimSpace(a[i]), strings.TrimSpace(b[i]))
		}
	}
	return fmt.Sprintf("recorded %d lines, now %d", len(a), len(b))
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "record: %v\n", err)
		os.Exit(1)
	}
}
