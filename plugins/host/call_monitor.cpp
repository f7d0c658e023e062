// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/call_monitor.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kubefed::plugins {

namespace {

constexpr std::uint64_t kMagic = 0x32314d4346424bULL;  // of this layout
constexpr std::size_t kSlots = 16;                     // calls at the same time
constexpr std::size_t kNames = 1024;
constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

struct Name {
    std::array<char, 64> plugin;
    std::array<char, 72> sha256;
};

struct Slot {
    std::atomic<std::uint32_t> thread;  // 0: free
    std::atomic<std::uint32_t> name;
    std::atomic<std::uint32_t> doing;  // 0: nothing
    std::atomic<std::uint32_t> calls;  // counts, so that a long call differs from many short ones
};

// As it is kept over processes; without a name it is none.
struct Accused {
    Name name;
    std::uint32_t doing;
    std::uint32_t ending;
    std::int32_t signal;
};

// The file. Everything that is read after a crash is written by single stores.
struct Record {
    std::uint64_t magic;
    std::atomic<std::int32_t> signal;
    std::atomic<std::uint32_t> guilty;  // slot + 1 of the call that ended the process or that stands still
    std::atomic<std::uint32_t> ending;  // how
    std::atomic<std::uint32_t> isInOrder;
    Accused suspect;  // kept until it is forgotten
    std::array<Accused, kSlots> doubts;
    std::array<Slot, kSlots> slots;
    std::array<Name, kNames> names;
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

std::uint32_t thisThread() {
    thread_local const auto kId = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    return kId;
}

void copyText(std::span<char> target, std::string_view text) {
    std::ranges::fill(target, '\0');
    std::ranges::copy(text.substr(0, target.size() - 1), target.begin());
}

std::string textOf(std::span<const char> field) {
    return {field.data(), ::strnlen(field.data(), field.size())};
}

bool isSame(const Name& one, const Name& other) {
    return textOf(one.plugin) == textOf(other.plugin) && textOf(one.sha256) == textOf(other.sha256);
}

// A handler of signals has no other way to its data.
std::atomic<Record*> signalRecord{nullptr};
std::array<struct sigaction, kSignals.size()> signalsBefore{};

// A plugin that recurses without end has no stack left to run a handler on. Each thread has its own.
class SignalStack {
public:
    SignalStack() : m_stack(64 << 10U) {
        const stack_t stack{.ss_sp = m_stack.data(), .ss_flags = 0, .ss_size = m_stack.size()};
        ::sigaltstack(&stack, &m_before);
    }
    ~SignalStack() { ::sigaltstack(&m_before, nullptr); }
    SignalStack(const SignalStack&) = delete;
    SignalStack& operator=(const SignalStack&) = delete;

private:
    std::vector<char> m_stack;
    stack_t m_before{};
};

// Async-signal-safe: loads, stores and system calls. False: this thread is in no call.
bool note(Record& record, Ending ending, int signal) {
    const auto thread = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    for (std::size_t i = 0; i < kSlots; ++i) {
        const Slot& slot = record.slots[i];
        if (slot.thread.load() != thread || slot.doing.load() == 0)
            continue;
        record.signal.store(signal);
        record.ending.store(static_cast<std::uint32_t>(ending));
        record.guilty.store(static_cast<std::uint32_t>(i) + 1);
        return true;
    }
    return false;
}

// Destructors of statics would run under threads that still work, and a status of 0 would tell whoever
// watches over us that all is well.
void noteExit() {
    if (Record* record = signalRecord.load(); record != nullptr && note(*record, Ending::Exit, 0))
        ::_exit(EXIT_FAILURE);
}

void noteSignal(int signal, siginfo_t* info, void*) {
    if (Record* record = signalRecord.load())
        note(*record, Ending::Signal, signal);
    // Then as it would have been without us: the instruction faults again, or the signal is sent again.
    for (std::size_t i = 0; i < kSignals.size(); ++i)
        if (kSignals[i] == signal)
            ::sigaction(signal, &signalsBefore[i], nullptr);
    if (info->si_code <= 0)
        ::raise(signal);
}

}  // namespace

std::string_view toString(Doing doing) {
    constexpr std::array<std::string_view, 9> kTexts{
        "", "loading", "construction", "destruction", "filter", "score", "select", "limit", "divide"};
    const auto index = static_cast<std::size_t>(doing);
    return index < kTexts.size() ? kTexts[index] : std::string_view();
}

std::string CallMonitor::Suspect::text() const {
    const std::string where(toString(doing));
    switch (ending) {
        case Ending::Signal:
            return "crashed in " + where + " (" + ::strsignal(signal) + ")";
        case Ending::StoodStill:
            return "did not come back from " + where;
        case Ending::Exit:
            return "ended the process in " + where + " (exit)";
        case Ending::Untold:
            break;
    }
    return "was in " + where +
           " when the process ended, twice (it left, a thread of its own crashed, or the " +
           "system ended it)";
}

class CallMonitor::Impl {
public:
    Impl(Config config, Record* record, int file)
        : m_config(std::move(config)), m_record(record), m_file(file) {
        takeOver();
        if (m_config.notesSignals)
            takeSignals();
        if (m_config.hung)
            m_watch = std::thread([this] { watch(); });
    }
    ~Impl() {
        if (m_watch.joinable()) {
            {
                const std::scoped_lock lock(m_mutex);
                m_isEnding = true;
            }
            m_wake.notify_all();
            m_watch.join();
        }
        absolve();
        if (m_config.notesSignals) {
            signalRecord = nullptr;
            for (std::size_t i = 0; i < kSignals.size(); ++i)
                ::sigaction(kSignals[i], &signalsBefore[i], nullptr);
        }
        ::munmap(m_record, sizeof(Record));
        ::close(m_file);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] std::optional<Suspect> suspect() const {
        Suspect result = suspectOf(m_record->suspect);
        return result.plugin.empty() ? std::nullopt : std::optional(std::move(result));
    }
    void forgetSuspect() { m_record->suspect = {}; }
    [[nodiscard]] std::vector<Suspect> doubts() {
        const std::scoped_lock lock(m_mutex);
        std::vector<Suspect> result;
        for (const Accused& doubt : m_record->doubts)
            if (doubt.name.plugin.front() != '\0')
                result.push_back(suspectOf(doubt));
        return result;
    }
    void endsInOrder() { m_record->isInOrder = 1; }

