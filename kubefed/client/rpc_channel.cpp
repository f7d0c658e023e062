// SPDX-License-Identifier: Apache-2.0
#include "kubefed/client/rpc_channel.h"

#include <condition_variable>
#include <limits>
#include <mutex>
#include <utility>

#include <QTimer>

#include "kubefed/client/connection_words.h"
#include "kubefed/client/convert.h"
#include "kubefed/util/log.h"
#include "kubefed/util/mailbox.h"
#include "kubefed/v1/federation.grpc.pb.h"

#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

namespace kubefed::client {
namespace {

constexpr int kMaxMessage = 64 << 20;
constexpr std::size_t kChunk = 256U << 10U;
// Messages of a watch that the Qt thread has not taken yet; then the stream is not read, and the controller
// notices.
constexpr int kMaxUntaken = 16;

using Task = std::move_only_function<void()>;

// Callers are told what failed; a terminal needs no lines of gRPC's own beside it.
void logLine(gpr_log_func_args* line) {
    log::debug("gRPC", {{"says", line->message}});
}

Error errorOf(const grpc::Status& status, const std::string& address) {
    Error error{.code = static_cast<Code>(status.error_code()), .message = status.error_message()};
    if (error.code == Code::Unavailable)
        error.message = connectionWords(error.message, address);
    if (error.code == Code::DeadlineExceeded)
        error.message = "the controller at " + address + " gave no answer in time";
    if (error.message.empty())
        error.message = toString(error.code);
    return error;
}

// A call as others hold it. Any thread; nothing happens once it has ended.
class Cancellable {
public:
    Cancellable() = default;
    Cancellable(const Cancellable&) = delete;
    Cancellable& operator=(const Cancellable&) = delete;
    virtual ~Cancellable() = default;
    virtual void cancel() = 0;
};

// Where gRPC's threads leave things for the Qt thread. It outlives the channel in the calls that use it.
class Inbox : public std::enable_shared_from_this<Inbox> {
public:
    // Bounded by its users: a watch has kMaxUntaken, every other call one.
    Inbox()
        : m_mailbox(std::make_unique<Box>(std::numeric_limits<std::size_t>::max(),
                                          [this](std::vector<Task> tasks) { run(std::move(tasks)); })) {}

    void post(Task task) {
        const std::scoped_lock lock(m_mutex);
        if (m_mailbox)
            (void)m_mailbox->push(std::move(task));
    }
    void begin(const std::shared_ptr<Cancellable>& call) {
        const std::scoped_lock lock(m_mutex);
        ++m_underWay;
        std::erase_if(m_calls, [](const auto& known) { return known.expired(); });
        m_calls.push_back(call);
    }
    void end() {
        const std::scoped_lock lock(m_mutex);
        if (--m_underWay == 0)
            m_idle.notify_all();
    }
    // Qt thread. Nothing comes out afterwards; cancels what is under way and returns when gRPC has let go of
    // it, which takes no longer than its threads need to notice.
    void close() {
        std::unique_lock lock(m_mutex);
        std::shared_ptr<Box> mailbox = std::move(m_mailbox);
        const std::vector<std::weak_ptr<Cancellable>> calls = std::move(m_calls);
        lock.unlock();
        for (const auto& known : calls)
            if (const auto call = known.lock())
                call->cancel();
        lock.lock();
        m_idle.wait(lock, [this] { return m_underWay == 0; });
        if (m_isRunning)  // from inside a callback: the mailbox is still at work
            QTimer::singleShot(0, [mailbox] {});
    }

private:
    using Box = Mailbox<Task>;
    void run(std::vector<Task> tasks) {
        const auto self = shared_from_this();  // a task may end the channel
        m_isRunning = true;
        for (Task& task : tasks)
            task();
        m_isRunning = false;
    }

