// SPDX-License-Identifier: Apache-2.0
//
// Plans on one worker thread, one job after the other, so that a policy that is slow or does not come back
// stops decisions and nothing else. Answers come back in batches. Made, used and destroyed on the core
// thread; the PolicySource, whose rounds run on the worker alone, outlives it (but see end()). Nothing here
// fails.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "controller/scheduling/planner.h"
#include "kubefed/util/clock.h"
#include "kubefed/util/mailbox.h"

namespace kubefed::controller {

class ThreadPlanner final : public Planner {
public:
    static constexpr Duration kPatience{2'000};

    explicit ThreadPlanner(PolicySource& policies);
    ~ThreadPlanner() override;  // end(kPatience)

    Request plan(PlanJob job, Done done) override;
    void forget(const std::string& policyUid) override { m_policies.forget(policyUid); }
    [[nodiscard]] std::string trouble() const override { return m_policies.trouble(); }

    // Takes no more jobs, answers none, and waits for the one that has begun. False: it did not come back
    // within `patience`. Its thread is then left behind, and what it may still touch (the PolicySource, and
    // whatever that gave to it) must stay for as long as the process does.
    [[nodiscard]] bool end(Duration patience);

private:
    struct Job {
        std::uint64_t number = 0;
        PlanJob job;
    };
    struct Answer {
        std::uint64_t number = 0;
        PlanAnswer answer;
    };
    // What the thread that is left behind may still see.
    struct Shared {
        std::mutex mutex;
        std::condition_variable changed;
        std::deque<Job> waiting;
        Mailbox<Answer>* answers = nullptr;  // null: the end
        bool hasEnded = false;
    };
    class Handle;

    static void work(Shared& shared, PolicySource& policies);
    void answered(std::vector<Answer> answers);
    void giveUp(std::uint64_t number);

    PolicySource& m_policies;
    Mailbox<Answer> m_answers;
    const std::shared_ptr<Shared> m_shared = std::make_shared<Shared>();
    std::uint64_t m_next = 0;
    std::unordered_map<std::uint64_t, Done> m_calls;
    std::thread m_thread;
};

}  // namespace kubefed::controller
