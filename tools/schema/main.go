// SPDX-License-Identifier: Apache-2.0

// Command schema writes the schema data of the embedded API server
// (kubefed/apiserver/schema/*.json) from a running kube-apiserver: OpenAPI v3
// schemas without descriptions, and discovery of the resources that we serve.
// tools/schema/generate starts such a server and calls this.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// groupVersion is one file of output: what we serve of one API group version.
type groupVersion struct {
	group, version string
	// prefix of the names of the schemas that belong into this file
	prefix string
	// resources maps a plural name to its subresources that we serve
	resources map[string][]string
	// further kinds, which are not a resource of their own in this group
	kinds []string
}

func (g groupVersion) apiVersion() string {
	if g.group == "" {
		return g.version
	}
	return g.group + "/" + g.version
}

func (g groupVersion) root() string {
	if g.group == "" {
		return "api/" + g.version
	}
	return "apis/" + g.apiVersion()
}

func (g groupVersion) file() string {
	if g.group == "" {
		return "core_" + g.version + ".json"
	}
	return g.group + "_" + g.version + ".json"
}

var served = []groupVersion{
	{
		group: "", version: "v1", prefix: "io.k8s.api.core.v1.",
		resources: map[string][]string{
			"bindings": nil, "configmaps": nil, "endpoints": nil, "events": nil,
			"namespaces": {"finalize", "status"}, "nodes": {"status"}, "pods": {"binding", "status"},
			"replicationcontrollers": {"scale", "status"}, "secrets": nil,
			"serviceaccounts": {"token"}, "services": {"status"},
		},
	},
	{
		group: "rbac.authorization.k8s.io", version: "v1", prefix: "io.k8s.api.rbac.v1.",
		resources: map[string][]string{
			"clusterrolebindings": nil, "clusterroles": nil, "rolebindings": nil, "roles": nil,
		},
	},
	{
		group: "coordination.k8s.io", version: "v1", prefix: "io.k8s.api.coordination.v1.",
		resources: map[string][]string{"leases": nil},
	},
	{
		group: "events.k8s.io", version: "v1", prefix: "io.k8s.api.events.v1.",
		resources: map[string][]string{"events": nil},
	},
	{
		group: "discovery.k8s.io", version: "v1", prefix: "io.k8s.api.discovery.v1.",
		resources: map[string][]string{"endpointslices": nil},
	},
	{
		group: "autoscaling", version: "v1", prefix: "io.k8s.api.autoscaling.v1.",
		kinds: []string{"Scale"},
	},
	{
		group: "authentication.k8s.io", version: "v1", prefix: "io.k8s.api.authentication.v1.",
		resources: map[string][]string{"selfsubjectreviews": nil, "tokenreviews": nil},
		kinds:     []string{"TokenRequest"},
	},
	{
		group: "authorization.k8s.io", version: "v1", prefix: "io.k8s.api.authorization.v1.",
		resources: map[string][]string{
			"localsubjectaccessreviews": nil, "selfsubjectaccessreviews": nil,
			"selfsubjectrulesreviews": nil, "subjectaccessreviews": nil,
		},
	},
	{
		group: "apiextensions.k8s.io", version: "v1", prefix: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.",
		resources: map[string][]string{"customresourcedefinitions": {"status"}},
	},
}

// commonKinds are wanted although no served resource refers to them.
var commonKinds = []string{
	"io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup",
	"io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList",
	"io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList",
	"io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions",
	"io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
	"io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
	"io.k8s.apimachinery.pkg.apis.meta.v1.Status",
	"io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent",
	"io.k8s.apimachinery.pkg.version.Info",
}

// apiVersionOf reads the group version that a schema's name stands for, where
// that differs from the common file.
func fileOf(schemaName string) string {
	for _, g := range served {
		if strings.HasPrefix(schemaName, g.prefix) {
			return g.file()
		}
	}
	return "common.json"
}

// output is the content of one file.
type output struct {
	Schemas   map[string]any `json:"schemas"`
	Resources []resource     `json:"resources,omitempty"`
}

// collect gathers every wanted schema with all that it refers to.
func collect(all map[string]any) (map[string]any, error) {
	wanted := append([]string(nil), commonKinds...)
	for _, g := range served {
		for _, kind := range g.kinds {
			wanted = append(wanted, g.prefix+kind)
		}
	}
	return reachable(all, wanted)
}

func generate(s *server, folder string) error {
	all, err := s.schemas(served)
	if err != nil {
		return err
	}
	files := map[string]*output{"common.json": {Schemas: map[string]any{}}}
	var roots []string
	for _, g := range served {
		resources, err := s.resources(g)
		if err != nil {
			return err
		}
		files[g.file()] = &output{Schemas: map[string]any{}, Resources: resources}
		for _, r := range resources {
			roots = append(roots, rootsOf(g, r, all)...)
		}
	}
	chosen, err := collect(all)
	if err != nil {
		return err
	}
	more, err := reachable(all, roots)
	if err != nil {
		return err
	}
	for name, schema := range more {
		chosen[name] = schema
	}
	for name, schema := range chosen {
		files[fileOf(name)].Schemas[name] = stripSchema(schema)
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	total := 0
	for _, name := range names {
		size, err := writeJSON(filepath.Join(folder, name), files[name])
		if err != nil {
			return err
		}
		total += size
		fmt.Printf("%-42s %3d schemas %2d resources %7d bytes\n", name, len(files[name].Schemas), len(files[name].Resources), size)
	}
	fmt.Printf("%d schemas, %d bytes\n", len(chosen), total)
	return nil
}

// rootsOf names the schemas of a resource: its kind, its list, its subresources.
func rootsOf(g groupVersion, r resource, all map[string]any) []string {
	roots := []string{g.prefix + r.Kind}
	if _, exists := all[g.prefix+r.Kind+"List"]; exists {
		roots = append(roots, g.prefix+r.Kind+"List")
	}
	for _, sub := range r.Subresources {
		for _, owner := range served {
			if owner.group == sub.Group && owner.version == sub.Version {
				roots = append(roots, owner.prefix+sub.Kind)
			}
		}
	}
	return roots
}

func run() error {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig that kube-cluster wrote")
	folder := flag.String("out", "kubefed/apiserver/schema", "folder for the files")
	flag.Parse()
	if *kubeconfig == "" {
		return errors.New("--kubeconfig is needed")
	}
	s, err := connect(*kubeconfig)
	if err != nil {
		return err
	}
	return generate(s, *folder)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "schema: %v\n", err)
		os.Exit(1)
	}
}
