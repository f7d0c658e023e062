// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/thread_planner.h"

#include <algorithm>
#include <limits>

namespace kubefed::controller {

class ThreadPlanner::Handle final : public Request::State {
public:
    Handle(ThreadPlanner& planner, std::uint64_t number) : m_planner(planner), m_number(number) {}
    ~Handle() override { m_planner.giveUp(m_number); }

private:
    ThreadPlanner& m_planner;
    const std::uint64_t m_number;
};

// The mailbox holds one answer for each job, and those are bounded by whoever asks.
ThreadPlanner::ThreadPlanner(PolicySource& policies)
    : m_policies(policies),
      m_answers(std::numeric_limits<std::size_t>::max(),
                [this](std::vector<Answer> answers) { answered(std::move(answers)); }) {
    m_shared->answers = &m_answers;
    m_thread = std::thread([shared = m_shared, &policies] { work(*shared, policies); });
}

ThreadPlanner::~ThreadPlanner() {
    std::ignore = end(kPatience);
}

void ThreadPlanner::work(Shared& shared, PolicySource& policies) {
    std::unique_lock lock(shared.mutex);
    for (;;) {
        shared.changed.wait(lock, [&] { return shared.answers == nullptr || !shared.waiting.empty(); });
        if (shared.answers == nullptr)
            break;
        Job job = std::move(shared.waiting.front());
        shared.waiting.pop_front();
        lock.unlock();
        Answer answer{job.number, makeDecision(policies, job.job)};
        job = {};  // what it held goes without the lock
        lock.lock();
        if (shared.answers != nullptr)
            std::ignore = shared.answers->push(std::move(answer));
    }
    shared.hasEnded = true;
    shared.changed.notify_all();
}

Request ThreadPlanner::plan(PlanJob job, Done done) {
    const std::uint64_t number = m_next++;
    m_calls.emplace(number, std::move(done));
    {
        const std::scoped_lock lock(m_shared->mutex);
        m_shared->waiting.push_back({number, std::move(job)});
    }
    m_shared->changed.notify_one();
    return Request(std::make_unique<Handle>(*this, number));
}

void ThreadPlanner::giveUp(std::uint64_t number) {
    if (m_calls.erase(number) == 0)
        return;
    Job given;  // goes without the lock
    const std::scoped_lock lock(m_shared->mutex);
    const auto at = std::ranges::find(m_shared->waiting, number, &Job::number);
    if (at == m_shared->waiting.end())
        return;
    given = std::move(*at);
    m_shared->waiting.erase(at);
}

void ThreadPlanner::answered(std::vector<Answer> answers) {
    for (Answer& answer : answers)
        if (auto call = m_calls.extract(answer.number))
            call.mapped()(std::move(answer.answer));
}

bool ThreadPlanner::end(Duration patience) {
    if (!m_thread.joinable())
        return true;
    m_calls.clear();
    std::deque<Job> dropped;
    std::unique_lock lock(m_shared->mutex);
    m_shared->answers = nullptr;
    dropped.swap(m_shared->waiting);
    m_shared->changed.notify_all();
    const bool hasEnded = m_shared->changed.wait_for(lock, patience, [&] { return m_shared->hasEnded; });
    lock.unlock();
    if (hasEnded)
        m_thread.join();
    else
        m_thread.detach();
    return hasEnded;
}

}  // namespace kubefed::controller
