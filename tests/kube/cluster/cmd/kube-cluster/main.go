// SPDX-License-Identifier: Apache-2.0

// Command kube-cluster runs one real Kubernetes control plane with fake nodes
// as plain child processes, for developers and for tests. It stays in the
// foreground, tells on stdout when the cluster is ready, obeys line commands on
// stdin, and takes every process it started with it however it ends.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const usage = `usage: kube-cluster up --name NAME --dir DIR [flags]

Runs one real Kubernetes cluster (etcd, kube-apiserver, kube-controller-manager,
kube-scheduler, kwok with fake nodes) in the foreground. When everything is
ready it prints one line of JSON. SIGTERM, SIGINT or SIGHUP end it.

Commands on stdin, one a line, each answered with one line of JSON:
  freeze [COMPONENT...]    SIGSTOP      (default: apiserver etcd)
  thaw [COMPONENT...]      SIGCONT      (default: whatever is frozen)
  kill [COMPONENT...]      SIGKILL      (default: apiserver etcd)
  start [COMPONENT...]     start again, same ports and data (default: whatever is down)
  restart COMPONENT...     SIGTERM, then start again
  status                   what runs
  stop                     end everything and exit
Components: etcd, apiserver, controller-manager, scheduler, kwok.

Flags:
`

// options is what the command line says.
type options struct {
	name           string
	dir            string
	assets         string
	nodes          int
	cpu            string
	memory         string
	pods           string
	nodeLabels     listFlag
	goawayChance   string
	serviceRange   string
	sans           listFlag
	extraArgs      listFlag
	untilStdinEnds bool
	timeout        time.Duration
}

// listFlag collects a flag that may be given several times.
type listFlag []string

func (l *listFlag) String() string { return strings.Join(*l, ",") }

func (l *listFlag) Set(value string) error {
	*l = append(*l, value)
	return nil
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("kube-cluster up", flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	flags.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&o.name, "name", "", "name of the cluster and of its kubeconfig context")
	flags.StringVar(&o.dir, "dir", "", "folder for data, keys, logs and the kubeconfig; new or empty")
	flags.StringVar(&o.assets, "assets", "", "folder with the binaries (default: $KUBEBUILDER_ASSETS, then the cache of tools/kube-binaries)")
	flags.IntVar(&o.nodes, "nodes", 1, "number of fake nodes")
	flags.StringVar(&o.cpu, "cpu", "4", "allocatable CPU of each node")
	flags.StringVar(&o.memory, "memory", "16Gi", "allocatable memory of each node")
	flags.StringVar(&o.pods, "pods", "110", "allocatable pods of each node")
	flags.Var(&o.nodeLabels, "node-label", "KEY=VALUE for every node; may be repeated")
	flags.StringVar(&o.goawayChance, "goaway-chance", "0.02", "probability that the API server answers a request with GOAWAY")
	flags.StringVar(&o.serviceRange, "service-range", "10.0.0.0/16", "range of cluster IPs")
	flags.Var(&o.sans, "san", "further name or address in the serving certificate; may be repeated")
	flags.Var(&o.extraArgs, "arg", "COMPONENT=FLAG, a further flag for a component; may be repeated")
	flags.BoolVar(&o.untilStdinEnds, "until-stdin-closes", false, "end when stdin is closed")
	flags.DurationVar(&o.timeout, "timeout", 90*time.Second, "give up when the cluster is not ready by then")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.name == "" || o.dir == "" {
		return o, errors.New("--name and --dir are needed")
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return o, err
	}
	o.dir = dir
	return o, nil
}

// say prints one line of JSON on stdout.
func say(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func warn(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "kube-cluster: "+format+"\n", args...)
}

// readLines sends each line of in, and closes the channel at its end.
func readLines(in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(in)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
	}()
	return lines
}

func up(o options) int {
	stop := make(chan os.Signal, 4)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	// A background job of a terminal would otherwise be stopped by reading stdin.
	signal.Ignore(syscall.SIGTTIN, syscall.SIGPIPE)
	lines := readLines(os.Stdin)

	cluster, err := newCluster(o)
	if err != nil {
		warn("%v", err)
		return 1
	}
	defer cluster.killAll()

	started := make(chan error, 1)
	go func() { started <- cluster.start() }()

	ready := false
	deadline := time.After(o.timeout)
	var pending []string
	for {
		select {
		case err := <-started:
			if err != nil {
				warn("%v", err)
				return 1
			}
			ready = true
			deadline = nil
			say(cluster.describe())
			for _, line := range pending {
				if !obey(cluster, line) {
					return 0
				}
			}
		case <-deadline:
			warn("cluster %q was not ready after %s; its logs are in %s", o.name, o.timeout, cluster.logDir())
			return 1
		case line, open := <-lines:
			switch {
			case !open && o.untilStdinEnds:
				return 0
			case !open:
				lines = nil
			case !ready:
				pending = append(pending, line)
			case !obey(cluster, line):
				return 0
			}
		case <-stop:
			return 0
		}
	}
}

func main() {
	if len(os.Args) < 2 || os.Args[1] != "up" {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	o, err := parse(os.Args[2:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	if err != nil {
		warn("%v", err)
		os.Exit(2)
	}
	os.Exit(up(o))
}
