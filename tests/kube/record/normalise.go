// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// normaliser replaces what differs from run to run; tests/data/kube/README.md
// states its rules, which whoever replays the cases follows too.
type normaliser struct {
	s       *session
	known   served
	sent    string
	replace []string // pairs of what was seen and its placeholder
}

var (
	timePattern      = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	microTimePattern = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)
	uidPattern       = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	mountPattern     = regexp.MustCompile(`kube-api-access-[a-z0-9]{5}\b`)
	tooOldPattern    = regexp.MustCompile(`too old resource version: (\d+) \(\d+\)`)
	agePattern       = regexp.MustCompile(`^(\d+[smhdy])+$`)
	currentPattern   = regexp.MustCompile(`current: \d+`)
	recordPattern    = regexp.MustCompile(`in record \(\d+\)`)
	quotedPattern    = regexp.MustCompile(`(resourceVersion\\*":\\*")(\d+)`)
	timesPattern     = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	hashPattern      = regexp.MustCompile(`X509SHA256=[0-9a-f]{64}`)
	nodePortPattern  = regexp.MustCompile(`:(\d{5})/(TCP|UDP|SCTP)`)
)

func newNormaliser(s *session, known served, c *testCase) *normaliser {
	n := &normaliser{s: s, known: known, sent: s.sent.String()}
	for i, uid := range s.uids {
		if uid != "" && !slices.Contains(n.replace, uid) {
			n.replace = append(n.replace, uid, fmt.Sprintf("${uid:%d}", i))
		}
	}
	n.replace = append(n.replace, s.namespace, "${NS}")
	return n
}

// text normalises free text: a message, a name, a warning.
func (n *normaliser) text(text string) string {
	text = strings.NewReplacer(n.replace...).Replace(text)
	text = uidPattern.ReplaceAllString(text, "<uid>")
	text = mountPattern.ReplaceAllString(text, "kube-api-access-<random>")
	text = tooOldPattern.ReplaceAllString(text, "too old resource version: $1 (<resourceVersion>)")
	text = currentPattern.ReplaceAllString(text, "current: <resourceVersion>")
	text = recordPattern.ReplaceAllString(text, "in record (<resourceVersion>)")
	text = quotedPattern.ReplaceAllString(text, "$1<resourceVersion>")
	text = hashPattern.ReplaceAllString(text, "X509SHA256=<hash>")
	return n.unlessSent(timesPattern, text, "<time>")
}

// unlessSent replaces what a pattern finds, except what the case itself sent.
func (n *normaliser) unlessSent(pattern *regexp.Regexp, text, placeholder string) string {
	return pattern.ReplaceAllStringFunc(text, func(found string) string {
		if strings.Contains(n.sent, found) {
			return found
		}
		return placeholder
	})
}

func (n *normaliser) value(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		n.known.cut(typed)
		return n.object(typed)
	case []any:
		for i, element := range typed {
			typed[i] = n.value(element)
		}
		return typed
	case string:
		return n.plain(typed)
	}
	return value
}

// plain is a string whose key says nothing of it.
func (n *normaliser) plain(text string) string {
	switch {
	case timePattern.MatchString(text) && !strings.Contains(n.sent, text):
		return "<time>"
	case microTimePattern.MatchString(text) && !strings.Contains(n.sent, text):
		return "<microTime>"
	}
	return n.text(text)
}

