// SPDX-License-Identifier: Apache-2.0
#include "kubefed/client/recording.h"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "kubefed/client/convert.h"
#include "kubefed/client/recording_file.h"
#include "kubefed/util/log.h"
#include "kubefed/v1/recording.pb.h"

namespace kubefed::client {
namespace {

// What a crash may lose.
constexpr Duration kFlushEvery{1'000};
// What is asked for the recording's own sake must not weigh on a controller.
constexpr Duration kAskEvery{200};
constexpr Duration kPoliciesEvery{30'000};
constexpr Duration kPatience{10'000};
constexpr std::size_t kMostExplained = 200;
constexpr std::size_t kMostBytes = 32U << 20U;

}  // namespace

class RecordingSource::Impl final : public FleetSink {
public:
    Impl(std::unique_ptr<FleetSource> source, RecordingWriter writer, Clock& clock)
        : m_clock(clock), m_writer(std::move(writer)), m_source(std::move(source)) {
        flush();
    }
    ~Impl() override {
        m_asking.cancel();
        m_listing.cancel();
        m_source.reset();
        m_writer.flush();
    }

    void start(FleetSink& sink) {
        m_sink = &sink;
        m_source->start(*this);
    }
    [[nodiscard]] FleetSource& source() { return *m_source; }

    void stateChanged(ConnectionState state, const Error& error) override {
        v1::RecordedItem item = make();
        item.mutable_state()->set_state(static_cast<int>(state));
        item.mutable_state()->set_code(static_cast<int>(error.code));
        item.mutable_state()->set_message(error.message);
        m_writer.add(item);
        m_isLive = state == ConnectionState::Live;
        m_sink->stateChanged(state, error);
    }
    void reset(const FleetInfo& info, FleetChanges all) override {
        v1::RecordedItem begin = make();
        toMessage(info, *begin.mutable_message()->mutable_begin());
        m_writer.add(begin);
        add(all);
        v1::RecordedItem end = make();
        (void)end.mutable_message()->mutable_end();
        m_writer.add(end);
        want(all.objects);
        m_sink->reset(info, std::move(all));
    }
    void heard(TimeMs time) override { m_sink->heard(time); }
    void changed(FleetChanges changes) override {
        add(changes);
        want(changes.objects);
        m_sink->changed(std::move(changes));
    }
    // A window asks again and again: only what is another answer is written.
    void keep(const Explanation& explanation) {
        v1::RecordedItem item = make();
        toMessage(explanation, *item.mutable_explanation());
        std::string& kept = m_explained[explanation.object];
        std::string bytes = item.explanation().SerializeAsString();
        if (kept == bytes || m_explainedBytes + bytes.size() > kMostBytes)
            return;
        m_explainedBytes += bytes.size();
        kept = std::move(bytes);
        m_writer.add(item);
    }
    void keep(const std::vector<PolicyPlugin>& plugins) {
        v1::RecordedItem item = make();
        v1::ListPoliciesResponse& list = *item.mutable_policies();
        for (const PolicyPlugin& plugin : plugins)
            toMessage(plugin, *list.add_plugins());
        if (std::string bytes = list.SerializeAsString(); bytes != m_policies) {
            m_policies = std::move(bytes);
            m_writer.add(item);
        }
    }

private:
    [[nodiscard]] v1::RecordedItem make() const {
        v1::RecordedItem item;
        item.set_time(m_source->now());
        return item;
    }
    void add(const FleetChanges& changes) {
        v1::RecordedItem item = make();
        toMessage(changes, *item.mutable_message()->mutable_changes());
        m_writer.add(item);
    }
    void want(const std::vector<Object>& objects) {
        for (const Object& object : objects)
            if (m_known.contains(object.id) || m_known.size() < kMostExplained) {
                m_known.insert(object.id);
                if (m_wanted.insert(object.id).second)
                    m_queue.push_back(object.id);
            }
        if (!m_ask.isActive())
            m_ask = m_clock.after(kAskEvery, [this] { ask(); });
    }
    void ask() {
        m_ask = m_clock.after(kAskEvery, [this] { ask(); });
        if (!m_isLive)
            return;
        if (!m_listed || m_clock.now() - *m_listed >= kPoliciesEvery) {
            m_listed = m_clock.now();
            m_listing = m_source->listPolicies([this](Result<std::vector<PolicyPlugin>> plugins) {
                if (plugins)
                    keep(*plugins);
            });
        }
        // An answer may never come: a source drops what it was asked when it changes its connection.
        if (m_queue.empty() || m_explainedBytes >= kMostBytes ||
            (m_asking.isActive() && m_clock.now() - m_asked < kPatience))
            return;
        const ObjectId object = std::move(m_queue.front());
        m_queue.pop_front();
        m_wanted.erase(object);
        m_asked = m_clock.now();
        m_asking = m_source->explain(object, [this](Result<Explanation> explanation) {
            if (explanation)
                keep(*explanation);
            m_asking.cancel();
        });
    }
    void flush() {
        if (!m_writer.flush()) {
            log::error("the recording cannot be written any more; it ends here");
            return;
        }
        m_timer = m_clock.after(kFlushEvery, [this] { flush(); });
    }

    Clock& m_clock;
    RecordingWriter m_writer;
    std::unique_ptr<FleetSource> m_source;
    FleetSink* m_sink = nullptr;
    Request m_timer;
    bool m_isLive = false;
    std::set<ObjectId> m_known;                   // those that are asked for
    std::set<ObjectId> m_wanted;                  // of them: new or changed since
    std::deque<ObjectId> m_queue;                 // the same, in their turn
    std::map<ObjectId, std::string> m_explained;  // what was written last
    std::size_t m_explainedBytes = 0;             // written in all
    std::string m_policies;                       // what was written last
    std::optional<SteadyTime> m_listed;
    SteadyTime m_asked{};
    Request m_ask, m_asking, m_listing;
};

RecordingSource::RecordingSource(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
RecordingSource::~RecordingSource() = default;

Result<std::unique_ptr<RecordingSource>> RecordingSource::make(std::unique_ptr<FleetSource> source,
                                                               const std::filesystem::path& file,
                                                               Clock& clock) {
    Result<RecordingWriter> writer = RecordingWriter::make(file);
    if (!writer)
        return fail(std::move(writer.error()));
    return std::unique_ptr<RecordingSource>(
        new RecordingSource(std::make_unique<Impl>(std::move(source), std::move(*writer), clock)));
}

void RecordingSource::start(FleetSink& sink) {
    m_impl->start(sink);
}
TimeMs RecordingSource::now() const {
    return m_impl->source().now();
}
Request RecordingSource::explain(const ObjectId& object, Callback<Explanation> done) {
    return m_impl->source().explain(object,
                                    [this, done = std::move(done)](Result<Explanation> explanation) mutable {
                                        if (explanation)
                                            m_impl->keep(*explanation);
                                        done(std::move(explanation));
                                    });
}
Request RecordingSource::listPolicies(Callback<std::vector<PolicyPlugin>> done) {
    return m_impl->source().listPolicies(
        [this, done = std::move(done)](Result<std::vector<PolicyPlugin>> plugins) mutable {
            if (plugins)
                m_impl->keep(*plugins);
            done(std::move(plugins));
        });
}

}  // namespace kubefed::client
