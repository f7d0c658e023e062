// SPDX-License-Identifier: Apache-2.0

// Command kube is kube-apiserver, kube-controller-manager, kube-scheduler and
// kubectl in one binary. The name it is started under chooses the program, so
// one build and three links serve for a whole test cluster.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	_ "time/tzdata"

	"github.com/spf13/cobra"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func server(command *cobra.Command) int { return cli.Run(command) }

func kubectl() int {
	// kubectl builds its commands with the verbosity already in force.
	if _, err := logs.GlogSetter(cmd.GetLogVerbosity(os.Args)); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
	return 0
}

func main() {
	// A program's commands register flags globally: make only the chosen one.
	programs := map[string]func() int{
		"kube-apiserver":          func() int { return server(apiserver.NewAPIServerCommand()) },
		"kube-controller-manager": func() int { return server(controllermanager.NewControllerManagerCommand()) },
		"kube-scheduler":          func() int { return server(scheduler.NewSchedulerCommand()) },
		"kubectl":                 kubectl,
	}
	name := filepath.Base(os.Args[0])
	run, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%q is none of kube-apiserver, kube-controller-manager, kube-scheduler, kubectl; "+
			"start this binary through a link with one of these names\n", name)
		os.Exit(2)
	}
	os.Exit(run())
}
