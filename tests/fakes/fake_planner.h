// SPDX-License-Identifier: Apache-2.0
//
// A Planner in virtual time: each job is decided on the Clock, `takes` after it came, one at a time in their
// order; while `hangs`, none is. Single thread.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "controller/scheduling/planner.h"
#include "kubefed/util/clock.h"

namespace kubefed::controller {

class FakePlanner final : public Planner {
public:
    FakePlanner(PolicySource& policies, Clock& clock) : m_policies(policies), m_clock(clock) {}

    Duration takes{0};
    std::uint64_t answered = 0;

    void hang(std::string who) { m_trouble = std::move(who); }
    void comeBack() {
        m_trouble.clear();
        goOn();
    }
    [[nodiscard]] std::size_t jobs() const { return m_jobs.size(); }

    Request plan(PlanJob job, Done done) override {
        const std::uint64_t number = m_next++;
        m_jobs.emplace(number, std::pair(std::move(job), std::move(done)));
        goOn();
        return Request(std::make_unique<Handle>(*this, number));
    }
    void forget(const std::string& policyUid) override { m_policies.forget(policyUid); }
    [[nodiscard]] std::string trouble() const override { return m_trouble; }

private:
    using Jobs = std::map<std::uint64_t, std::pair<PlanJob, Done>>;
    struct Handle final : Request::State {
        Handle(FakePlanner& planner, std::uint64_t id) : owner(planner), number(id) {}
        ~Handle() override { owner.m_jobs.erase(number); }
        FakePlanner& owner;
        std::uint64_t number;
    };

    void goOn() {
        if (m_jobs.empty() || m_step.isActive())
            return;
        m_step = m_clock.after(takes, [this] {
            m_step.cancel();
            if (m_jobs.empty() || !m_trouble.empty())
                return;
            auto job = m_jobs.extract(m_jobs.begin());
            ++answered;
            job.mapped().second(makeDecision(m_policies, job.mapped().first));
            goOn();
        });
    }

    PolicySource& m_policies;
    Clock& m_clock;
    std::string m_trouble;
    std::uint64_t m_next = 0;
    Jobs m_jobs;
    Request m_step;
};

}  // namespace kubefed::controller
