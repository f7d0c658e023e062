// SPDX-License-Identifier: Apache-2.0
//
// `kubefed get`: objects of the federation as the server's own tables, or as YAML, JSON or names; `get
// clusters` is the table of members, live where the controller answers. One object is one run; main thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kubefed/cli/format/table.h"
#include "kubefed/cli/live_clusters.h"
#include "kubefed/cli/verb.h"
#include "kubefed/fed/types.h"
#include "kubefed/kube/discovery.h"

namespace kubefed::cli {

struct GetOptions {
    CommonOptions common;
    std::vector<std::string> arguments;  // TYPE[,TYPE] [NAME...] or TYPE/NAME...
    std::string output;                  // "", wide, yaml, json, name
    std::string ns;
    bool allNamespaces = false;
    std::string labelSelector;
    bool watch = false;  // clusters only: see watch_clusters.h
};

// What the arguments of get and describe ask for.
struct Query {
    std::string type;
    std::string name;  // empty: all
};
[[nodiscard]] std::expected<std::vector<Query>, CliError> readQueries(
    const std::vector<std::string>& arguments);
// KF1120
[[nodiscard]] CliError noSuchMember(const std::string& federation, const std::string& name,
                                    std::string evidence);
// "its members are osaka, tokyo"
[[nodiscard]] std::string membersText(const std::string& those, const std::vector<std::string>& names);

class Get final : public FederationVerb {
public:
    Get(Environment& environment, GetOptions options);

protected:
    void run() override;

private:
    void next();
    void askClusters();
    void askTable(const kube::ApiResource& resource, const std::string& name);
    void onTable(const kube::ApiResource& resource, Result<net::HttpResponse> answer);
    void askObjects(const kube::ApiResource& resource, const std::string& name, std::string continueToken);
    void collect(std::vector<kube::Object> objects);
    void printDocuments();
    void readMembers(const Query& query, const std::vector<kube::Object>& objects);
    void printMembers();
    void show(const std::string& text);
    [[nodiscard]] std::string namespaceFor(const kube::ApiResource& resource) const;

    GetOptions m_options;
    std::vector<Query> m_queries;
    std::size_t m_next = 0;
    kube::ApiSet m_apis;
    std::vector<kube::Object> m_documents;
    bool m_shownAny = false;
    bool m_single = false;  // one object was asked for by name
    std::vector<fed::MemberCluster> m_members;
    std::optional<LiveMembers> m_liveMembers;
    std::unique_ptr<LiveClusters> m_live;  // null: nobody asked yet
    Request m_request;
};

}  // namespace kubefed::cli