    std::mutex m_mutex;
    std::condition_variable m_idle;
    std::unique_ptr<Box> m_mailbox;
    std::vector<std::weak_ptr<Cancellable>> m_calls;
    int m_underWay = 0;
    bool m_isRunning = false;  // Qt thread only
};

// What the Qt thread keeps of a call. The tasks that gRPC posts hold it weakly: no handle, no callback.
template <class Callbacks>
struct Held final : Request::State {
    struct Inner {
        Callbacks callbacks;
        std::shared_ptr<Cancellable> call;
        bool isDropped = false;
    };
    std::shared_ptr<Inner> inner = std::make_shared<Inner>();
    ~Held() override {
        inner->isDropped = true;
        if (inner->call)
            inner->call->cancel();
    }
};

template <class T>
using HeldResult = Held<Callback<T>>;

template <class T>
Task answer(std::weak_ptr<typename HeldResult<T>::Inner> to, Result<T> result) {
    return [to = std::move(to), result = std::move(result)]() mutable {
        const auto inner = to.lock();
        if (!inner)
            return;
        inner->call.reset();  // it has ended
        Callback<T> done = std::move(inner->callbacks);
        done(std::move(result));
    };
}

template <class RequestMessage, class Reply>
class Unary final : public Cancellable {
public:
    void cancel() override { context.TryCancel(); }
    grpc::ClientContext context;
    RequestMessage request;
    Reply reply;
};

}  // namespace

class RpcChannel::Impl {
public:
    explicit Impl(const FederationEndpoint& endpoint)
        : inbox(std::make_shared<Inbox>()), address(endpoint.address), deadlines(endpoint.deadlines) {
        if (!endpoint.bearerToken.empty())
            authorization = "Bearer " + endpoint.bearerToken;
        gpr_set_log_function(&logLine);
        grpc::SslCredentialsOptions tls;
        tls.pem_root_certs = endpoint.caPem;
        tls.pem_cert_chain = endpoint.certificatePem;
        tls.pem_private_key = endpoint.keyPem;
        grpc::ChannelArguments arguments;
        arguments.SetMaxReceiveMessageSize(kMaxMessage);
        if (!endpoint.serverName.empty())
            arguments.SetSslTargetNameOverride(endpoint.serverName);
        // Each channel connects for itself, at once: who comes again with a new one decides when.
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 250);
        arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
        arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
        channel = grpc::CreateCustomChannel(endpoint.address, grpc::SslCredentials(tls), arguments);
        stub = v1::Federation::NewStub(channel);
    }

    void prepare(grpc::ClientContext& context) const {
        if (!authorization.empty())
            context.AddMetadata("authorization", authorization);
    }

    // `start` begins the call; `convert` makes its value of the reply.
    template <class T, class Message, class Reply, class Start, class Convert>
    Request unary(Message request, Callback<T> done, Start start, Convert convert) {
        auto call = std::make_shared<Unary<Message, Reply>>();
        auto held = std::make_unique<HeldResult<T>>();
        held->inner->callbacks = std::move(done);
        held->inner->call = call;
        call->request = std::move(request);
        prepare(call->context);
        call->context.set_deadline(std::chrono::system_clock::now() + deadlines.unary);
        inbox->begin(call);
        start(*call, [call, convert, box = inbox, at = address,
                      to = std::weak_ptr(held->inner)](const grpc::Status& status) mutable {
            box->post(answer<T>(std::move(to), status.ok() ? Result<T>(convert(call->reply))
                                                           : Result<T>(fail(errorOf(status, at)))));
            box->end();
        });
        return Request(std::move(held));
    }

    std::shared_ptr<Inbox> inbox;
    std::string address;
    CallDeadlines deadlines;
    std::string authorization;
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<v1::Federation::Stub> stub;
};

