// A struct in a device's memory that host code and operations share: StepParams and StepStatus.
#pragma once
#include "core/memory/memory.h"
#include "kernels/step/step_table.h"

namespace ds {

// Host code reads and writes host(). In the host's memory that is the struct itself; elsewhere it is a copy, which
// upload() and download() exchange with the struct.
template <class S>
class SharedStruct {
public:
    explicit SharedStruct(Memory& memory) : struct_(memory, 1), in_place_(memory.is_host()) {
        host() = {};
        upload();
    }

    S* data() { return struct_.data(); }  // for operations
    S& host() { return in_place_ ? *struct_.data() : copy_; }
    void upload() {
        if (!in_place_) struct_.memory()->from_host(struct_.data(), &copy_, 1);
    }
    void download() {
        if (!in_place_) struct_.memory()->to_host(&copy_, struct_.data(), 1);
    }

private:
    Buffer<S> struct_;
    S copy_;
    bool in_place_;
};

}  // namespace ds
