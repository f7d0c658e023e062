// SPDX-License-Identifier: Apache-2.0
//
// What the controller's executable is linked with: memory comes from jemalloc, and it has read our settings.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <QtTest/QTest>

#include <jemalloc/jemalloc.h>
#include <sys/types.h>

namespace {

template <class T>
T setting(const char* name) {
    T value{};
    std::size_t size = sizeof value;
    return mallctl(name, &value, &size, nullptr, 0) == 0 ? value : T(-1);
}

}  // namespace

class AllocatorTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void memoryComesFromIt() {
        const auto before = setting<std::uint64_t>("thread.allocated");
        const std::vector<char> some(1 << 20);
        QVERIFY(setting<std::uint64_t>("thread.allocated") - before >= some.size());
    }

    void itHasReadOurSettings() {
        if (qEnvironmentVariableIsSet("MALLOC_CONF"))
            QSKIP("MALLOC_CONF says otherwise");
        QCOMPARE(setting<unsigned>("opt.narenas"), 4U);
        QCOMPARE(setting<ssize_t>("opt.dirty_decay_ms"), 1000);
        QCOMPARE(setting<ssize_t>("opt.muzzy_decay_ms"), 0);
    }
};

QTEST_GUILESS_MAIN(AllocatorTest)
#include "allocator_test.moc"
