// SPDX-License-Identifier: Apache-2.0
#include "kubefed/sandbox/sandbox.h"

#include <algorithm>
#include <limits>
#include <set>
#include <thread>

#include "kubefed/kube/yaml.h"
#include "kubefed/util/base64.h"
#include "kubefed/util/file.h"

namespace kubefed::sandbox {

namespace {

constexpr std::size_t kMaxWorkers = 4;

std::string okLine() {
    return R"({"ok":true})";
}
std::string errorLine(const std::string& why) {
    return kube::printJson(kube::JsonObject{{"ok", false}, {"error", why}});
}

}  // namespace

Result<std::vector<MemberSpec>> parseMembers(std::string_view text, int nodes, Duration podDelay) {
    std::vector<MemberSpec> members;
    std::set<std::string> names;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find(',', start), text.size());
        const std::string_view one = text.substr(start, end - start);
        const std::size_t colon = std::min(one.find(':'), one.size());
        const std::string name(one.substr(0, colon));
        const bool sound = !name.empty() && std::ranges::all_of(name, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        });
        if (!sound)
            return fail(Code::InvalidArgument,
                        "\"" + name + "\" is no cluster name: use lower case letters, digits and '-'");
        if (!names.insert(name).second)
            return fail(Code::InvalidArgument, "the cluster \"" + name + "\" is named twice");
        members.push_back({name, std::string(one.substr(std::min(colon + 1, one.size()))), nodes, podDelay});
        start = end + 1;
    }
    return members;
}

Sandbox::Sandbox(SandboxOptions options)
    : m_options(std::move(options)),
      m_accesses(m_options.members.size()),
      m_mailbox(std::numeric_limits<std::size_t>::max(), [](std::vector<std::function<void()>> tasks) {
          for (std::function<void()>& task : tasks)
              task();
      }) {}

Sandbox::~Sandbox() = default;

void Sandbox::start(Callback<void> started) {
    m_started = std::move(started);
    const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t count = std::min({kMaxWorkers, processors, m_options.members.size()});
    for (std::size_t i = 0; i < count; ++i)
        m_workers.push_back(std::make_unique<Worker>());
    for (std::size_t i = 0; i < m_options.members.size(); ++i)
        workerOf(i).post([this, i, spec = m_options.members[i]](Members& members, Clock& clock) {
            Result<std::unique_ptr<Member>> member = Member::start(spec, clock);
            Result<MemberAccess> access =
                member ? Result<MemberAccess>((*member)->access()) : std::unexpected(member.error());
            if (member)
                members.emplace(spec.name, std::move(*member));
            toMain([this, i, access = std::move(access)] { onMember(i, access); });
        });
}

void Sandbox::onMember(std::size_t index, Result<MemberAccess> access) {
    if (access)
        m_accesses[index] = std::move(*access);
    else if (m_problem.empty())
        m_problem = access.error().text();
    if (++m_answered < m_options.members.size() || !m_started)
        return;
    Callback<void> started = std::exchange(m_started, nullptr);
    if (!m_problem.empty())
        started(fail(Code::Unavailable, m_problem));
    else
        started(writeKubeconfig());
}

Result<void> Sandbox::writeKubeconfig() const {
    kube::JsonArray clusters, users, contexts;
    for (const MemberAccess& member : m_accesses) {
        clusters.push_back(kube::JsonObject{
            {"name", member.name},
            {"cluster", kube::JsonObject{{"server", member.server},
                                         {"certificate-authority-data", base64Encode(member.caPem)}}}});
        users.push_back(kube::JsonObject{
            {"name", member.name},
            {"user", kube::JsonObject{{"client-certificate-data", base64Encode(member.admin.certPem)},
                                      {"client-key-data", base64Encode(member.admin.keyPem)}}}});
        contexts.push_back(
            kube::JsonObject{{"name", member.name},
                             {"context", kube::JsonObject{{"cluster", member.name}, {"user", member.name}}}});
    }
    const kube::JsonObject config{{"apiVersion", "v1"},
                                  {"kind", "Config"},
                                  {"preferences", kube::JsonObject{}},
                                  {"clusters", std::move(clusters)},
                                  {"users", std::move(users)},
                                  {"contexts", std::move(contexts)},
                                  {"current-context", m_accesses.front().name}};
    return writeFile(m_options.data / "kubeconfig", kube::printYaml(config));
}

void Sandbox::command(const std::string& line, std::function<void(std::string)> answer) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string verb = line.substr(0, space);
    const std::string name = line.substr(std::min(space + 1, line.size()));
    if (verb == "status" && name.empty())
        return status(std::move(answer));
    if (verb == "freeze" || verb == "kill" || verb == "heal")
        return fault(verb, name, std::move(answer));
    if (verb == "stop" && m_stop) {
        answer(okLine());
        return m_stop();
    }
    answer(errorLine("unknown command \"" + line + "\": use status, freeze NAME, kill NAME or heal NAME"));
}

void Sandbox::fault(const std::string& verb, const std::string& name,
                    std::function<void(std::string)> answer) {
    const auto found = std::ranges::find(m_accesses, name, &MemberAccess::name);
    if (found == m_accesses.end())
        return answer(errorLine("there is no cluster \"" + name + "\""));
    workerOf(static_cast<std::size_t>(found - m_accesses.begin()))
        .post([this, verb, name, answer = std::move(answer)](Members& members, Clock&) {
            Member& member = *members.at(name);
            Result<void> done;
            if (verb == "freeze")
                member.freeze();
            else if (verb == "kill")
                member.kill();
            else
                done = member.heal();
            toMain([answer, line = done ? okLine() : errorLine(done.error().text())] { answer(line); });
        });
}

void Sandbox::status(std::function<void(std::string)> answer) {
    struct Gathering {
        std::map<std::string, std::string> states;
        std::size_t missing = 0;
    };
    auto gathering = std::make_shared<Gathering>();  // touched on the main thread only
    gathering->missing = m_workers.size();
    for (const std::unique_ptr<Worker>& worker : m_workers)
        worker->post([this, gathering, answer](Members& members, Clock&) {
            std::map<std::string, std::string> states;
            for (const auto& [name, member] : members)
                states.emplace(name, toString(member->state()));
            toMain([this, gathering, answer, states = std::move(states)]() mutable {
                gathering->states.merge(states);
                if (--gathering->missing > 0)
                    return;
                kube::JsonArray clusters;
                for (const MemberAccess& member : m_accesses)
                    clusters.push_back(kube::JsonObject{{"name", member.name},
                                                        {"region", member.region},
                                                        {"server", member.server},
                                                        {"state", gathering->states[member.name]}});
                answer(kube::printJson(kube::JsonObject{{"ok", true}, {"clusters", std::move(clusters)}}));
            });
        });
}

}  // namespace kubefed::sandbox