func (n *normaliser) object(object map[string]any) map[string]any {
	_, isList := object["items"]
	_, isTable := object["rows"]
	_, isReview := object["incomplete"]
	generated, _ := object["generateName"].(string)
	result := map[string]any{}
	for key, part := range object {
		text, isText := part.(string)
		switch {
		case key == "metadata" && (isList || isTable):
			if list, ok := part.(map[string]any); ok {
				if _, has := list["resourceVersion"]; has {
					list["resourceVersion"] = "<resourceVersion>"
				}
			}
			result[key] = n.value(part)
		case key == "resourceVersion" && isText:
			result[key] = n.version(text)
		case key == "name" && isText && generated != "" && strings.HasPrefix(text, generated):
			result[key] = n.text(generated) + "<random>"
		case key == "continue" && isText && text != "":
			result[key] = "<continue>"
		case key == "token" && isText && !strings.Contains(n.sent, text):
			result[key] = "<token>"
		case key == "clusterIP" && isText, key == "clusterIPs":
			result[key] = n.address(part)
		case (key == "nodePort" || key == "healthCheckNodePort") && !n.wasSent(key, part):
			result[key] = "<" + key + ">"
		case key == "cells":
			result[key] = n.cells(part)
		case key == "managedFields":
			result[key] = sorted(n.value(part), "operation", "manager", "subresource")
		case key == "causes":
			result[key] = sorted(n.value(part), "field", "message")
		case isReview && (key == "resourceRules" || key == "nonResourceRules"):
			result[key] = sorted(n.value(part), "apiGroups", "resources", "nonResourceURLs", "verbs")
		case key == "nonResourceURLs" && object["apiGroups"] == nil:
			result[key] = sorted(n.value(part))
		default:
			result[n.text(key)] = n.value(part)
		}
	}
	return result
}

func (n *normaliser) version(text string) string {
	if i := slices.Index(n.s.objects, text); i >= 0 && text != "" {
		return fmt.Sprintf("${rv:%d}", i)
	}
	if text == "" || text == "0" || strings.HasPrefix(text, "<") || strings.HasPrefix(text, "$") {
		return text
	}
	return "<resourceVersion>"
}

// address replaces cluster IPs that the server chose.
func (n *normaliser) address(part any) any {
	switch typed := part.(type) {
	case string:
		if typed == "" || typed == "None" || strings.Contains(n.sent, `"`+typed+`"`) {
			return typed
		}
		return "<clusterIP>"
	case []any:
		for i, element := range typed {
			typed[i] = n.address(element)
		}
	}
	return part
}

func (n *normaliser) wasSent(key string, part any) bool {
	number, isNumber := part.(json.Number)
	return !isNumber || number == "0" || strings.Contains(n.sent, fmt.Sprintf("%q:%s", key, number))
}

// cells of a Table row: an age is the one thing there that grows.
func (n *normaliser) cells(part any) any {
	elements, _ := part.([]any)
	for i, element := range elements {
		text, isText := element.(string)
		switch {
		case isText && agePattern.MatchString(text):
			elements[i] = "<age>"
		case isText && net.ParseIP(text) != nil:
			elements[i] = n.address(text)
		case isText && nodePortPattern.MatchString(text):
			elements[i] = n.nodePorts(text)
		default:
			elements[i] = n.value(element)
		}
	}
	return part
}

// nodePorts replaces the ports in "80:31234/TCP" that the server chose.
func (n *normaliser) nodePorts(text string) string {
	return nodePortPattern.ReplaceAllStringFunc(text, func(found string) string {
		parts := nodePortPattern.FindStringSubmatch(found)
		if strings.Contains(n.sent, ":"+parts[1]) {
			return found
		}
		return ":<nodePort>/" + parts[2]
	})
}

// sorted orders a list whose order depends on chance or on the second in which
// a write happened: by the members named, or by its elements themselves.
func sorted(part any, keys ...string) any {
	elements, isList := part.([]any)
	if !isList {
		return part
	}
	order := func(element any) string {
		object, isObject := element.(map[string]any)
		if !isObject {
			return fmt.Sprint(element)
		}
		var values []string
		for _, key := range keys {
			values = append(values, fmt.Sprint(object[key]))
		}
		return strings.Join(values, "\x00")
	}
	slices.SortStableFunc(elements, func(a, b any) int { return strings.Compare(order(a), order(b)) })
	return elements
}

// served says what the embedded API server serves: resources by apiVersion.
type served map[string]map[string]bool