    std::uint32_t nameOf(std::string_view plugin, std::string_view sha256) {
        const std::scoped_lock lock(m_mutex);
        for (std::uint32_t i = 1; i < m_names; ++i)
            if (textOf(m_record->names[i].plugin) == plugin && textOf(m_record->names[i].sha256) == sha256)
                return i;
        if (m_names == kNames)
            return 0;
        copyText(m_record->names[m_names].plugin, plugin);
        copyText(m_record->names[m_names].sha256, sha256);
        return m_names++;
    }

    Slot* enter(std::uint32_t name, Doing doing) {
        if (m_config.notesSignals) {
            thread_local const SignalStack kStack;
        }
        std::int64_t& firstCall = m_firstCalls[name % kNames];
        if (std::atomic_ref(firstCall).load(std::memory_order_relaxed) == 0)
            std::atomic_ref(firstCall).store(sinceEpoch(std::chrono::steady_clock::now()),
                                             std::memory_order_relaxed);
        const std::uint32_t thread = thisThread();
        for (Slot& slot : m_record->slots) {
            std::uint32_t free = 0;
            if (!slot.thread.compare_exchange_strong(free, thread, std::memory_order_acquire))
                continue;
            slot.name.store(name, std::memory_order_relaxed);
            slot.calls.fetch_add(1, std::memory_order_relaxed);
            slot.doing.store(static_cast<std::uint32_t>(doing), std::memory_order_release);
            return &slot;
        }
        return nullptr;
    }
    static void leave(Slot& slot) {
        slot.doing.store(0, std::memory_order_relaxed);
        slot.thread.store(0, std::memory_order_release);
    }

private:
    static Suspect suspectOf(const Accused& accused) {
        return {textOf(accused.name.plugin), textOf(accused.name.sha256), static_cast<Doing>(accused.doing),
                static_cast<Ending>(accused.ending), accused.signal};
    }

