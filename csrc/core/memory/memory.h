// Memory of a device. Host code allocates it, fills it and copies to and from it; only the device's operations
// (backend/backend.h) read and write its elements. A Buffer lies in a device's memory, a HostArray in the
// host's.
#pragma once
#include <utility>

#include "core/check.h"
#include "core/types.h"

namespace ds {

inline constexpr Index kAlignment = 64;

class Memory {
public:
    virtual ~Memory() = default;
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    // `bytes` uninitialised bytes on a 64-byte boundary, null for 0. Throws std::bad_alloc.
    virtual void* allocate(Index bytes) = 0;
    virtual void free(void* memory, Index bytes) noexcept = 0;
    // Whether host code may read and write it in place.
    virtual bool is_host() const { return false; }

    // n elements: set to zero; copied within this memory; from it to the host's; from the host's to it.
    template <class T>
    void fill_zero(T* to, Index n) {
        fill_bytes(to, 0, bytes_of<T>(n));
    }
    template <class T>
    void copy(T* to, const T* from, Index n) {
        copy_bytes(to, from, bytes_of<T>(n));
    }
    template <class T>
    void to_host(T* to, const T* from, Index n) {
        bytes_to_host(to, from, bytes_of<T>(n));
    }
    template <class T>
    void from_host(T* to, const T* from, Index n) {
        bytes_from_host(to, from, bytes_of<T>(n));
    }

protected:
    Memory() = default;
    virtual void fill_bytes(void* to, int byte, Index bytes) = 0;
    virtual void copy_bytes(void* to, const void* from, Index bytes) = 0;
    virtual void bytes_to_host(void* to, const void* from, Index bytes) = 0;
    virtual void bytes_from_host(void* to, const void* from, Index bytes) = 0;

private:
    template <class T>
    static Index bytes_of(Index n) {
        return n * static_cast<Index>(sizeof(T));
    }
};

// The host's memory, which all copies leave in place. Large blocks ask for huge pages, and freed ones may be
// reused (core/memory/block_cache.h).
class HostMemory : public Memory {
public:
    void* allocate(Index bytes) override;
    void free(void* memory, Index bytes) noexcept override;
    bool is_host() const override { return true; }

protected:
    void fill_bytes(void* to, int byte, Index bytes) override;
    void copy_bytes(void* to, const void* from, Index bytes) override;
    void bytes_to_host(void* to, const void* from, Index bytes) override { copy_bytes(to, from, bytes); }
    void bytes_from_host(void* to, const void* from, Index bytes) override { copy_bytes(to, from, bytes); }
};

HostMemory& host_memory();

// An owned, uninitialised array in a device's memory, which must outlive it. Moves, never copies. It has no
// operator[]: host code cannot rely on reading it.
template <class T>
class Buffer {
public:
    Buffer() = default;
    Buffer(Memory& memory, Index n)
        : memory_(&memory), data_(static_cast<T*>(memory.allocate(checked_mul(n, sizeof(T))))), size_(n) {}
    Buffer(Buffer&& other) noexcept
        : memory_(other.memory_),
          data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Buffer() {
        if (data_) memory_->free(data_, bytes());
    }

    Memory* memory() const { return memory_; }  // null for a buffer that was never allocated
    T* data() { return data_; }
    const T* data() const { return data_; }
    Index size() const { return size_; }
    Index bytes() const { return size_ * static_cast<Index>(sizeof(T)); }

private:
    Memory* memory_ = nullptr;
    T* data_ = nullptr;
    Index size_ = 0;
};

// An owned, uninitialised array in the host's memory. Moves, never copies.
template <class T>
class HostArray {
public:
    HostArray() = default;
    explicit HostArray(Index n) : buffer_(host_memory(), n) {}

    // A new array if the size differs. The elements are unspecified.
    void resize(Index n) {
        if (n != size()) *this = HostArray(n);
    }

    T* data() { return buffer_.data(); }
    const T* data() const { return buffer_.data(); }
    Index size() const { return buffer_.size(); }
    T& operator[](Index i) { return data()[i]; }
    const T& operator[](Index i) const { return data()[i]; }
    T* begin() { return data(); }
    T* end() { return data() + size(); }
    const T* begin() const { return data(); }
    const T* end() const { return data() + size(); }

private:
    Buffer<T> buffer_;
};

}  // namespace ds
