// SPDX-License-Identifier: Apache-2.0
#pragma once

// A structural schema with a bit of everything.
inline constexpr const char* kWidgetSchema = R"({
"type": "object", "required": ["spec"], "properties": {
 "spec": {"type": "object", "required": ["size"], "properties": {
   "size": {"type": "integer", "minimum": 1, "maximum": 10},
   "ratio": {"type": "number", "minimum": 0, "exclusiveMinimum": true, "multipleOf": 0.5},
   "color": {"type": "string", "enum": ["red", "green"], "default": "red"},
   "code": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 4},
   "note": {"type": "string", "nullable": true},
   "on": {"type": "boolean", "default": true},
   "port": {"x-kubernetes-int-or-string": true},
   "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set", "maxItems": 3, "minItems": 1},
   "plain": {"type": "array", "items": {"type": "string"}},
   "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "kind"],
     "items": {"type": "object", "required": ["name"], "properties": {
       "name": {"type": "string"}, "kind": {"type": "string", "default": "std"}, "count": {"type": "integer", "default": 1}}}},
   "limits": {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 2},
   "atomic": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
   "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"known": {"type": "object", "properties": {"x": {"type": "integer"}}}}},
   "empty": {"type": "object"},
   "nested": {"type": "object", "default": {}, "properties": {"deep": {"type": "string", "default": "d"}}}}},
 "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}})";

struct WidgetCase {
    const char* spec;
    const char* causes;  // "reason|field|message" one a line
};

inline constexpr WidgetCase kWidgetCases[] = {
    {R"({"size": 3})", ""},
    {R"({})", "FieldValueRequired|spec.size|Required value"},
    {R"({"size": 0})",
     "FieldValueInvalid|spec.size|Invalid value: 0: spec.size in body should be greater than or equal to 1"},
    {R"({"size": 11})",
     "FieldValueInvalid|spec.size|Invalid value: 11: spec.size in body should be less than or equal to 10"},
    {R"({"size": "x"})",
     "FieldValueTypeInvalid|spec.size|Invalid value: \"string\": spec.size in body must be of type integer: "
     "\"string\""},
    {R"({"size": 1.5})",
     "FieldValueTypeInvalid|spec.size|Invalid value: \"number\": spec.size in body must be of type integer: "
     "\"number\""},
    {R"({"size": 2.0})", ""},
    {R"({"size": 3, "ratio": 0})",
     "FieldValueInvalid|spec.ratio|Invalid value: 0: spec.ratio in body should be greater than 0"},
    {R"({"size": 3, "ratio": 1.2})",
     "FieldValueInvalid|spec.ratio|Invalid value: 1.2: spec.ratio in body should be a multiple of 0.5"},
    {R"({"size": 3, "ratio": 1.5})", ""},
    {R"({"size": 3, "color": "blue"})",
     "FieldValueNotSupported|spec.color|Unsupported value: \"blue\": supported values: \"red\", \"green\""},
    {R"({"size": 3, "code": "a"})",
     "FieldValueInvalid|spec.code|Invalid value: \"a\": spec.code in body should be at least 2 chars long"},
    {R"({"size": 3, "code": "abcde"})", "FieldValueTooLong|spec.code|Too long: may not be more than 4 bytes"},
    {R"({"size": 3, "code": "a1"})",
     "FieldValueInvalid|spec.code|Invalid value: \"a1\": spec.code in body should match '^[a-z]+$'"},
    {R"({"size": 3, "note": null})", ""},
    {R"({"size": 3, "code": null})",
     "FieldValueTypeInvalid|spec.code|Invalid value: \"null\": spec.code in body must be of type string: "
     "\"null\""},
    {R"({"size": 3, "port": 80})", ""},
    {R"({"size": 3, "port": "http"})", ""},
    {R"({"size": 3, "port": true})",
     "FieldValueTypeInvalid|spec.port|Invalid value: \"boolean\": spec.port in body must be of type "
     "integer,string: \"boolean\""},
    {R"({"size": 3, "tags": []})",
     "FieldValueInvalid|spec.tags|Invalid value: []: spec.tags in body should have at least 1 items"},
    {R"({"size": 3, "tags": ["a","b","c","d"]})",
     "FieldValueTooMany|spec.tags|Too many: 4: must have at most 3 items"},
    {R"({"size": 3, "tags": ["a","a"]})", "FieldValueDuplicate|spec.tags[1]|Duplicate value: \"a\""},
    {R"({"size": 3, "tags": ["a", 1]})",
     "FieldValueTypeInvalid|spec.tags[1]|Invalid value: \"integer\": spec.tags[1] in body must be of type "
     "string: \"integer\""},
    {R"({"size": 3, "plain": ["a","a"]})", ""},
    {R"({"size": 3, "parts": [{"name":"a","kind":"x"},{"name":"a","kind":"y"}]})", ""},
    {R"({"size": 3, "parts": [{"name":"a","kind":"x"},{"name":"a","kind":"x"}]})",
     "FieldValueDuplicate|spec.parts[1]|Duplicate value: {\"kind\":\"x\",\"name\":\"a\"}"},
    {R"({"size": 3, "parts": [{}]})", "FieldValueRequired|spec.parts[0].name|Required value"},
    {R"({"size": 3, "limits": {"a": 1, "b": 2, "c": 3}})",
     "FieldValueTooMany|spec.limits|Too many: 3: must have at most 2 items"},
    {R"({"size": 3, "limits": {"a": "x"}})",
     "FieldValueTypeInvalid|spec.limits.a|Invalid value: \"string\": spec.limits.a in body must be of type "
     "integer: \"string\""},
    {R"({"size": 3, "free": {"anything": [1, {"x": null}]}})", ""},
    {R"({"size": 0, "color": "blue"})",
     "FieldValueInvalid|spec.size|Invalid value: 0: spec.size in body should be greater than or equal to "
     "1\nFieldValueNotSupported|spec.color|Unsupported value: \"blue\": supported values: \"red\", "
     "\"green\""},
};