    // What was left becomes the suspect or doubts; the rest begins anew.
    void takeOver() {
        if (m_record->magic != kMagic) {
            m_record->suspect = {};
            m_record->doubts = {};
        } else if (const std::uint32_t guilty = m_record->guilty; guilty > 0 && guilty <= kSlots) {
            m_record->suspect = accusedIn(m_record->slots[guilty - 1],
                                          static_cast<Ending>(m_record->ending.load()), m_record->signal);
            forgetDoubt(m_record->suspect.name);
        } else if (m_record->isInOrder == 0) {
            for (const Slot& slot : m_record->slots)
                if (slot.doing != 0)
                    doubt(accusedIn(slot, Ending::Untold, 0));
        }
        m_record->guilty = 0;
        m_record->ending = 0;
        m_record->signal = 0;
        m_record->isInOrder = 0;
        for (Slot& slot : m_record->slots)
            slot.thread = slot.name = slot.doing = slot.calls = 0;
        m_record->names = {};
        m_record->magic = kMagic;
    }
    [[nodiscard]] Accused accusedIn(const Slot& slot, Ending ending, int signal) const {
        return {m_record->names[slot.name.load() % kNames], slot.doing.load(),
                static_cast<std::uint32_t>(ending), signal};
    }
    // Somebody may have killed the process just then, once.
    void doubt(const Accused& accused) {
        if (forgetDoubt(accused.name)) {
            m_record->suspect = accused;
            return;
        }
        for (Accused& free : m_record->doubts)
            if (free.name.plugin.front() == '\0') {
                free = accused;
                return;
            }
    }
    bool forgetDoubt(const Name& name) {
        bool isKnown = false;
        for (Accused& known : m_record->doubts)
            if (name.plugin.front() != '\0' && isSame(known.name, name)) {
                known = {};
                isKnown = true;
            }
        return isKnown;
    }
    // Whoever has run to an orderly end since is not doubted any more.
    void absolve() {
        for (std::uint32_t i = 1; i < m_names; ++i)
            forgetDoubt(m_record->names[i]);
    }
    // Nor who was called that long ago, and the process still runs.
    void absolveTrusted(std::chrono::steady_clock::time_point now) {
        for (std::uint32_t i = 1; i < m_names; ++i) {
            const std::int64_t first = std::atomic_ref(m_firstCalls[i]).load(std::memory_order_relaxed);
            if (first != 0 && sinceEpoch(now - m_config.trust) >= first)
                forgetDoubt(m_record->names[i]);
        }
    }
    static std::int64_t sinceEpoch(std::chrono::steady_clock::time_point time) {
        return time.time_since_epoch().count();
    }

    void takeSignals() {
        signalRecord = m_record;
        static std::once_flag hooks;  // they cannot be taken back, and do nothing without a record
        std::call_once(hooks, [] {
            std::atexit(noteExit);
            std::at_quick_exit(noteExit);
        });
        struct sigaction action{};
        action.sa_sigaction = noteSignal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        for (std::size_t i = 0; i < kSignals.size(); ++i)
            ::sigaction(kSignals[i], &action, &signalsBefore[i]);
    }

