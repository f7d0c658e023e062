// SPDX-License-Identifier: Apache-2.0
#pragma once

struct YamlCase {
    const char* yaml;
    const char* json;  // the array of documents; empty: refused
};

inline constexpr YamlCase kYamlCases[] = {
    {"", "[]"},
    {"---\n---\n# nothing\n", "[]"},
    {"a: 1", R"([{"a":1}])"},
    {"a: yes\nb: No\nc: ON\nd: off\ne: y\nf: true\ng: False", R"([{"a":true,"b":false,"c":true,"d":false,"e":true,"f":true,"g":false}])"},
    {"a: ~\nb: null\nc:\nd: NULL", R"([{"a":null,"b":null,"c":null,"d":null}])"},
    {"a: 'yes'\nb: \"1\"\nc: !!str 1\nd: \"\"", R"([{"a":"yes","b":"1","c":"1","d":""}])"},
    {"a: 0o17\nb: 017\nc: 0x1F\nd: 0b101\ne: 1_000\nf: -5\ng: +5", R"([{"a":15,"b":15,"c":31,"d":5,"e":1000,"f":-5,"g":5}])"},
    {"a: 1e3\nb: 1.5\nc: .5\nd: 1.0\ne: -1.25e-2\nf: 1.", R"([{"a":1000,"b":1.5,"c":0.5,"d":1,"e":-0.0125,"f":1}])"},
    {"a: 08\nb: 09\nc: 1.2.3\nd: 0x\ne: 1e\ng: +\nh: .", R"([{"a":8,"b":9,"c":"1.2.3","d":"0x","e":"1e","g":"+","h":"."}])"},
    {"a: 2026-01-01\nb: 2026-01-01T00:00:00Z\nc: 12:30:45", R"([{"a":"2026-01-01","b":"2026-01-01T00:00:00Z","c":"12:30:45"}])"},
    {"a: 9223372036854775807\nb: 18446744073709551615\nc: -9223372036854775808", R"([{"a":9223372036854775807,"b":18446744073709551615,"c":-9223372036854775808}])"},
    {"a: .inf", ""},
    {"a: .NaN", ""},
    {"1: a\ntrue: b\n1.5: c", R"([{"1":"a","true":"b","1.5":"c"}])"},
    {"a: 1\na: 2", ""},
    {"x:\n  a: 1\n  b: 2\n  a: 3", ""},
    {"? [a]\n: b", ""},
    {"a: &x {b: 1}\nc: *x", R"([{"a":{"b":1},"c":{"b":1}}])"},
    {"a: &x [1, 2]\nc: [*x, *x]", R"([{"a":[1,2],"c":[[1,2],[1,2]]}])"},
    {"c: *x", ""},
    {"a: &x [*x]", ""},
    {"base: &b {x: 1, w: 2}\nd:\n  <<: *b\n  w: 3", R"([{"base":{"x":1,"w":2},"d":{"w":3,"x":1}}])"},
    {"d:\n  w: 3\n  <<: [{x: 1, w: 2}, {x: 9, z: 4}]", R"([{"d":{"w":3,"x":1,"z":4}}])"},
    {"d: {<<: 1}", ""},
    {"\"<<\": 1", R"([{"<<":1}])"},
    {"a: |\n  x\n  y\nb: >\n  x\n  y\nc: |-\n  z\n", R"([{"a":"x\ny\n","b":"x y\n","c":"z"}])"},
    {"a: 1\n---\nb: 2\n---\n---\nc: 3\n...\n", R"([{"a":1},{"b":2},{"c":3}])"},
    {"- a\n- b: 1\n  c: 2\n-\n  - x", R"([["a",{"b":1,"c":2},["x"]]])"},
    {"{\"a\": \"\\ud83d\\ude00\\/\", \"b\": [1, 2.50]}", "[{\"a\":\"\xF0\x9F\x98\x80/\",\"b\":[1,2.5]}]"},
    {"{\"a\":1,\"a\":2}", ""},
    {"{a: 1, b: [x, z]}", R"([{"a":1,"b":["x","z"]}])"},
    {"a: [1, 2", ""},
    {"a: b: c", ""},
    {"\ta: 1", ""},
    {"a: \"x", ""},
    {"a: !!int x", ""},
    {"a: !!int 5\nb: !!float 5\nc: !!bool yes", R"([{"a":5,"b":5,"c":true}])"},
    {"plain", R"(["plain"])"},
    {"a: b#c\nd: e #f", R"([{"a":"b#c","d":"e"}])"},
};

// What printYaml writes, exactly.
inline constexpr YamlCase kPrintCases[] = {
    {"{}\n", "{}"},
    {"[]\n", "[]"},
    {"a: 1\nb: true\nc: null\nd: 1.5\n", R"({"d":1.5,"c":null,"b":true,"a":1})"},
    {"a:\n- 1\n- b: 2\n  c:\n  - x\n- - \"y\"\n  - z\n", R"({"a":[1,{"b":2,"c":["x"]},["y","z"]]})"},
    {"a: {}\nb: []\nc:\n- {}\n- []\n", R"({"a":{},"b":[],"c":[{},[]]})"},
    {"a: \"\"\nb: \"true\"\nc: \"1\"\nd: \"null\"\ne: \"yes\"\nf: \"1.5\"\ng: \"0x1\"\nh: \"~\"\n",
     R"({"a":"","b":"true","c":"1","d":"null","e":"yes","f":"1.5","g":"0x1","h":"~"})"},
    {"a: 'x: y'\nb: '- x'\nc: '#x'\nd: x#y\ne: 'x #y'\nf: '*x'\ng: it's\nh: '''x'''\ni: ' x'\nj: 'x:'\nk: x:y\n",
     R"({"a":"x: y","b":"- x","c":"#x","d":"x#y","e":"x #y","f":"*x","g":"it's","h":"'x'","i":" x","j":"x:","k":"x:y"})"},
    {"a: |\n  x\n  y\nb: |-\n  x\n  y\nc: |+\n  x\n\nd:\n  e: |\n    {\"k\":1}\n",
     R"({"a":"x\ny\n","b":"x\ny","c":"x\n\n","d":{"e":"{\"k\":1}\n"}})"},
    {"a: \"x\\ty\"\nb: \"x \\ny\"\nc: \"\\x01\"\n", R"({"a":"x\ty","b":"x \ny","c":"\u0001"})"},
    {"a2: 1\na10: 1\nb: 1\n", R"({"a10":1,"a2":1,"b":1})"},
    {"\"1\": a\napp.kubernetes.io/name: c\n\"true\": b\n", R"({"1":"a","true":"b","app.kubernetes.io/name":"c"})"},
    {"- a\n- b\n", R"(["a","b"])"},
    {"a: \"2026-01-01T00:00:00Z\"\nb: \"12:30:45\"\nc: 10.0.0.1\nd: 1.2.3\n",
     R"({"a":"2026-01-01T00:00:00Z","b":"12:30:45","c":"10.0.0.1","d":"1.2.3"})"},
    {"message: one two three four five six seven eight nine ten eleven twelve thirteen fourteen\n  fifteen\n",
     R"({"message":"one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"})"},
    {"x\n", "\"x\""},
};
