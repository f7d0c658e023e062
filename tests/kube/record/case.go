// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// testCase is one file; tests/data/kube/README.md describes it.
type testCase struct {
	Name     string     `json:"name"`
	About    string     `json:"about,omitempty"`
	Setup    []*request `json:"setup,omitempty"`
	Request  *request   `json:"request"`
	During   []*request `json:"during,omitempty"`
	Response *response  `json:"response,omitempty"`
}

type request struct {
	Method      string `json:"method"`
	Path        string `json:"path"`
	ContentType string `json:"contentType,omitempty"`
	Accept      string `json:"accept,omitempty"`
	Auth        string `json:"auth,omitempty"`
	Body        any    `json:"body,omitempty"`
	Text        string `json:"text,omitempty"`
	Bytes       []byte `json:"base64,omitempty"`
	Until       int    `json:"until,omitempty"`
	Code        int    `json:"code,omitempty"`
}

type response struct {
	Code        int      `json:"code"`
	ContentType string   `json:"contentType,omitempty"`
	Warnings    []string `json:"warnings,omitempty"`
	Body        any      `json:"body,omitempty"`
	Text        string   `json:"text,omitempty"`
	Stream      []any    `json:"stream,omitempty"`
}

// decode keeps numbers as they are written.
func decode(data []byte, into any, strict bool) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if strict {
		decoder.DisallowUnknownFields()
	}
	return decoder.Decode(into)
}

func decodeCase(data []byte) (*testCase, error) {
	c := &testCase{}
	if err := decode(data, c, true); err != nil {
		return nil, err
	}
	if c.Request == nil {
		return nil, fmt.Errorf("there is no request")
	}
	return c, nil
}

func (c *testCase) encode() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(c)
	return out.Bytes(), err
}

const watchStarts = 300 * time.Millisecond

// play runs a case and fills in what the server answered.
func play(target *server, known served, c *testCase, namespace string) error {
	s := &session{target: target, namespace: namespace}
	if err := s.prepare(); err != nil {
		return err
	}
	for i, step := range c.Setup {
		answer, err := s.sendUntil(step)
		if err != nil {
			return fmt.Errorf("setup %d: %w", i, err)
		}
		if answer.code >= 300 && step.Code == 0 {
			return fmt.Errorf("setup %d: %d %s", i, answer.code, answer.body)
		}
		if step.Code != 0 && step.Code != answer.code {
			return fmt.Errorf("setup %d: code %d, expected %d: %s", i, answer.code, step.Code, answer.body)
		}
		step.Code = answer.code
		s.remember(answer)
	}
	if strings.Contains(c.Request.Path, "watch=") {
		return c.watch(s, known)
	}
	answer, err := s.send(c.Request)
	if err != nil {
		return err
	}
	c.Response = &response{Code: answer.code, ContentType: answer.contentType, Warnings: answer.warnings}
	n := newNormaliser(s, known, c)
	for i, warning := range c.Response.Warnings {
		c.Response.Warnings[i] = n.text(warning)
	}
	var body any
	if strings.Contains(answer.contentType, "json") && decode(answer.body, &body, false) == nil {
		c.Response.Body = n.value(body)
	} else {
		c.Response.Text = n.text(string(answer.body))
	}
	return nil
}

// watch starts the request, sends what is to happen meanwhile, and reads the
// stream to its end, for which the request says timeoutSeconds.
func (c *testCase) watch(s *session, known served) error {
	type result struct {
		answer *answer
		err    error
	}
	done := make(chan result, 1)
	go func() {
		answer, err := s.send(c.Request)
		done <- result{answer, err}
	}()
	if len(c.During) > 0 {
		time.Sleep(watchStarts)
	}
	for i, step := range c.During {
		answer, err := s.send(step)
		if err != nil {
			return fmt.Errorf("during %d: %w", i, err)
		}
		if answer.code >= 300 {
			return fmt.Errorf("during %d: %d %s", i, answer.code, answer.body)
		}
		step.Code = answer.code
		s.remember(answer)
	}
	r := <-done
	if r.err != nil {
		return r.err
	}
	c.Response = &response{Code: r.answer.code, ContentType: r.answer.contentType, Warnings: r.answer.warnings}
	n := newNormaliser(s, known, c)
	decoder := json.NewDecoder(bytes.NewReader(r.answer.body))
	decoder.UseNumber()
	var values []any
	for decoder.More() {
		var event any
		if err := decoder.Decode(&event); err != nil {
			return err
		}
		if bookmarkKept(event) {
			values = append(values, n.value(event))
		}
	}
	if r.answer.code == 200 {
		c.Response.Stream = values
	} else if len(values) == 1 {
		c.Response.Body = values[0]
	}
	return nil
}