    void watch() {
        struct Seen {
            std::uint32_t calls = 0;
            std::chrono::steady_clock::time_point since{};
        };
        std::array<Seen, kSlots> seen{};
        std::uint32_t told = 0;  // the slot that hangs, plus one; 0: none
        std::uint32_t toldCalls = 0;
        std::unique_lock lock(m_mutex);
        while (!m_wake.wait_for(lock, std::max(m_config.limit / 8, std::chrono::milliseconds(1)),
                                [this] { return m_isEnding; })) {
            const auto now = std::chrono::steady_clock::now();
            absolveTrusted(now);
            std::uint32_t guilty = 0;
            for (std::size_t i = 0; i < kSlots; ++i) {
                const Slot& slot = m_record->slots[i];
                const std::uint32_t calls = slot.calls.load();
                if (slot.doing.load() == 0 || calls != seen[i].calls)
                    seen[i] = {calls, now};
                // Of several, the one that was told stays told while it hangs.
                else if (now - seen[i].since >= m_config.limit && (guilty == 0 || i + 1 == told))
                    guilty = static_cast<std::uint32_t>(i) + 1;
            }
            const std::uint32_t calls = guilty == 0 ? 0 : seen[guilty - 1].calls;
            if (guilty == told && calls == toldCalls)
                continue;
            told = guilty;
            toldCalls = calls;
            m_record->ending = static_cast<std::uint32_t>(Ending::StoodStill);
            m_record->guilty = guilty;
            if (guilty == 0) {
                m_config.hung(nullptr);
                continue;
            }
            const Slot& slot = m_record->slots[guilty - 1];
            const Name& name = m_record->names[slot.name.load() % kNames];
            const Suspect suspect{textOf(name.plugin), textOf(name.sha256),
                                  static_cast<Doing>(slot.doing.load()), Ending::StoodStill};
            m_config.hung(&suspect);
        }
    }

    const Config m_config;
    Record* const m_record;
    const int m_file;
    std::mutex m_mutex;  // of names, doubts and the end
    std::condition_variable m_wake;
    bool m_isEnding = false;
    std::uint32_t m_names = 1;
    std::array<std::int64_t, kNames> m_firstCalls{};  // of each name; 0: none
    std::thread m_watch;
};

Result<std::unique_ptr<CallMonitor>> CallMonitor::open(Config config) {
    const auto problem = [&](const char* what) {
        return fail(Code::FailedPrecondition, "\"" + config.file.string() + "\" cannot be " + what + ": " +
                                                  std::generic_category().message(errno));
    };
    const int file = ::open(config.file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return problem("opened");
    if (::ftruncate(file, sizeof(Record)) != 0) {
        const auto error = problem("sized");
        ::close(file);
        return error;
    }
    void* memory = ::mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        const auto error = problem("mapped");
        ::close(file);
        return error;
    }
    return std::unique_ptr<CallMonitor>(
        new CallMonitor(std::make_unique<Impl>(std::move(config), static_cast<Record*>(memory), file)));
}

CallMonitor::CallMonitor(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
CallMonitor::~CallMonitor() = default;

std::optional<CallMonitor::Suspect> CallMonitor::suspect() const {
    return m_impl->suspect();
}
void CallMonitor::forgetSuspect() {
    m_impl->forgetSuspect();
}
std::vector<CallMonitor::Suspect> CallMonitor::doubts() const {
    return m_impl->doubts();
}
void CallMonitor::endsInOrder() {
    m_impl->endsInOrder();
}
std::uint32_t CallMonitor::nameOf(std::string_view plugin, std::string_view sha256) {
    return m_impl->nameOf(plugin, sha256);
}

CallMonitor::Call::Call(CallMonitor* monitor, std::uint32_t name, Doing doing)
    : m_slot(monitor == nullptr ? nullptr : monitor->m_impl->enter(name, doing)) {}
CallMonitor::Call::~Call() {
    if (m_slot != nullptr)
        Impl::leave(*static_cast<Slot*>(m_slot));
}

}  // namespace kubefed::plugins
