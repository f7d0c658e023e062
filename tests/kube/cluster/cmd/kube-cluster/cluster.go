// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const kubernetesVersion = "v1.34.4"

// componentNames in the order of their start.
var componentNames = []string{"etcd", "apiserver", "controller-manager", "scheduler", "kwok"}

// cluster owns the processes of one control plane.
type cluster struct {
	o          options
	pki        *pki
	spawner    *spawner
	ports      []*portLease
	processes  []*process
	client     *client
	server     string
	etcdURL    string
	kubeconfig string
	began      time.Time
	readyAfter time.Duration
}

// description is the line that says that the cluster is ready.
type description struct {
	Name         string         `json:"name"`
	Kubeconfig   string         `json:"kubeconfig"`
	Server       string         `json:"server"`
	Etcd         string         `json:"etcd"`
	CAFile       string         `json:"caFile"`
	Dir          string         `json:"dir"`
	Logs         string         `json:"logs"`
	Pids         map[string]int `json:"pids"`
	ReadySeconds float64        `json:"readySeconds"`
}

func newCluster(o options) (*cluster, error) {
	programs, err := findPrograms(o.assets)
	if err != nil {
		return nil, err
	}
	if err := makeEmptyDir(o.dir); err != nil {
		return nil, err
	}
	c := &cluster{o: o, spawner: newSpawner(), kubeconfig: filepath.Join(o.dir, "kubeconfig"), began: time.Now()}
	if err := os.MkdirAll(c.logDir(), 0o700); err != nil {
		return nil, err
	}
	names, err := servingNames(o.serviceRange, o.sans)
	if err != nil {
		return nil, err
	}
	if c.pki, err = newPKI(filepath.Join(o.dir, "pki"), o.name, names); err != nil {
		return nil, err
	}
	for range 4 {
		lease, err := leasePort()
		if err != nil {
			return nil, err
		}
		c.ports = append(c.ports, lease)
	}
	c.server = fmt.Sprintf("https://127.0.0.1:%d", c.ports[2].port)
	if c.client, err = newClient(c.server, c.pki); err != nil {
		return nil, err
	}
	return c, c.makeProcesses(programs)
}

func makeEmptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("folder %q is not empty; give one that is new or empty", dir)
	}
	return nil
}

func (c *cluster) logDir() string { return filepath.Join(c.o.dir, "logs") }

// makeProcesses writes down how each component is started.
func (c *cluster) makeProcesses(programs programs) error {
	url := func(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }
	client, peer := url(c.ports[0].port), url(c.ports[1].port)
	c.etcdURL = client
	kubeconfig := filepath.Join(c.o.dir, "components.kubeconfig")
	if err := c.writeKubeconfig(kubeconfig); err != nil {
		return err
	}
	flags := map[string][]string{
		"etcd": {
			"--name=" + c.o.name, "--data-dir=" + filepath.Join(c.o.dir, "etcd"), "--unsafe-no-fsync",
			"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
			"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
			"--initial-cluster=" + c.o.name + "=" + peer,
		},
		"apiserver": {
			"--etcd-servers=" + client,
			fmt.Sprintf("--secure-port=%d", c.ports[2].port),
			"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
			"--cert-dir=" + filepath.Join(c.o.dir, "pki"),
			"--tls-cert-file=" + c.pki.path("apiserver.crt"), "--tls-private-key-file=" + c.pki.path("apiserver.key"),
			"--client-ca-file=" + c.pki.path("ca.crt"),
			"--service-account-key-file=" + c.pki.path("sa.pub"),
			"--service-account-signing-key-file=" + c.pki.path("sa.key"),
			"--service-account-issuer=https://kubernetes.default.svc",
			"--authorization-mode=RBAC", "--service-cluster-ip-range=" + c.o.serviceRange,
			"--goaway-chance=" + c.o.goawayChance,
		},
		"controller-manager": {
			"--kubeconfig=" + kubeconfig, "--service-account-private-key-file=" + c.pki.path("sa.key"),
			"--root-ca-file=" + c.pki.path("ca.crt"), "--use-service-account-credentials=false",
			"--leader-elect=false", "--secure-port=0",
		},
		"scheduler": {"--kubeconfig=" + kubeconfig, "--leader-elect=false", "--secure-port=0"},
		// With Leases, as kubelets keep them: kwok's status heartbeat alone comes about every 55 s, and the
		// controller-manager gives a node up after 50 s.
		"kwok": {
			"--kubeconfig=" + kubeconfig, "--config=" + programs.stages, "--manage-all-nodes=true",
			"--node-lease-duration-seconds=40",
			fmt.Sprintf("--server-address=127.0.0.1:%d", c.ports[3].port),
		},
	}
	for _, extra := range c.o.extraArgs {
		name, value, found := strings.Cut(extra, "=")
		if _, known := flags[name]; !found || !known {
			return fmt.Errorf("--arg %q is not COMPONENT=FLAG with one of: %s", extra, strings.Join(componentNames, ", "))
		}
		flags[name] = append(flags[name], value)
	}
	for _, name := range componentNames {
		c.processes = append(c.processes, &process{
			name: name, path: programs.paths[name], args: flags[name], dir: c.o.dir,
			logPath: filepath.Join(c.logDir(), name+".log"),
		})
	}
	return nil
}

