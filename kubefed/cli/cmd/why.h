// SPDX-License-Identifier: Apache-2.0
//
// `kubefed why TYPE/NAME` and `kubefed describe TYPE NAME`: where an object is placed and what led to it; the
// latter after everything else that is known of the object. One object is one run; main thread.
#pragma once

#include <string>
#include <vector>

#include "kubefed/cli/verb.h"
#include "kubefed/fed/types.h"
#include "kubefed/kube/discovery.h"

namespace kubefed::cli {

struct WhyOptions {
    CommonOptions common;
    std::vector<std::string> arguments;  // TYPE/NAME or TYPE NAME
    std::string ns;
    bool wide = false;
    bool describe = false;
};

class Why final : public FederationVerb {
public:
    Why(Environment& environment, WhyOptions options);

protected:
    void run() override;

private:
    void findType();
    void readObject(const kube::ApiResource& resource);
    void readPlacement();
    void onPlacement(Result<kube::Object> answer);
    void noPlacement();
    void undecided();
    void failUnplaced(std::string evidence, std::string remedy);
    [[nodiscard]] std::string remedyOfNoTemplate() const;
    [[nodiscard]] std::string command() const;  // as it was given, but for its output
    void readEvents();
    // What every plugin said, from the controller.
    void findController();
    void explain(client::FederationEndpoint endpoint);

    WhyOptions m_options;
    std::string m_type;
    std::string m_name;
    kube::Object m_object;
    fed::TemplateRef m_source;  // what the Placement is of
    std::unique_ptr<client::FleetSource> m_controller;
    Request m_request;
};

}  // namespace kubefed::cli