namespace {

using HeldWatch = Held<WatchCallbacks>;

// Lives until gRPC has ended the stream. Whoever takes a message (the Qt thread) may let it read on.
class WatchReader final : public grpc::ClientReadReactor<v1::FleetMessage>,
                          public Cancellable,
                          public std::enable_shared_from_this<WatchReader> {
public:
    WatchReader(std::shared_ptr<Inbox> inbox, std::string address, std::weak_ptr<HeldWatch::Inner> to,
                WatchScope scope)
        : m_inbox(std::move(inbox)), m_address(std::move(address)), m_to(std::move(to)) {
        m_request.set_clusters_only(scope == WatchScope::Clusters);
    }

    void start(v1::Federation::Stub& stub) {
        m_self = shared_from_this();
        m_inbox->begin(m_self);
        stub.async()->WatchFleet(&m_context, &m_request, this);
        AddHold();  // reads are started by the Qt thread too
        StartRead(&m_message);
        StartCall();
    }
    grpc::ClientContext& context() { return m_context; }

    void OnReadDone(bool ok) override {
        if (!ok)
            return release();  // not cancelled: that would hide the status with which it ended
        take();
        const std::scoped_lock lock(m_mutex);
        m_isPaused = ++m_untaken >= kMaxUntaken;
        if (!m_isPaused && !m_isReleased)
            StartRead(&m_message);
    }
    void OnDone(const grpc::Status& status) override {
        m_inbox->post([to = m_to, error = status.ok() ? Error{.code = Code::Unavailable,
                                                              .message = "the controller ended the stream"}
                                                      : errorOf(status, m_address)] {
            if (const auto inner = to.lock()) {
                inner->call.reset();
                const auto ended = inner->callbacks.ended;
                ended(error);
            }
        });
        const auto inbox = m_inbox;
        m_self.reset();
        inbox->end();
    }
    void cancel() override {
        m_context.TryCancel();
        release();
    }

private:
    // Afterwards nobody but a reaction may start a read.
    void release() {
        {
            const std::scoped_lock lock(m_mutex);
            if (std::exchange(m_isReleased, true))
                return;
        }
        RemoveHold();
    }
    // Posts what the message brings; of a part of a snapshot only that it came, for a large one takes long.
    void take() {
        const TimeMs now = m_message.now();
        switch (m_message.content_case()) {
            case v1::FleetMessage::kBegin:
                m_info = toValue(m_message.begin());
                m_snapshot = {};
                m_inSnapshot = true;
                return post(now, true, [](const WatchCallbacks&) {});
            case v1::FleetMessage::kEnd:
                m_inSnapshot = false;
                return post(
                    now, false,
                    [info = std::exchange(m_info, {}), all = std::exchange(m_snapshot, {})](
                        const WatchCallbacks& callbacks) mutable { callbacks.reset(info, std::move(all)); });
            case v1::FleetMessage::kChanges: {
                if (m_inSnapshot) {
                    append(m_snapshot, m_message.changes());
                    return post(now, true, [](const WatchCallbacks&) {});
                }
                FleetChanges changes;
                append(changes, m_message.changes());
                return post(now, false,
                            [changes = std::move(changes)](const WatchCallbacks& callbacks) mutable {
                                callbacks.changed(std::move(changes));
                            });
            }
            default:
                return post(now, false, [](const WatchCallbacks&) {});
        }
    }
    template <class Deliver>
    void post(TimeMs now, bool isPart, Deliver deliver) {
        m_inbox->post(
            [self = weak_from_this(), to = m_to, now, isPart, deliver = std::move(deliver)]() mutable {
                if (const auto inner = to.lock()) {
                    const WatchCallbacks callbacks = inner->callbacks;  // it may end inside them
                    callbacks.heard(now, isPart);
                    if (!inner->isDropped)
                        deliver(callbacks);
                }
                if (const auto reader = self.lock())
                    reader->taken();
            });
    }
    void taken() {
        const std::scoped_lock lock(m_mutex);
        --m_untaken;
        if (!m_isPaused || m_isReleased || m_untaken >= kMaxUntaken / 2)
            return;
        m_isPaused = false;
        StartRead(&m_message);
    }

    std::shared_ptr<Inbox> m_inbox;
    const std::string m_address;
    std::weak_ptr<HeldWatch::Inner> m_to;
    std::shared_ptr<WatchReader> m_self;
    grpc::ClientContext m_context;
    v1::WatchFleetRequest m_request;
    v1::FleetMessage m_message;
    FleetInfo m_info;
    FleetChanges m_snapshot;
    bool m_inSnapshot = false;
    std::mutex m_mutex;  // of what follows
    int m_untaken = 0;
    bool m_isPaused = false;
    bool m_isReleased = false;
};

class Uploader final : public grpc::ClientWriteReactor<v1::InstallPolicyRequest>, public Cancellable {
public:
    Uploader(std::shared_ptr<Inbox> inbox, std::string address,
             std::weak_ptr<HeldResult<PolicyInstalled>::Inner> to, PolicyUpload upload)
        : m_inbox(std::move(inbox)),
          m_address(std::move(address)),
          m_to(std::move(to)),
          m_upload(std::move(upload)) {}

