// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client is the little of the Kubernetes API that bringing up a cluster needs.
type client struct {
	server string
	http   *http.Client
}

func newClient(server string, p *pki) (*client, error) {
	certificate, err := tls.X509KeyPair(p.adminCrt, p.adminKey)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(p.caPEM)
	transport := &http.Transport{
		Proxy:             nil,
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}},
	}
	return &client{server: server, http: &http.Client{Transport: transport}}, nil
}

// do sends a request; body and into may be nil. Status 409 is no error.
func (c *client) do(method, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.server+path, reader)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 && response.StatusCode != http.StatusConflict {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, strings.TrimSpace(string(data)))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}

func (c *client) ready() error { return c.do("GET", "/readyz", nil, nil) }

func (c *client) defaultServiceAccount() error {
	return c.do("GET", "/api/v1/namespaces/default/serviceaccounts/default", nil, nil)
}

// createNode makes a node that kwok keeps alive.
func (c *client) createNode(name string, o options) error {
	type object = map[string]any
	labels := object{
		"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
		"beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": "amd64",
	}
	for _, label := range o.nodeLabels {
		key, value, found := strings.Cut(label, "=")
		if !found {
			return fmt.Errorf("--node-label %q is not KEY=VALUE", label)
		}
		labels[key] = value
	}
	capacity := object{"cpu": o.cpu, "memory": o.memory, "pods": o.pods}
	return c.do("POST", "/api/v1/nodes", object{
		"apiVersion": "v1", "kind": "Node",
		"metadata": object{"name": name, "labels": labels, "annotations": object{"kwok.x-k8s.io/node": "fake"}},
		"status":   object{"allocatable": capacity, "capacity": capacity},
	}, nil)
}

// nodesReady is an error until that many nodes are Ready and untainted.
func (c *client) nodesReady(wanted int) error {
	var nodes struct {
		Items []struct {
			Spec struct {
				Taints []struct {
					Key string `json:"key"`
				} `json:"taints"`
			} `json:"spec"`
			Status struct {
				Conditions []struct {
					Type   string `json:"type"`
					Status string `json:"status"`
				} `json:"conditions"`
			} `json:"status"`
		} `json:"items"`
	}
	if err := c.do("GET", "/api/v1/nodes", nil, &nodes); err != nil {
		return err
	}
	ready := 0
	for _, node := range nodes.Items {
		for _, condition := range node.Status.Conditions {
			if condition.Type == "Ready" && condition.Status == "True" && len(node.Spec.Taints) == 0 {
				ready++
			}
		}
	}
	if ready < wanted {
		return fmt.Errorf("%d of %d nodes are ready", ready, wanted)
	}
	return nil
}
