// SPDX-License-Identifier: Apache-2.0
//
// The cases of tests/data/kube (its README states form and rules) for a test that replays them against any
// API server: reading a case, filling in its placeholders, normalising what came back as the recorder did,
// and naming the differences. No transport in here: the test sends. A Replay is one run of one case, owned
// by the test, one thread. Errors: NotFound and InvalidArgument with the file's name.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/json.h"
#include "kubefed/util/error.h"

namespace kubefed::test {

struct RecordedRequest {
    std::string method;
    std::string path;         // with query
    std::string contentType;  // empty: none to send
    std::string accept;
    std::string auth;                 // "", "none", "token:T", "serviceaccount:N"
    std::optional<std::string> body;  // bytes to send
    int until = 0;                    // repeat until this code; 0: once
    int code = 0;                     // what the real server answered (setup and during); 0: not recorded
};

struct RecordedResponse {
    int code = 0;
    std::string contentType;
    std::vector<std::string> warnings;
    std::optional<kube::Json> body;  // absent: text
    std::string text;
    std::optional<kube::JsonArray> stream;  // the events of an accepted watch
};

struct RecordedCase {
    std::string name;
    std::string about;
    std::vector<RecordedRequest> setup;
    RecordedRequest request;
    std::vector<RecordedRequest> during;
    RecordedResponse response;

    [[nodiscard]] static Result<RecordedCase> load(const std::filesystem::path& file);
    // All case files below a folder, sorted.
    [[nodiscard]] static std::vector<std::filesystem::path> find(const std::filesystem::path& folder);
};

// What is served, by apiVersion: discovery is compared within these. Names such as "pods", "pods/status".
using ServedResources = std::map<std::string, std::set<std::string>, std::less<>>;
// From the folder of schema files (kubefed/apiserver/schema).
[[nodiscard]] Result<ServedResources> readServedResources(const std::filesystem::path& folder);

class Replay {
public:
    // `space` is the namespace that this run has to itself.
    Replay(std::string space, const ServedResources& served);

    // The request with its placeholders filled in, to be sent now. Order matters: what has been sent is
    // remembered, because a normalised answer keeps it.
    [[nodiscard]] RecordedRequest prepare(const RecordedRequest& request);
    // The answer's body, for each step of setup, then of during, in order.
    void remember(std::string_view body);

    [[nodiscard]] kube::Json normalise(kube::Json value) const;
    [[nodiscard]] std::string normaliseText(std::string text) const;
    // A stream of events (documents one after the other), without the bookmarks that come by the clock.
    [[nodiscard]] Result<kube::JsonArray> normaliseStream(std::string_view text) const;

    // Each as "/body/metadata/name: expected "a", got "b""; empty where the answers agree. Media type
    // parameters are not compared.
    [[nodiscard]] std::vector<std::string> differences(const RecordedResponse& expected, int code,
                                                       std::string_view contentType,
                                                       const std::vector<std::string>& warnings,
                                                       std::string_view body) const;

private:
    struct Answer {
        std::string uid, version, next;
        bool list = false;
    };
    [[nodiscard]] std::string expand(std::string_view text) const;
    [[nodiscard]] bool sent(std::string_view text) const { return m_sent.find(text) != std::string::npos; }
    void normaliseObject(kube::JsonObject& object) const;
    void normaliseMember(const kube::JsonObject& object, std::string_view key, kube::Json& value) const;
    void normaliseValue(kube::Json& value) const;
    void normaliseCells(kube::Json& cells) const;
    void normaliseAddress(kube::Json& value) const;
    [[nodiscard]] std::string normaliseVersion(std::string_view version) const;
    void cut(kube::JsonObject& object) const;

    std::string m_space;
    const ServedResources& m_served;
    std::vector<Answer> m_answers;
    std::string m_sent;
};

// Differences of two documents, named by JSON pointer below `where`.
void compareJson(const std::string& where, const kube::Json& expected, const kube::Json& actual,
                 std::vector<std::string>& differences);

}  // namespace kubefed::test