    void start(v1::Federation::Stub& stub, std::shared_ptr<Uploader> self, Duration deadline) {
        m_self = std::move(self);
        m_inbox->begin(m_self);
        m_context.set_deadline(std::chrono::system_clock::now() + deadline);
        stub.async()->InstallPolicy(&m_context, &m_reply, this);
        v1::InstallPolicyHeader& header = *m_request.mutable_header();
        header.set_sha256(m_upload.sha256);
        header.set_size(m_upload.bytes.size());
        header.set_trust(m_upload.trust);
        header.set_file_name(m_upload.fileName);
        StartWrite(&m_request);
        StartCall();
    }
    grpc::ClientContext& context() { return m_context; }
    void cancel() override { m_context.TryCancel(); }

    void OnWriteDone(bool ok) override {
        if (!ok)
            return;  // the server has answered already, or is gone: OnDone says which
        if (m_sent >= m_upload.bytes.size())
            return StartWritesDone();
        const std::size_t size = std::min(kChunk, m_upload.bytes.size() - m_sent);
        m_request.set_chunk(m_upload.bytes.data() + m_sent, size);
        m_sent += size;
        StartWrite(&m_request);
    }
    void OnDone(const grpc::Status& status) override {
        m_inbox->post(answer<PolicyInstalled>(
            m_to, status.ok() ? Result<PolicyInstalled>(toValue(m_reply))
                              : Result<PolicyInstalled>(fail(errorOf(status, m_address)))));
        const auto inbox = m_inbox;
        m_self.reset();
        inbox->end();
    }

private:
    std::shared_ptr<Inbox> m_inbox;
    const std::string m_address;
    std::weak_ptr<HeldResult<PolicyInstalled>::Inner> m_to;
    std::shared_ptr<Uploader> m_self;
    PolicyUpload m_upload;
    std::size_t m_sent = 0;
    grpc::ClientContext m_context;
    v1::InstallPolicyRequest m_request;
    v1::InstallPolicyResponse m_reply;
};

}  // namespace

RpcChannel::RpcChannel(const FederationEndpoint& endpoint) : m_impl(std::make_unique<Impl>(endpoint)) {}

RpcChannel::~RpcChannel() {
    m_impl->inbox->close();
}

Request RpcChannel::watch(WatchScope scope, WatchCallbacks callbacks) {
    auto held = std::make_unique<HeldWatch>();
    held->inner->callbacks = std::move(callbacks);
    auto reader = std::make_shared<WatchReader>(m_impl->inbox, m_impl->address, held->inner, scope);
    held->inner->call = reader;
    m_impl->prepare(reader->context());
    reader->start(*m_impl->stub);
    return Request(std::move(held));
}

Request RpcChannel::explain(const ObjectId& object, Callback<Explanation> done) {
    v1::ExplainRequest request;
    toMessage(object, *request.mutable_object());
    return m_impl->unary<Explanation, v1::ExplainRequest, v1::Explanation>(
        std::move(request), std::move(done),
        [this](auto& call, auto ended) {
            m_impl->stub->async()->Explain(&call.context, &call.request, &call.reply, std::move(ended));
        },
        [](const v1::Explanation& reply) { return toValue(reply); });
}

Request RpcChannel::listPolicies(Callback<std::vector<PolicyPlugin>> done) {
    return m_impl->unary<std::vector<PolicyPlugin>, v1::ListPoliciesRequest, v1::ListPoliciesResponse>(
        {}, std::move(done),
        [this](auto& call, auto ended) {
            m_impl->stub->async()->ListPolicies(&call.context, &call.request, &call.reply, std::move(ended));
        },
        [](const v1::ListPoliciesResponse& reply) {
            std::vector<PolicyPlugin> plugins;
            for (const v1::PolicyPlugin& plugin : reply.plugins())
                plugins.push_back(toValue(plugin));
            return plugins;
        });
}

Request RpcChannel::installPolicy(PolicyUpload upload, Callback<PolicyInstalled> done) {
    auto held = std::make_unique<HeldResult<PolicyInstalled>>();
    held->inner->callbacks = std::move(done);
    auto uploader =
        std::make_shared<Uploader>(m_impl->inbox, m_impl->address, held->inner, std::move(upload));
    held->inner->call = uploader;
    m_impl->prepare(uploader->context());
    uploader->start(*m_impl->stub, uploader, m_impl->deadlines.upload);
    return Request(std::move(held));
}

}  // namespace kubefed::client