struct SchemaPair {
    const char* in;
    const char* out;
};

inline constexpr SchemaPair kDefaultCases[] = {
    {R"({"spec":{"size":1}})", R"({"spec":{"color":"red","nested":{"deep":"d"},"on":true,"size":1}})"},
    {R"({"spec":{"size":1,"color":null,"on":false}})",
     R"({"spec":{"color":"red","nested":{"deep":"d"},"on":false,"size":1}})"},
    {R"({"spec":{"note":null,"code":null,"nested":{"deep":"x"}}})",
     R"({"spec":{"color":"red","nested":{"deep":"x"},"note":null,"on":true}})"},
    {R"({"spec":{"parts":[{"name":"a"},{"name":"b","count":3}]}})",
     R"({"spec":{"color":"red","nested":{"deep":"d"},"on":true,"parts":[{"count":1,"kind":"std","name":"a"},{"count":3,"kind":"std","name":"b"}]}})"},
    {R"({})", R"({})"},
};

inline constexpr SchemaPair kPruneCases[] = {
    {R"({"apiVersion":"a/v1","kind":"W","metadata":{"name":"x","foo":1},"spec":{"size":1,"bad":2},"other":3})",
     R"({"apiVersion":"a/v1","kind":"W","metadata":{"name":"x"},"spec":{"size":1}})"},
    {R"({"spec":{"free":{"a":{"b":1},"known":{"x":1,"y":2}}}})",
     R"({"spec":{"free":{"a":{"b":1},"known":{"x":1}}}})"},
    {R"({"spec":{"empty":{"a":1}}})", R"({"spec":{"empty":{}}})"},
    {R"({"spec":{"parts":[{"name":"a","zzz":1}],"limits":{"any":1}}})",
     R"({"spec":{"limits":{"any":1},"parts":[{"name":"a"}]}})"},
};
