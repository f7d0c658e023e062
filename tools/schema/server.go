// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"
)

// server is a kube-apiserver to read from.
type server struct {
	url  string
	http *http.Client
}

// connect reads a kubeconfig in JSON form with embedded credentials, as
// kube-cluster writes it.
func connect(path string) (*server, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server string `json:"server"`
				CA     []byte `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			User struct {
				Certificate []byte `json:"client-certificate-data"`
				Key         []byte `json:"client-key-data"`
			} `json:"user"`
		} `json:"users"`
	}
	if err := json.Unmarshal(data, &config); err != nil || len(config.Clusters) == 0 || len(config.Users) == 0 {
		return nil, fmt.Errorf("%q is not a kubeconfig as kube-cluster writes it: %w", path, err)
	}
	certificate, err := tls.X509KeyPair(config.Users[0].User.Certificate, config.Users[0].User.Key)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(config.Clusters[0].Cluster.CA)
	return &server{
		url: config.Clusters[0].Cluster.Server,
		http: &http.Client{Transport: &http.Transport{
			ForceAttemptHTTP2: true,
			TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}},
		}},
	}, nil
}

const tableType = "application/json;as=Table;v=v1;g=meta.k8s.io"

func (s *server) get(path, accept string, into any) error {
	request, err := http.NewRequest(http.MethodGet, s.url+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", accept)
	response, err := s.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s: %s", path, response.Status, data)
	}
	return json.Unmarshal(data, into)
}

// schemas merges the components of all documents that matter. A name means
// the same in each of them, or this is an error.
func (s *server) schemas(groups []groupVersion) (map[string]any, error) {
	var index struct {
		Paths map[string]struct {
			URL string `json:"serverRelativeURL"`
		} `json:"paths"`
	}
	if err := s.get("/openapi/v3", "application/json", &index); err != nil {
		return nil, err
	}
	roots := []string{"api", "apis", "version"}
	for _, g := range groups {
		roots = append(roots, g.root())
	}
	all := map[string]any{}
	for _, root := range roots {
		entry, found := index.Paths[root]
		if !found {
			return nil, fmt.Errorf("the server has no OpenAPI document %q", root)
		}
		var document struct {
			Components struct {
				Schemas map[string]any `json:"schemas"`
			} `json:"components"`
		}
		if err := s.get(entry.URL, "application/json", &document); err != nil {
			return nil, err
		}
		for name, schema := range document.Components.Schemas {
			if known, exists := all[name]; exists && !reflect.DeepEqual(known, schema) {
				return nil, fmt.Errorf("schema %q differs between documents (seen in %q)", name, root)
			}
			all[name] = schema
		}
	}
	return all, nil
}

// resource is one entry of "resources" in a file.
type resource struct {
	Name         string        `json:"name"`
	SingularName string        `json:"singularName"`
	Namespaced   bool          `json:"namespaced"`
	Kind         string        `json:"kind"`
	ShortNames   []string      `json:"shortNames,omitempty"`
	Categories   []string      `json:"categories,omitempty"`
	Verbs        []string      `json:"verbs"`
	Columns      []column      `json:"columns,omitempty"`
	Subresources []subresource `json:"subresources,omitempty"`
}

type subresource struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Group   string   `json:"group"`
	Version string   `json:"version"`
	Verbs   []string `json:"verbs"`
}

// column is a column of the Table form.
type column struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Format   string `json:"format"`
	Priority int    `json:"priority"`
}

type apiResource struct {
	Name         string   `json:"name"`
	SingularName string   `json:"singularName"`
	Namespaced   bool     `json:"namespaced"`
	Group        string   `json:"group"`
	Version      string   `json:"version"`
	Kind         string   `json:"kind"`
	Verbs        []string `json:"verbs"`
	ShortNames   []string `json:"shortNames"`
	Categories   []string `json:"categories"`
}

// resources reads discovery of one group version, cut down to what we serve.
func (s *server) resources(g groupVersion) ([]resource, error) {
	if len(g.resources) == 0 {
		return nil, nil
	}
	var list struct {
		Resources []apiResource `json:"resources"`
	}
	if err := s.get("/"+g.root(), "application/json", &list); err != nil {
		return nil, err
	}
	var found []resource
	for _, entry := range list.Resources {
		if _, wanted := g.resources[entry.Name]; !wanted {
			continue
		}
		r := resource{
			Name: entry.Name, SingularName: entry.SingularName, Namespaced: entry.Namespaced, Kind: entry.Kind,
			ShortNames: entry.ShortNames, Categories: entry.Categories, Verbs: entry.Verbs,
			Subresources: subresourcesOf(g, entry.Name, list.Resources),
		}
		if slices.Contains(entry.Verbs, "list") {
			columns, err := s.columns(g, entry.Name)
			if err != nil {
				return nil, err
			}
			r.Columns = columns
		}
		found = append(found, r)
	}
	if len(found) != len(g.resources) {
		return nil, fmt.Errorf("%s serves %d of the %d resources that are wanted", g.apiVersion(), len(found), len(g.resources))
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Name < found[j].Name })
	return found, nil
}

func subresourcesOf(g groupVersion, name string, entries []apiResource) []subresource {
	var found []subresource
	for _, entry := range entries {
		owner, sub, isSub := strings.Cut(entry.Name, "/")
		if !isSub || owner != name || !slices.Contains(g.resources[name], sub) {
			continue
		}
		group, version := entry.Group, entry.Version
		if version == "" {
			group, version = g.group, g.version
		}
		found = append(found, subresource{Name: sub, Kind: entry.Kind, Group: group, Version: version, Verbs: entry.Verbs})
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Name < found[j].Name })
	return found
}

// columns asks for a Table. The list is limited: only its head matters.
func (s *server) columns(g groupVersion, name string) ([]column, error) {
	var table struct {
		Columns []column `json:"columnDefinitions"`
	}
	err := s.get("/"+g.root()+"/"+name+"?limit=1", tableType, &table)
	return table.Columns, err
}
