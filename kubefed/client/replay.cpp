// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "kubefed/client/convert.h"
#include "kubefed/client/fleet_fold.h"
#include "kubefed/client/recording.h"
#include "kubefed/client/recording_file.h"
#include "kubefed/v1/recording.pb.h"

namespace kubefed::client {
namespace {

// More at once is told as one reset: a person who is far behind sees nothing of the steps between.
constexpr std::size_t kMaxSteps = 200;

Error nothingRecorded(std::string_view what) {
    return {.code = Code::Unimplemented,
            .message = "the recording holds no " + std::string(what) + "; only a controller can make one"};
}

}  // namespace

class ReplaySource::Impl {
public:
    Impl(RecordedFile recorded, Clock& clock)
        : m_items(std::move(recorded.items)),
          m_isCutOff(recorded.isCutOff),
          m_clock(clock),
          m_position(begin()),
          m_since(clock.now()) {
        v1::RecordedItem item;
        for (const RecordedBytes& bytes : m_items) {
            item.ParseFromString(bytes.item);
            if (item.has_explanation()) {
                Explanation explanation = toValue(item.explanation());
                ObjectId id = explanation.object;
                m_explanations[std::move(id)].emplace(bytes.time, std::move(explanation));
            } else if (item.has_policies()) {
                std::vector<PolicyPlugin>& plugins = m_policies[bytes.time];
                plugins.clear();
                for (const v1::PolicyPlugin& plugin : item.policies().plugins())
                    plugins.push_back(toValue(plugin));
            }
        }
    }

    void start(FleetSink& sink) {
        m_sink = &sink;
        m_since = m_clock.now();
        m_timer = m_clock.after(Duration::zero(), [this] { play(); });
    }
    [[nodiscard]] TimeMs begin() const { return m_items.front().time; }
    [[nodiscard]] TimeMs end() const { return m_items.back().time; }
    [[nodiscard]] TimeMs now() const {
        const auto passed = std::chrono::duration<double, std::milli>(m_clock.now() - m_since);
        return std::min(end(), m_position + static_cast<TimeMs>(passed.count() * m_speed));
    }
    [[nodiscard]] bool isCutOff() const { return m_isCutOff; }
    [[nodiscard]] double speed() const { return m_speed; }

    void setSpeed(double factor) {
        m_position = now();
        m_since = m_clock.now();
        m_speed = std::isfinite(factor) ? std::clamp(factor, 0.0, 1000.0) : 0;
        playLater();
    }

    void seek(TimeMs time) {
        time = std::clamp(time, begin(), end());
        m_isSought = true;
        if (m_next > 0 && time < m_items[m_next - 1].time) {
            m_next = 0;
            m_fold = {};
            m_hasFleet = false;
            m_inSnapshot = false;
        }
        m_position = time;
        m_since = m_clock.now();
        playLater();
    }

    [[nodiscard]] Request explain(const ObjectId& object, Callback<Explanation> done) {
        const auto known = m_explanations.find(object);
        if (known == m_explanations.end())
            return answer<Explanation>(fail(nothingRecorded("explanation of this object")), std::move(done));
        return answer<Explanation>(at(known->second), std::move(done));
    }
    [[nodiscard]] Request listPolicies(Callback<std::vector<PolicyPlugin>> done) {
        using Plugins = std::vector<PolicyPlugin>;
        return answer<Plugins>(m_policies.empty() ? Result<Plugins>(fail(nothingRecorded("policies")))
                                                  : Result<Plugins>(at(m_policies)),
                               std::move(done));
    }

private:
    // What was told last before this moment; else the first that there is.
    template <class T>
    [[nodiscard]] const T& at(const std::map<TimeMs, T>& told) const {
        auto chosen = told.upper_bound(now());
        if (chosen != told.begin())
            --chosen;
        return chosen->second;
    }
    template <class T>
    Request answer(Result<T> result, Callback<T> done) {
        return m_clock.after(
            Duration::zero(),
            [result = std::move(result), done = std::move(done)]() mutable { done(std::move(result)); });
    }

    void playLater() {
        if (m_sink != nullptr)
            m_timer = m_clock.after(Duration::zero(), [this] { play(); });
    }

    // Tells what became due, and comes back when the next thing does.
    void play() {
        const TimeMs now = this->now();
        const auto due = static_cast<std::size_t>(
            std::ranges::upper_bound(m_items, now, {}, &RecordedBytes::time) - m_items.begin());
        const bool atOnce = m_isSought || due > m_next + kMaxSteps;
        m_isSought = false;
        ConnectionState state = m_state;
        Error error = m_error;
        while (m_next < due)
            step(m_items[m_next++], !atOnce, state, error);
        if (atOnce) {
            tell(state, error);
            if (m_hasFleet) {
                m_sink->reset(m_fold.info(), m_fold.whole());
                m_sink->heard(m_lastTold);
            }
        }
        if (m_next >= m_items.size() || m_speed <= 0)
            return;
        const double wait = static_cast<double>(m_items[m_next].time - now) / m_speed;
        m_timer = m_clock.after(Duration(static_cast<Duration::rep>(std::ceil(std::max(wait, 0.0)))),
                                [this] { play(); });
    }

