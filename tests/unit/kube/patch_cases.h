// SPDX-License-Identifier: Apache-2.0
//
// {document, patch, result}; an empty result means that the patch is refused.
#pragma once

struct PatchCase {
    const char* document;
    const char* patch;
    const char* result;
};

inline constexpr PatchCase kJsonPatchCases[] = {
    {R"({"a":1})", R"([])", R"({"a":1})"},
    {R"({"a":1})", R"([{"op":"add","path":"/b","value":2}])", R"({"a":1,"b":2})"},
    {R"({"a":1})", R"([{"op":"add","path":"/a","value":2}])", R"({"a":2})"},
    {R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2}])", R"({"a":[1,2,3]})"},
    {R"({"a":[1]})", R"([{"op":"add","path":"/a/-","value":2}])", R"({"a":[1,2]})"},
    {R"({"a":[1]})", R"([{"op":"add","path":"/a/1","value":2}])", R"({"a":[1,2]})"},
    {R"({"a":[1]})", R"([{"op":"add","path":"/a/2","value":2}])", ""},
    {R"({"a":[1]})", R"([{"op":"add","path":"/a/01","value":2}])", R"({"a":[1,2]})"},
    {R"({"a":[1,3]})", R"([{"op":"add","path":"/a/-2","value":2}])", R"({"a":[1,2,3]})"},
    {R"({"a":[1]})", R"([{"op":"remove","path":"/a/-2"}])", ""},
    {R"({"a":[1]})", R"([{"op":"remove","path":"/a/+-1"}])", ""},
    {R"({"a":[1]})", R"([{"op":"add","path":"/a/x","value":2}])", ""},
    {R"({"a":1})", R"([{"op":"add","path":"/b/c","value":2}])", ""},
    {R"({"a":1})", R"([{"op":"add","path":"/a/c","value":2}])", ""},
    {R"({"a":1})", R"([{"op":"add","path":"","value":{"x":1}}])", R"({"x":1})"},
    {R"({"a":1})", R"([{"op":"add","path":"/b"}])", R"({"a":1,"b":null})"},
    {R"({"a":1})", R"([{"op":"add","path":"/b","value":null}])", R"({"a":1,"b":null})"},
    {R"({"a":1,"b":2})", R"([{"op":"remove","path":"/a"}])", R"({"b":2})"},
    {R"({"a":[1,2,3]})", R"([{"op":"remove","path":"/a/1"}])", R"({"a":[1,3]})"},
    {R"({"a":1})", R"([{"op":"remove","path":"/b"}])", ""},
    {R"({"a":1})", R"([{"op":"remove","path":""}])", ""},
    {R"({"a":[1]})", R"([{"op":"remove","path":"/a/-"}])", ""},
    {R"({"a":1})", R"([{"op":"replace","path":"/a","value":{"b":1}}])", R"({"a":{"b":1}})"},
    {R"({"a":1})", R"([{"op":"replace","path":"/b","value":1}])", R"({"a":1,"b":1})"},
    {R"({"a":1})", R"([{"op":"replace","path":"/b/c","value":1}])", ""},
    {R"({"a":[1]})", R"([{"op":"replace","path":"/a/1","value":1}])", ""},
    {R"({"a":[1,2]})", R"([{"op":"replace","path":"/a/1","value":9}])", R"({"a":[1,9]})"},
    {R"({"a":{"b":1},"c":{}})", R"([{"op":"move","from":"/a/b","path":"/c/d"}])", R"({"a":{},"c":{"d":1}})"},
    {R"({"a":[1,2,3]})", R"([{"op":"move","from":"/a/0","path":"/a/2"}])", R"({"a":[2,3,1]})"},
    {R"({"a":{"b":1}})", R"([{"op":"move","from":"/a","path":"/a/c"}])", ""},
    {R"({"a":1})", R"([{"op":"move","from":"/x","path":"/a"}])", ""},
    {R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/c"}])", R"({"a":{"b":1},"c":{"b":1}})"},
    {R"({"a":1})", R"([{"op":"copy","path":"/c"}])", ""},
    {R"({"a":1})", R"([{"op":"test","path":"/a","value":1}])", R"({"a":1})"},
    {R"({"a":1})", R"([{"op":"test","path":"/a","value":1.0}])", R"({"a":1})"},
    {R"({"a":1})", R"([{"op":"test","path":"/a","value":2}])", ""},
    {R"({"a":1})", R"([{"op":"test","path":"/b","value":null}])", R"({"a":1})"},
    {R"({"a":1})", R"([{"op":"test","path":"/b","value":1}])", ""},
    {R"({"a/b":1,"c~d":2})", R"([{"op":"remove","path":"/a~1b"},{"op":"remove","path":"/c~0d"}])", R"({})"},
    {R"({"a":1})", R"([{"op":"remove","path":"/a~2b"}])", ""},
    {R"({"a":1})", R"([{"op":"remove","path":"a"}])", ""},
    {R"({"a":1})", R"([{"op":"increment","path":"/a","value":1}])", ""},
    {R"({"a":1})", R"([{"path":"/a","value":1}])", ""},
    {R"({"a":1})", R"([{"op":"add","value":1}])", ""},
    {R"({"a":1})", R"([1])", ""},
    {R"({"a":1})", R"({"op":"add"})", ""},
    {R"({"a":{"":1}})", R"([{"op":"replace","path":"/a/","value":2}])", R"({"a":{"":2}})"},
    {R"({"a":1})", R"([{"op":"add","path":"/b","value":1},{"op":"remove","path":"/zz"}])", ""},
};

// The table of RFC 7386, appendix A, and what Kubernetes objects add.
inline constexpr PatchCase kMergePatchCases[] = {
    {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
    {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
    {R"({"a":"b"})", R"({"a":null})", R"({})"},
    {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
    {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
    {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
    {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
    {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
    {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
    {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
    {R"({"a":"foo"})", R"(null)", R"(null)"},
    {R"({"a":"foo"})", R"("bar")", R"("bar")"},
    {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
    {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
    {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
    {R"({"a":[{"x":null}]})", R"({"a":[{"x":null}]})", R"({"a":[{"x":null}]})"},
};

struct MakeCase {
    const char* from;
    const char* to;
    const char* patch;
};

inline constexpr MakeCase kMakeMergeCases[] = {
    {R"({})", R"({})", R"({})"},
    {R"({"a":1})", R"({"a":1.0})", R"({})"},
    {R"({"a":1})", R"({})", R"({"a":null})"},
    {R"({"a":{"b":1,"c":2}})", R"({"a":{"b":1,"d":3}})", R"({"a":{"c":null,"d":3}})"},
    {R"({"a":[1,2]})", R"({"a":[2]})", R"({"a":[2]})"},
    {R"({"a":{"b":1}})", R"({"a":7})", R"({"a":7})"},
    {R"({"a":7})", R"({"a":{"b":1}})", R"({"a":{"b":1}})"},
    {R"({"a":{"b":1}})", R"({"a":{}})", R"({"a":{"b":null}})"},
};