// writeKubeconfig writes JSON, which is YAML too, whole or not at all.
func (c *cluster) writeKubeconfig(path string) error {
	encode := base64.StdEncoding.EncodeToString
	type object = map[string]any
	config := object{
		"apiVersion": "v1", "kind": "Config", "current-context": c.o.name, "preferences": object{},
		"clusters": []object{{"name": c.o.name, "cluster": object{
			"server": c.server, "certificate-authority-data": encode(c.pki.caPEM)}}},
		"users": []object{{"name": c.o.name, "user": object{
			"client-certificate-data": encode(c.pki.adminCrt), "client-key-data": encode(c.pki.adminKey)}}},
		"contexts": []object{{"name": c.o.name, "context": object{"cluster": c.o.name, "user": c.o.name}}},
	}
	data, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// start brings up everything and returns when every node is Ready.
func (c *cluster) start() error {
	if err := c.startControlPlane(); err != nil {
		return err
	}
	for _, name := range []string{"controller-manager", "scheduler", "kwok"} {
		if err := c.component(name).start(c.spawner); err != nil {
			return err
		}
	}
	for i := range c.o.nodes {
		if err := c.client.createNode(fmt.Sprintf("%s-node-%d", c.o.name, i), c.o); err != nil {
			return err
		}
	}
	if err := c.waitFor("nodes to be Ready", func() error { return c.client.nodesReady(c.o.nodes) }, componentNames...); err != nil {
		return err
	}
	if err := c.waitFor("the service account \"default\"", c.client.defaultServiceAccount, componentNames...); err != nil {
		return err
	}
	c.readyAfter = time.Since(c.began)
	if err := c.writeKubeconfig(c.kubeconfig); err != nil {
		return err
	}
	line, err := json.MarshalIndent(c.describe(), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.o.dir, "cluster.json"), append(line, '\n'), 0o600)
}

func (c *cluster) startControlPlane() error {
	for _, name := range []string{"etcd", "apiserver"} {
		if p := c.component(name); !p.running() {
			if err := p.start(c.spawner); err != nil {
				return err
			}
		}
	}
	return c.waitFor("the API server to be ready", c.client.ready, "etcd", "apiserver")
}

// startAgain starts what was killed; it returns when the API server is ready.
func (c *cluster) startAgain(chosen []*process, reply *answer) error {
	began := time.Now()
	for _, p := range c.processes {
		if slices.Contains(chosen, p) {
			if err := p.start(c.spawner); err != nil {
				return err
			}
		}
	}
	if !c.component("etcd").running() || !c.component("apiserver").running() {
		return nil
	}
	err := c.waitFor("the API server to be ready", c.client.ready, "etcd", "apiserver")
	seconds := time.Since(began).Seconds()
	reply.ReadySeconds = &seconds
	return err
}

