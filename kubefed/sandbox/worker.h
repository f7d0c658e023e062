// SPDX-License-Identifier: Apache-2.0
//
// A thread with an event loop that owns some members. Tasks run there in order and answer by posting back;
// the destructor ends its members in order and joins.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "kubefed/sandbox/member.h"

namespace kubefed::sandbox {

using Members = std::map<std::string, std::unique_ptr<Member>>;

class Worker {
public:
    using Task = std::function<void(Members&, Clock&)>;

    Worker();
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    void post(Task task);  // any thread

private:
    class Thread;
    std::unique_ptr<Thread> m_thread;
};

}  // namespace kubefed::sandbox