    void step(const RecordedBytes& bytes, bool tells, ConnectionState& state, Error& error) {
        v1::RecordedItem item;
        item.ParseFromString(bytes.item);
        if (item.has_state()) {
            const int number =
                std::clamp(item.state().state(), 0, static_cast<int>(ConnectionState::Forbidden));
            state = static_cast<ConnectionState>(number);
            error = {.code = static_cast<Code>(item.state().code()), .message = item.state().message()};
            if (tells)
                tell(state, error);
        } else if (item.has_message()) {
            take(item.message(), tells);
            if (m_inSnapshot)
                return;
            m_lastTold = bytes.time;
            if (tells)
                m_sink->heard(m_lastTold);
        }
    }

    void take(const v1::FleetMessage& message, bool tells) {
        if (message.has_begin()) {
            m_info = toValue(message.begin());
            m_snapshot = {};
            m_inSnapshot = true;
        } else if (message.has_changes() && m_inSnapshot) {
            append(m_snapshot, message.changes());
        } else if (message.has_changes()) {
            FleetChanges changes;
            append(changes, message.changes());
            if (!tells)
                return m_fold.apply(std::move(changes));
            m_fold.apply(changes);
            m_sink->changed(std::move(changes));
        } else if (message.has_end()) {
            m_inSnapshot = false;
            m_hasFleet = true;
            m_fold.reset(m_info, tells ? m_snapshot : std::move(m_snapshot));
            if (tells)
                m_sink->reset(m_info, std::move(m_snapshot));
            m_snapshot = {};
        }
    }

    void tell(ConnectionState state, const Error& error) {
        if (m_isTold && state == m_state && error.message == m_error.message)
            return;
        m_isTold = true;
        m_state = state;
        m_error = error;
        m_sink->stateChanged(state, error);
    }

    const std::vector<RecordedBytes> m_items;
    const bool m_isCutOff;
    Clock& m_clock;
    std::map<ObjectId, std::map<TimeMs, Explanation>> m_explanations;
    std::map<TimeMs, std::vector<PolicyPlugin>> m_policies;
    FleetSink* m_sink = nullptr;
    TimeMs m_position;  // at m_since
    SteadyTime m_since;
    double m_speed = 1;
    std::size_t m_next = 0;   // the first item that is not told yet
    bool m_isSought = false;  // since the last that was told: the next is a reset
    FleetInfo m_info;         // of the snapshot that is being read
    FleetChanges m_snapshot;
    bool m_inSnapshot = false;
    FleetFold m_fold;  // up to m_next
    bool m_hasFleet = false;
    TimeMs m_lastTold = 0;  // when the controller told the last of it
    bool m_isTold = false;
    ConnectionState m_state = ConnectionState::Connecting;
    Error m_error{.code = Code::Ok};
    Request m_timer;
};

ReplaySource::ReplaySource(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
ReplaySource::~ReplaySource() = default;

Result<std::unique_ptr<ReplaySource>> ReplaySource::make(const std::filesystem::path& file, Clock& clock) {
    Result<RecordedFile> recorded = readRecording(file);
    if (!recorded)
        return fail(std::move(recorded.error()));
    return std::unique_ptr<ReplaySource>(
        new ReplaySource(std::make_unique<Impl>(std::move(*recorded), clock)));
}

void ReplaySource::start(FleetSink& sink) {
    m_impl->start(sink);
}
TimeMs ReplaySource::now() const {
    return m_impl->now();
}
Request ReplaySource::explain(const ObjectId& object, Callback<Explanation> done) {
    return m_impl->explain(object, std::move(done));
}
Request ReplaySource::listPolicies(Callback<std::vector<PolicyPlugin>> done) {
    return m_impl->listPolicies(std::move(done));
}
TimeMs ReplaySource::begin() const {
    return m_impl->begin();
}
TimeMs ReplaySource::end() const {
    return m_impl->end();
}
bool ReplaySource::isCutOff() const {
    return m_impl->isCutOff();
}
void ReplaySource::seek(TimeMs time) {
    m_impl->seek(time);
}
void ReplaySource::setSpeed(double factor) {
    m_impl->setSpeed(factor);
}
double ReplaySource::speed() const {
    return m_impl->speed();
}

}  // namespace kubefed::client
