// SPDX-License-Identifier: Apache-2.0
//
// A Storage that keeps nothing: for simulated members and tests. Commits at once, inside write().
#pragma once

#include "kubefed/apiserver/storage/storage.h"

namespace kubefed::apiserver {

class MemoryStorage final : public Storage {
public:
    [[nodiscard]] Result<StorageContents> load(StorageListener& listener) override {
        m_listener = &listener;
        return StorageContents{};
    }
    void write(StorageWrite write) override { m_listener->onCommitted(write.rv, 0, 1); }
    void restart() override {}
    [[nodiscard]] std::uint64_t sizeBytes() const override { return 0; }

private:
    StorageListener* m_listener = nullptr;
};

}  // namespace kubefed::apiserver
