#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what a real kube-apiserver makes of writes: the object before and after each of them.

usage: trace_writes.py KUBECONFIG CASES_DIR[,CASES_DIR] OUT.json     (a cluster without controllers)

Each of CASES_DIR/*.json has "setup" and "request" as tests/data/kube/README.md says. For every write of
one object that is accepted, or refused because of a conflict or of the patch itself, one trace comes out:
{"case", "step", "path", "contentType", "body", "before", "after" | "status"}. Times, uids and
resourceVersions are kept: the replay needs only that they are consistent."""
import base64, glob, json, os, re, ssl, sys, tempfile, urllib.error, urllib.request

kubeconfig, cases, out = sys.argv[1:4]
config = json.load(open(kubeconfig))  # as kube-cluster writes it
cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
server = cluster["server"]
context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
pair = []
for name in ("client-certificate-data", "client-key-data"):
    with tempfile.NamedTemporaryFile(delete=False) as f:
        f.write(base64.b64decode(user[name]))
    pair.append(f.name)
context.load_cert_chain(*pair)
for name in pair:
    os.unlink(name)


def send(method, path, body=None, content="application/json"):
    request = urllib.request.Request(server + path, method=method,
                                     data=body if body is None or isinstance(body, bytes) else json.dumps(body).encode())
    request.add_header("Accept", "application/json")
    request.add_header("User-Agent", "record/1.0")
    if body is not None:
        request.add_header("Content-Type", content)
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as e:
        raw = e.read()
        try:
            return e.code, json.loads(raw)
        except ValueError:
            return e.code, {}


def object_path(path, method, body):
    bare = path.split("?")[0]
    parts = bare.strip("/").split("/")
    at = 2 if parts[0] == "api" else 3
    if parts[at:at + 1] == ["namespaces"] and len(parts) > at + 2:
        at += 2
    rest = parts[at:]
    if method == "POST" and len(rest) == 1:
        name = (body or {}).get("metadata", {}).get("name")
        return (bare + "/" + name) if name else None, ""
    if len(rest) < 2:
        return None, ""
    return "/" + "/".join(parts[:at + 2]), "/".join(rest[2:])


traces = []
for index, file in enumerate(sorted(f for d in sys.argv[2].split(",") for f in glob.glob(os.path.join(d, "*.json")))):
    case = json.load(open(file))
    ns = "trace-%d" % index
    send("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ns}})
    send("POST", "/api/v1/namespaces/%s/serviceaccounts" % ns,
         {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})
    answers = []

    def fill(value):
        def one(match):
            kind, number = match.group(1), int(match.group(2))
            metadata = answers[number].get("metadata", {})
            return metadata.get({"uid": "uid", "rv": "resourceVersion"}[kind], "")
        return re.sub(r"\$\{(uid|rv):(\d+)\}", one, value.replace("${NS}", ns))

    for step, request in enumerate(case.get("setup", []) + [case["request"]]):
        method, path = request["method"], fill(request["path"])
        content = request.get("contentType", "application/json")
        if "auth" in request or "base64" in request or "until" in request:
            answers.append(send(method, path, fill(json.dumps(request["body"])).encode() if "body" in request else None,
                                content)[1] if "auth" not in request else {})
            continue
        body = json.loads(fill(json.dumps(request["body"]))) if "body" in request else None
        raw = json.dumps(body).encode() if body is not None else fill(request["text"]).encode() if "text" in request else None
        target, subresource = object_path(path, method, body)
        watched = target and method in ("POST", "PUT", "PATCH") and "dryRun" not in path and subresource in ("", "status")
        before = send("GET", target) if watched else None
        code, answer = send(method, path, raw, content)
        answers.append(answer)
        if not watched or body is None:
            continue
        trace = {"case": case["name"], "step": step, "method": method, "path": path, "contentType": content, "body": body,
                 "subresource": subresource, "code": code, "before": before[1] if before[0] == 200 else None}
        if code < 300:
            trace["after"] = send("GET", target)[1]
        else:
            trace["status"] = answer
        traces.append(trace)
with open(out, "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(t, sort_keys=True, separators=(",", ":")) for t in traces) + "\n]\n")
print(len(traces), "traces")
