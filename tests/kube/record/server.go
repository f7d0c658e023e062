// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The server makes the name of a field manager from the start of this.
const userAgent = "record/1.0"

// server is the kube-apiserver to ask: as its administrator, and as nobody.
type server struct {
	url           string
	admin, nobody *http.Client
}

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
	client := func(certificates ...tls.Certificate) *http.Client {
		return &http.Client{Transport: &http.Transport{
			ForceAttemptHTTP2:  true,
			DisableCompression: true,
			TLSClientConfig:    &tls.Config{RootCAs: roots, Certificates: certificates},
		}}
	}
	return &server{url: config.Clusters[0].Cluster.Server, admin: client(certificate), nobody: client()}, nil
}

type answer struct {
	code        int
	contentType string
	warnings    []string
	body        []byte
}

// session is the run of one case: its namespace and what the server said.
type session struct {
	target    *server
	namespace string
	uids      []string // by setup step
	versions  []string
	objects   []string // versions, but empty where the answer was a list
	continues []string
	sent      strings.Builder
}

// prepare makes the namespace with the service account that pods need.
func (s *session) prepare() error {
	for _, step := range []*request{
		{Method: "POST", Path: "/api/v1/namespaces", Body: map[string]any{
			"metadata": map[string]any{"name": s.namespace}}},
		{Method: "POST", Path: "/api/v1/namespaces/" + s.namespace + "/serviceaccounts", Body: map[string]any{
			"metadata": map[string]any{"name": "default"}}},
	} {
		answer, err := s.send(step)
		if err != nil {
			return err
		}
		if answer.code != http.StatusCreated {
			return fmt.Errorf("%s: %d %s", step.Path, answer.code, answer.body)
		}
	}
	s.sent.Reset()
	return nil
}

// remember keeps what placeholders of later steps refer to.
func (s *session) remember(a *answer) {
	var object struct {
		Metadata struct {
			UID             string `json:"uid"`
			ResourceVersion string `json:"resourceVersion"`
			Continue        string `json:"continue"`
		} `json:"metadata"`
		Items *json.RawMessage `json:"items"`
	}
	// An answer that is no object leaves its place empty.
	_ = json.Unmarshal(a.body, &object)
	s.uids = append(s.uids, object.Metadata.UID)
	s.versions = append(s.versions, object.Metadata.ResourceVersion)
	if object.Items != nil {
		object.Metadata.ResourceVersion = ""
	}
	s.objects = append(s.objects, object.Metadata.ResourceVersion)
	s.continues = append(s.continues, object.Metadata.Continue)
}

var placeholder = regexp.MustCompile(`\$\{(uid|rv|continue):(\d+)\}`)

// expand puts in the namespace and what earlier steps returned.
func (s *session) expand(text string) string {
	text = strings.ReplaceAll(text, "${NS}", s.namespace)
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		parts := placeholder.FindStringSubmatch(found)
		values := map[string][]string{"uid": s.uids, "rv": s.versions, "continue": s.continues}[parts[1]]
		if i, err := strconv.Atoi(parts[2]); err == nil && i < len(values) {
			return values[i]
		}
		return found
	})
}

func (s *session) send(r *request) (*answer, error) {
	var body []byte
	if r.Bytes != nil {
		body = r.Bytes
	} else if r.Text != "" {
		body = []byte(s.expand(r.Text))
	} else if r.Body != nil {
		var buffer bytes.Buffer
		encoder := json.NewEncoder(&buffer)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(r.Body); err != nil {
			return nil, err
		}
		body = []byte(s.expand(buffer.String()))
	}
	path := s.expand(r.Path)
	s.sent.WriteString(path + " ")
	s.sent.Write(body)
	message, err := http.NewRequest(r.Method, s.target.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	message.Header.Set("User-Agent", userAgent)
	if r.ContentType != "" {
		message.Header.Set("Content-Type", r.ContentType)
	} else if body != nil {
		message.Header.Set("Content-Type", "application/json")
	}
	message.Header.Set("Accept", "application/json")
	if r.Accept != "" {
		message.Header.Set("Accept", r.Accept)
	}
	client, err := s.authenticate(r.Auth, message)
	if err != nil {
		return nil, err
	}
	return exchange(client, message)
}

const patience = 20 * time.Second

// sendUntil repeats a request that says which code to wait for.
func (s *session) sendUntil(r *request) (*answer, error) {
	deadline := time.Now().Add(patience)
	for {
		answer, err := s.send(r)
		if err != nil || r.Until == 0 || answer.code == r.Until || time.Now().After(deadline) {
			return answer, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// authenticate: "" is the administrator, "none" nobody, "token:T" a bearer
// token, "serviceaccount:NAME" a fresh token of that one in the namespace.
func (s *session) authenticate(auth string, message *http.Request) (*http.Client, error) {
	kind, value, _ := strings.Cut(auth, ":")
	switch kind {
	case "":
		return s.target.admin, nil
	case "none":
		return s.target.nobody, nil
	case "token":
	case "serviceaccount":
		path := "/api/v1/namespaces/" + s.namespace + "/serviceaccounts/" + value + "/token"
		request, err := http.NewRequest("POST", s.target.url+path, strings.NewReader("{}"))
		if err != nil {
			return nil, err
		}
		request.Header.Set("Content-Type", "application/json")
		issued, err := exchange(s.target.admin, request)
		if err != nil {
			return nil, err
		}
		var review struct {
			Status struct {
				Token string `json:"token"`
			} `json:"status"`
		}
		if err := json.Unmarshal(issued.body, &review); err != nil || review.Status.Token == "" {
			return nil, fmt.Errorf("no token for %q: %s", value, issued.body)
		}
		value = review.Status.Token
	default:
		return nil, fmt.Errorf("unknown auth %q", auth)
	}
	message.Header.Set("Authorization", "Bearer "+value)
	return s.target.nobody, nil
}

func exchange(client *http.Client, message *http.Request) (*answer, error) {
	reply, err := client.Do(message)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		return nil, err
	}
	return &answer{
		code: reply.StatusCode, contentType: reply.Header.Get("Content-Type"),
		warnings: reply.Header.Values("Warning"), body: body,
	}, nil
}
