// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

const refPrefix = "#/components/schemas/"

// stripSchema copies a schema without its descriptions. It follows the
// structure, because "description" and "default" are also names of properties.
func stripSchema(value any) any {
	schema, isObject := value.(map[string]any)
	if !isObject {
		return value
	}
	result := map[string]any{}
	for key, part := range schema {
		switch key {
		case "description", "title", "externalDocs", "example":
		case "properties", "patternProperties", "definitions":
			named := map[string]any{}
			for name, property := range part.(map[string]any) {
				named[name] = stripSchema(property)
			}
			result[key] = named
		case "items", "additionalProperties", "not":
			result[key] = stripSchema(part)
		case "allOf", "anyOf", "oneOf":
			var list []any
			for _, element := range part.([]any) {
				list = append(list, stripSchema(element))
			}
			result[key] = list
		default:
			result[key] = part
		}
	}
	return result
}

// reachable gathers the named schemas and whatever they refer to.
func reachable(all map[string]any, names []string) (map[string]any, error) {
	found := map[string]any{}
	for len(names) > 0 {
		name := names[len(names)-1]
		names = names[:len(names)-1]
		if _, seen := found[name]; seen {
			continue
		}
		schema, exists := all[name]
		if !exists {
			return nil, fmt.Errorf("the server has no schema %q", name)
		}
		found[name] = schema
		names = append(names, references(schema)...)
	}
	return found, nil
}

func references(value any) []string {
	var found []string
	switch typed := value.(type) {
	case map[string]any:
		for key, part := range typed {
			if text, isText := part.(string); key == "$ref" && isText {
				found = append(found, strings.TrimPrefix(text, refPrefix))
			} else {
				found = append(found, references(part)...)
			}
		}
	case []any:
		for _, part := range typed {
			found = append(found, references(part)...)
		}
	}
	return found
}

// writeJSON writes sorted, compact JSON with one schema or resource a line, so
// that a new version of Kubernetes is a readable change.
func writeJSON(path string, content *output) (int, error) {
	var out bytes.Buffer
	encoder := func(value any) error {
		var line bytes.Buffer
		e := json.NewEncoder(&line)
		e.SetEscapeHTML(false)
		if err := e.Encode(value); err != nil {
			return err
		}
		out.Write(bytes.TrimRight(line.Bytes(), "\n"))
		return nil
	}
	out.WriteString("{\"resources\":[")
	for i, r := range content.Resources {
		out.WriteString(separator(i))
		if err := encoder(r); err != nil {
			return 0, err
		}
	}
	out.WriteString("\n],\"schemas\":{")
	for i, name := range sortedKeys(content.Schemas) {
		out.WriteString(separator(i))
		if err := encoder(name); err != nil {
			return 0, err
		}
		out.WriteByte(':')
		if err := encoder(content.Schemas[name]); err != nil {
			return 0, err
		}
	}
	out.WriteString("\n}}\n")
	return out.Len(), os.WriteFile(path, out.Bytes(), 0o644)
}

func separator(index int) string {
	if index == 0 {
		return "\n"
	}
	return ",\n"
}

func sortedKeys(values map[string]any) []string {
	return slices.Sorted(maps.Keys(values))
}
