// SPDX-License-Identifier: Apache-2.0
//
// One library per value of KUBEFED_BAD, each with one thing wrong. Written to the C boundary where the
// mistake is one that the C++ facade would not make.
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <kubefed/policy.hpp>
#include <sys/stat.h>
#include <unistd.h>

enum : int {
    NewerMajor = 1,
    NewerMinor,
    SmallStruct,
    WrongMagic,
    NoCreate,
    NoStage,
    NoStages,
    BadName,
    BadSchema,
    CreateFails,
    CreateNull,
    ThrowsAcross,
    SaysNothing,
    ThrowsInFacade,
    ThrowsInt,
    ThrowsInConstructor,
    Nan,
    UnknownCluster,
    Duplicate,
    MinAboveMax,
    TooMany,
    BelowMin,
    Hostile,
    Good,
    GoodAgain,
    NoManifest,
    // What only another process should load.
    CrashesInStatic,
    HangsInStatic,
    Crashes,
    Aborts,
    Hangs,
    Allocates,
    Exits,
    Overflows,
    Strict,
    IsWeighted,
    Reformed,  // what the others call themselves, and nothing wrong with it
    Chatters,
    Floods,
    Forks
};

namespace {

using kubefed::policy::Policy;

[[maybe_unused]] void spin() {
    static const volatile bool kIsEnough = false;
    while (!kIsEnough) {
    }
}

// A child that stays, whose id the test finds in a file; then an end, or none.
[[maybe_unused]] void leaveAChild() {
    if (const pid_t child = ::fork(); child == 0) {
        for (;;)
            ::pause();
    } else if (FILE* file = std::fopen(std::getenv("KUBEFED_TEST_CHILD"), "w")) {
        std::fprintf(file, "%d", static_cast<int>(child));
        std::fclose(file);
    }
    if (std::getenv("KUBEFED_TEST_HANGS") != nullptr)
        spin();
    std::_Exit(0);
}

[[maybe_unused]] int overflow(volatile int* above) {
    volatile int here[256] = {*above};
    return overflow(here) + here[0];
}

// Writes without end to whoever reads at the other end of a pipe.
[[maybe_unused]] void flood() {
    constexpr std::string_view kLine =
        "step by step by step by step by step by step by step by step by step\n";
    for (int file = 3;; file = file < 63 ? file + 1 : 3) {
        struct stat kind{};
        for (int i = 0; i < 1000 && ::fstat(file, &kind) == 0 && S_ISFIFO(kind.st_mode); ++i)
            (void)!::write(file, kLine.data(), kLine.size());
    }
}

// Runs while the library is being mapped.
[[maybe_unused]] const int atLoad = [] {
    if (KUBEFED_BAD == CrashesInStatic)
        __builtin_trap();
    if (KUBEFED_BAD == HangsInStatic)
        spin();
    if (KUBEFED_BAD == Chatters) {
        std::puts("name weighted");
        std::puts("refused I say");
        std::fflush(stdout);
    }
    if (KUBEFED_BAD == Floods)
        flood();
    if (KUBEFED_BAD == Forks)
        leaveAChild();
    return 0;
}();

[[maybe_unused]] void misbehave() {
    switch (KUBEFED_BAD) {
        case Crashes:
            *reinterpret_cast<volatile int*>(8) = 1;
            break;
        case Aborts:
            std::abort();
        case Hangs:
            spin();
            break;
        case Allocates: {
            std::vector<std::vector<char>> held;
            for (;;)
                held.emplace_back(std::size_t{64} << 20U, 'x');
        }
        case Exits:
            std::_Exit(0);
        case Overflows: {
            volatile int zero = 0;
            (void)overflow(&zero);
            break;
        }
        default:
            break;
    }
}

struct Bad : Policy {
    explicit Bad(const Config&) {
        if (KUBEFED_BAD == ThrowsInConstructor)
            throw std::runtime_error("no luck today");
    }
    void filter(const Round&, std::span<Candidate> clusters) override {
        if (KUBEFED_BAD == ThrowsInFacade)
            throw std::logic_error("index 7 of 3");
        if (KUBEFED_BAD == ThrowsInt)
            throw 42;
        if (KUBEFED_BAD == Hostile)
            for (Candidate& c : clusters)
                c.reject(std::string_view("\xff\xfe{}\x01{}{}", 9), "\xc3\x28",
                         std::numeric_limits<double>::infinity(), "{}");
    }
};

kubefed_row& row(const kubefed_round* round, std::uint64_t index) {
    return *reinterpret_cast<kubefed_row*>(reinterpret_cast<unsigned char*>(round->rows) +
                                           index * round->row_stride);
}

int object = 0;

[[maybe_unused]] std::int32_t create(const kubefed_host*, const kubefed_value*, const kubefed_error* error,
                                     void** policy) {
    if (KUBEFED_BAD == CreateFails) {
        constexpr std::string_view kWhy = "the moon is full";
        error->set(error->context, {kWhy.data(), kWhy.size()});
        return KUBEFED_INVALID_CONFIG;
    }
    if (KUBEFED_BAD != CreateNull)
        *policy = &object;
    return KUBEFED_OK;
}
[[maybe_unused]] void destroy(void*) {}

[[maybe_unused]] std::int32_t stage(void*, const kubefed_round* round, const kubefed_error*) {
    switch (KUBEFED_BAD) {
        case ThrowsAcross:
            throw std::runtime_error("over the fence");
        case SaysNothing:
            return KUBEFED_FAILED;
        case Nan:
            row(round, 0).points = std::numeric_limits<double>::quiet_NaN();
            break;
        case UnknownCluster:
            row(round, 0).cluster = 77;
            break;
        case Duplicate:
            row(round, 0).cluster = row(round, 1).cluster;
            break;
        case MinAboveMax:
            row(round, 0).lower = 2, row(round, 0).upper = 1;
            break;
        case TooMany:
            for (std::uint64_t i = 0; i < round->row_count; ++i)
                row(round, i).replicas = round->wanted;
            break;
        case BelowMin:
            for (std::uint64_t i = 0; i < round->row_count; ++i)
                row(round, i).replicas = 0;
            break;
        default:
            misbehave();
            break;
    }
    return KUBEFED_OK;
}

constexpr std::uint32_t stageOf(int bad) {
    return bad == Nan                          ? KUBEFED_STAGE_SCORE
           : bad == MinAboveMax                ? KUBEFED_STAGE_LIMIT
           : bad == TooMany || bad == BelowMin ? KUBEFED_STAGE_DIVIDE
                                               : KUBEFED_STAGE_FILTER;
}

[[maybe_unused]] constexpr kubefed_policy_manifest raw() {
    kubefed_policy_manifest m{};
    m.struct_size = sizeof m;
    m.magic = KUBEFED_POLICY_MAGIC;
    m.abi_major = KUBEFED_POLICY_ABI_MAJOR;
    m.abi_minor = KUBEFED_POLICY_ABI_MINOR;
    m.name = kubefed::policy::string("bad");
    m.version = kubefed::policy::string("0.1");
    m.stages = 1U << stageOf(KUBEFED_BAD);
    m.create = create;
    m.destroy = destroy;
    m.filter = m.score = m.select = m.limit = m.divide = stage;
    switch (KUBEFED_BAD) {
        case NewerMajor:
            m.abi_major = 9;
            break;
        case NewerMinor:
            m.abi_minor = 7;
            break;
        case SmallStruct:
            m.struct_size = 64;
            break;
        case WrongMagic:
            m.magic = 1;
            break;
        case NoCreate:
            m.create = nullptr;
            break;
        case NoStage:
            m.filter = nullptr;
            break;
        case NoStages:
            m.stages = 0;
            break;
        case BadName:
            m.name = kubefed::policy::string("Bad Name!");
            break;
        case BadSchema:
            m.config_schema = kubefed::policy::string("{\"type\": ");
            break;
        case Good:
            m.name = kubefed::policy::string("good");
            break;
        case GoodAgain:
            m.name = kubefed::policy::string("good");
            m.version = kubefed::policy::string("0.2");
            break;
        case Strict:
            m.name = kubefed::policy::string("good");
            m.version = kubefed::policy::string("0.3");
            m.config_schema =
                kubefed::policy::string("{\"type\": \"object\", \"additionalProperties\": false}");
            break;
        case Reformed:
            m.version = kubefed::policy::string("1.0");
            break;
        case IsWeighted:
            m.name = kubefed::policy::string("weighted");
            break;
        default:
            break;
    }
    return m;
}

}  // namespace

#if defined(KUBEFED_BAD_FACADE)
KUBEFED_POLICY(Bad, "bad", "0.1", "Fails as a policy written in C++ may")
#elif defined(KUBEFED_BAD_SILENT)
extern "C" __attribute__((visibility("default"))) const int kubefed_policy_manifest_v2 = 1;
#else
extern "C" __attribute__((
    visibility("default"))) constinit const kubefed_policy_manifest kubefed_policy_manifest_v1 = raw();
#endif
