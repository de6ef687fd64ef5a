// What a command touches, and how the recorder records one. For the .cpp files of the recorder.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>

#include "backend/command_recorder.h"

namespace ds {

// Rows of equal size at equal distances.
struct MemoryRange {
    const std::byte* begin = nullptr;
    Index rows = 0, row_bytes = 0, ld = 0;  // ld in bytes
    bool is_written = false;

    const std::byte* end() const { return begin + (rows - 1) * ld + row_bytes; }
};

inline bool overlap(const MemoryRange& a, const MemoryRange& b) {
    if (a.end() <= b.begin || b.end() <= a.begin) return false;
    const Index ld = std::max(a.ld, b.ld);
    const auto has_columns = [ld](const MemoryRange& r) {
        return r.ld == ld || (r.rows == 1 && r.row_bytes <= ld);
    };
    if (ld == 0 || !has_columns(a) || !has_columns(b)) return true;
    // Columns of rows of the same length, counted round a row.
    const Index distance = ((b.begin - a.begin) % ld + ld) % ld;
    return distance < a.row_bytes || ld - distance < b.row_bytes;
}

// A list of row numbers that lies in the host's memory: it must not change before the command has run.
struct HostList {
    const Index* numbers = nullptr;
    Index count = 0;
    std::uint64_t hash = 0;

    std::uint64_t hash_now() const {
        std::uint64_t h = 0xcbf29ce484222325;
        for (Index i = 0; i < count; ++i) h = (h ^ static_cast<std::uint64_t>(numbers[i])) * 0x100000001b3;
        return h;
    }
};

// The memory that a command reads and writes. Null pointers and empty ranges are no memory.
class Touches {
public:
    explicit Touches(const RecordedMemory& memory) : memory_(memory) {}

    template <class U>
    Touches& reads(const U* p, Index n) {
        return add(p, 1, n, 0, false);
    }
    template <class U>
    Touches& writes(U* p, Index n) {
        return add(p, 1, n, 0, true);
    }
    template <class U>
    Touches& reads(const Matrix<U>& m) {
        return add(m.p, m.rows, m.cols, m.ld, false);
    }
    template <class U>
    Touches& writes(const Matrix<U>& m) {
        return add(m.p, m.rows, m.cols, m.ld, true);
    }
    template <class U>
    Touches& reads(const Matrix<U>& m, Range rows) {
        return rows.empty() ? *this : add(m.p + rows.begin * m.ld, rows.size(), m.cols, m.ld, false);
    }
    template <class U>
    Touches& writes(const Matrix<U>& m, Range rows) {
        return rows.empty() ? *this : add(m.p + rows.begin * m.ld, rows.size(), m.cols, m.ld, true);
    }
    // Everything after p in its allocation: the last element is known to the device only.
    template <class U>
    Touches& reads_from(const U* p) {
        return add_bytes(p, 1, bytes_after(p), 0, false);
    }
    template <class U>
    Touches& writes_from(U* p) {
        return add_bytes(p, 1, bytes_after(p), 0, true);
    }
    // Row numbers, which may lie in the host's memory.
    Touches& reads_list(const Index* numbers, Range rows) {
        if (numbers == nullptr || rows.empty()) return *this;
        numbers += rows.begin;
        if (memory_.end_of(numbers) != nullptr) return reads(numbers, rows.size());
        HostList list{numbers, rows.size()};
        list.hash = list.hash_now();
        lists_[static_cast<std::size_t>(list_count_++)] = list;
        return *this;
    }
    Touches& forget_writes() {
        for (int i = 0; i < count_; ++i) ranges_[static_cast<std::size_t>(i)].is_written = false;
        return *this;
    }

    const MemoryRange* begin() const { return ranges_.data(); }
    const MemoryRange* end() const { return ranges_.data() + count_; }
    const HostList* lists_begin() const { return lists_.data(); }
    const HostList* lists_end() const { return lists_.data() + list_count_; }
    bool write_host() const {
        return std::any_of(begin(), end(), [&](const MemoryRange& r) {
            return r.is_written && memory_.end_of(r.begin) == nullptr;
        });
    }

private:
    template <class U>
    Touches& add(const U* p, Index rows, Index cols, Index ld, bool is_written) {
        constexpr Index kSize = sizeof(U);
        return add_bytes(p, rows, cols * kSize, ld * kSize, is_written);
    }
    Touches& add_bytes(const void* p, Index rows, Index row_bytes, Index ld, bool is_written) {
        if (p == nullptr || rows <= 0 || row_bytes <= 0) return *this;
        if (ld == 0) rows = 1;
        ranges_.at(static_cast<std::size_t>(count_++)) = {static_cast<const std::byte*>(p), rows, row_bytes,
                                                          rows == 1 ? 0 : ld, is_written};
        return *this;
    }
    Index bytes_after(const void* p) const {
        const std::byte* const end = p != nullptr ? memory_.end_of(p) : nullptr;
        return end != nullptr ? end - static_cast<const std::byte*>(p) : 1;
    }

    const RecordedMemory& memory_;
    std::array<MemoryRange, 24> ranges_;
    std::array<HostList, 4> lists_;
    int count_ = 0, list_count_ = 0;
};

template <class T>
struct CommandRecorder<T>::Recording {
    const CommandRecorder* recorder = nullptr;  // whose commands these are
    CommandList<T> list;
    std::vector<MemoryRange> since_sync;
    std::vector<HostList> host_lists;
    CommandExecutor<T> executor;
    Index calls = 0;  // for the checks

    void forget() {
        list.clear();
        since_sync.clear();
        host_lists.clear();
    }
    bool needs_sync(const Touches& touches) const {
        return std::any_of(touches.begin(), touches.end(), [&](const MemoryRange& r) {
            return std::any_of(since_sync.begin(), since_sync.end(), [&](const MemoryRange& earlier) {
                return (r.is_written || earlier.is_written) && overlap(r, earlier);
            });
        });
    }
};

template <class T>
template <auto kOperation, class... A>
void CommandRecorder<T>::record(const Touches& touches, const A&... arguments) const {
    Recording& r = recording();
    if (r.recorder != this) run_commands();
    r.recorder = this;
    const bool checks = options_.checks_every > 0 && ++r.calls % options_.checks_every == 0;
    if (checks) run_commands();
    const bool sync = r.needs_sync(touches);
    if (sync) r.since_sync.clear();
    const auto keep = [&r]<class Argument>(Argument argument) {
        if constexpr (requires { argument.plan; }) argument.plan = r.list.keep(*argument.plan);
        if constexpr (requires { argument.prefetch_hint; }) argument.prefetch_hint = nullptr;
        return argument;
    };
    r.list.template add<kOperation>(sync, make_arguments(keep(arguments)...));
    r.since_sync.insert(r.since_sync.end(), touches.begin(), touches.end());
    r.host_lists.insert(r.host_lists.end(), touches.lists_begin(), touches.lists_end());
    if (checks && !touches.write_host()) check(touches);
    if (touches.write_host()) run_commands();
}

template <class T>
Matrix<const T> columns_of(const Matrix<T>& m, Index rows, Index cols) {
    Matrix<const T> part;
    part.p = m.p, part.rows = rows, part.cols = cols, part.ld = m.ld;
    return part;
}

template <class T>
Touches row_touches(const RecordedMemory& memory, const Matrix<T>& y, const Matrix<const T>& x, Range rows) {
    return Touches(memory).writes(y, rows).reads(x, rows);
}

}  // namespace ds