// waitFor asks until there is no error, a needed component has died or time is up.
func (c *cluster) waitFor(what string, ask func() error, needed ...string) error {
	deadline := time.Now().Add(c.o.timeout)
	for {
		err := ask()
		if err == nil {
			return nil
		}
		for _, p := range c.processes {
			if slices.Contains(needed, p.name) && p.cmdEnded() {
				return fmt.Errorf("%s ended while waiting for %s", p.name, what)
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %s for %s: %w", c.o.timeout, what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// cmdEnded: there was a run, and it ended without being asked to.
func (p *process) cmdEnded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd != nil && !p.expected && !p.runningLocked()
}

func (c *cluster) component(name string) *process {
	i := slices.Index(componentNames, strings.TrimPrefix(name, "kube-"))
	if i < 0 {
		return nil
	}
	return c.processes[i]
}

func (c *cluster) where(condition func(*process) bool) []*process {
	var found []*process
	for _, p := range c.processes {
		if condition(p) {
			found = append(found, p)
		}
	}
	return found
}

func (c *cluster) names(condition func(*process) bool) []string {
	var names []string
	for _, p := range c.where(condition) {
		names = append(names, p.name)
	}
	return names
}

// pids of what runs.
func (c *cluster) pids() map[string]int {
	pids := map[string]int{}
	for _, p := range c.processes {
		if pid := p.pid(); pid != 0 {
			pids[p.name] = pid
		}
	}
	return pids
}

func (c *cluster) describe() description {
	return description{
		Name: c.o.name, Kubeconfig: c.kubeconfig, Server: c.server, Etcd: c.etcdURL, CAFile: c.pki.path("ca.crt"),
		Dir: c.o.dir, Logs: c.logDir(), Pids: c.pids(), ReadySeconds: c.readyAfter.Seconds(),
	}
}

// killAll ends everything at once; the data is of no further use.
func (c *cluster) killAll() {
	for _, p := range slices.Backward(c.processes) {
		if err := p.kill(); err != nil {
			warn("%v", err)
		}
	}
}

// programs is where each component's binary stands.
type programs struct {
	paths  map[string]string
	stages string
}

// findPrograms takes the three Kubernetes programs from one folder, so that
// their versions agree; etcd may also come from PATH.
func findPrograms(assets string) (programs, error) {
	found := programs{paths: map[string]string{}}
	var folders []string
	if assets != "" {
		folders = []string{assets}
	} else {
		if assets = os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
			folders = append(folders, assets)
		}
		if self, err := os.Executable(); err == nil {
			folders = append(folders, filepath.Dir(self))
		}
		if cache, err := os.UserCacheDir(); err == nil {
			folders = append(folders, filepath.Join(cache, "kubefed", "kube-"+kubernetesVersion))
		}
	}
	kubernetes := []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"}
	for _, folder := range folders {
		if found.paths["apiserver"] == "" && holds(folder, kubernetes...) {
			for _, name := range kubernetes {
				found.paths[strings.TrimPrefix(name, "kube-")] = filepath.Join(folder, name)
			}
		}
		if found.paths["kwok"] == "" && holds(folder, "kwok", "kwok-stages.yaml") {
			found.paths["kwok"] = filepath.Join(folder, "kwok")
			found.stages = filepath.Join(folder, "kwok-stages.yaml")
		}
		if found.paths["etcd"] == "" && holds(folder, "etcd") {
			found.paths["etcd"] = filepath.Join(folder, "etcd")
		}
	}
	if found.paths["etcd"] == "" {
		if path, err := exec.LookPath("etcd"); err == nil {
			found.paths["etcd"] = path
		}
	}
	for _, name := range componentNames {
		if found.paths[name] == "" {
			return found, errors.New(name + " was not found in " + strings.Join(folders, ", ") + "; run tools/kube-binaries")
		}
	}
	return found, nil
}

func holds(folder string, names ...string) bool {
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}