func readServed(folder string) (served, error) {
	known := served{}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no schema files in %q", folder)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var content struct {
			Resources []struct {
				Name         string `json:"name"`
				Subresources []struct {
					Name string `json:"name"`
				} `json:"subresources"`
			} `json:"resources"`
		}
		if err := json.Unmarshal(data, &content); err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		group, version, found := cutLast(name, "_")
		if !found || len(content.Resources) == 0 {
			continue
		}
		apiVersion := group + "/" + version
		if group == "core" {
			apiVersion = version
		}
		known[apiVersion] = map[string]bool{}
		for _, r := range content.Resources {
			known[apiVersion][r.Name] = true
			for _, sub := range r.Subresources {
				known[apiVersion][r.Name+"/"+sub.Name] = true
			}
		}
	}
	return known, nil
}

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

// cut removes what we do not serve from discovery, and prose from Tables.
func (k served) cut(object map[string]any) {
	switch object["kind"] {
	case "APIGroupList":
		k.cutGroups(object, "groups", func(group map[string]any) string { return textOf(group["name"]) }, "version")
	case "APIGroupDiscoveryList":
		k.cutGroups(object, "items", func(group map[string]any) string {
			metadata, _ := group["metadata"].(map[string]any)
			return textOf(metadata["name"])
		}, "version")
	case "APIResourceList":
		resources := k[textOf(object["groupVersion"])]
		object["resources"] = keep(object["resources"], func(r map[string]any) bool {
			delete(r, "storageVersionHash")
			return resources[textOf(r["name"])]
		})
	case "Table":
		object["columnDefinitions"] = keep(object["columnDefinitions"], func(column map[string]any) bool {
			delete(column, "description")
			return true
		})
	case "APIVersions":
		delete(object, "serverAddressByClientCIDRs")
	}
}

func (k served) cutGroups(object map[string]any, list string, name func(map[string]any) string, version string) {
	object[list] = keep(object[list], func(group map[string]any) bool {
		groupName := name(group)
		group["versions"] = keep(group["versions"], func(v map[string]any) bool {
			apiVersion := textOf(v[version])
			if groupName != "" {
				apiVersion = groupName + "/" + apiVersion
			}
			resources, serves := k[apiVersion]
			k.cutDiscovery(v, resources)
			return serves
		})
		versions, _ := group["versions"].([]any)
		return len(versions) > 0
	})
}

// cutDiscovery is for one version in the aggregated form.
func (k served) cutDiscovery(v map[string]any, resources map[string]bool) {
	if v["resources"] == nil {
		return
	}
	v["resources"] = keep(v["resources"], func(r map[string]any) bool {
		name := textOf(r["resource"])
		if r["subresources"] != nil {
			r["subresources"] = keep(r["subresources"], func(sub map[string]any) bool {
				return resources[name+"/"+textOf(sub["subresource"])]
			})
			if subs, _ := r["subresources"].([]any); len(subs) == 0 {
				delete(r, "subresources")
			}
		}
		return resources[name]
	})
}

// bookmarkKept prepares a BOOKMARK event: its version is that of the whole store. Only
// the one that ends the initial events comes at a certain moment; others by the
// clock, and those are not kept.
func bookmarkKept(event any) bool {
	object, _ := event.(map[string]any)
	if object["type"] != "BOOKMARK" {
		return true
	}
	inner, _ := object["object"].(map[string]any)
	metadata, _ := inner["metadata"].(map[string]any)
	if _, has := metadata["resourceVersion"]; has {
		metadata["resourceVersion"] = "<resourceVersion>"
	}
	annotations, _ := metadata["annotations"].(map[string]any)
	return annotations["k8s.io/initial-events-end"] != nil
}

func textOf(value any) string {
	text, _ := value.(string)
	return text
}

func keep(list any, wanted func(map[string]any) bool) any {
	elements, isList := list.([]any)
	if !isList {
		return list
	}
	kept := []any{}
	for _, element := range elements {
		if object, isObject := element.(map[string]any); isObject && wanted(object) {
			kept = append(kept, element)
		}
	}
	return kept
}
