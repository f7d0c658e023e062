// SPDX-License-Identifier: Apache-2.0
#include "kubefed/client/recording.h"

#include "kubefed/client/convert.h"
#include "kubefed/client/recording_file.h"
#include "kubefed/util/log.h"
#include "kubefed/v1/recording.pb.h"

namespace kubefed::client {
namespace {

// What a crash may lose.
constexpr Duration kFlushEvery{1'000};

}  // namespace

class RecordingSource::Impl final : public FleetSink {
public:
    Impl(std::unique_ptr<FleetSource> source, RecordingWriter writer, Clock& clock)
        : m_clock(clock), m_writer(std::move(writer)), m_source(std::move(source)) {
        flush();
    }
    ~Impl() override {
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
        m_sink->reset(info, std::move(all));
    }
    void changed(FleetChanges changes) override {
        add(changes);
        m_sink->changed(std::move(changes));
    }
    void keep(const Explanation& explanation) {
        v1::RecordedItem item = make();
        toMessage(explanation, *item.mutable_explanation());
        m_writer.add(item);
    }
    void keep(const std::vector<PolicyPlugin>& plugins) {
        v1::RecordedItem item = make();
        v1::ListPoliciesResponse& list = *item.mutable_policies();
        for (const PolicyPlugin& plugin : plugins)
            toMessage(plugin, *list.add_plugins());
        m_writer.add(item);
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
