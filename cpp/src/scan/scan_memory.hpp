#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace enteroscan {

/// Memory that a scan reads all over: aligned to vectors and, where it is large and the system lets us ask,
/// on huge pages, so that a row costs no look-up of its page.
template <class T>
class HugePages {
  public:
    using value_type = T;

    HugePages() = default;
    template <class U>
    HugePages(const HugePages<U>&) noexcept {}  // NOLINT(google-explicit-constructor): as allocators must

    T* allocate(std::size_t n) {
        const std::size_t bytes = n * sizeof(T);
        void* memory = ::operator new (bytes, std::align_val_t{alignment(bytes)});
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        if (bytes >= huge_page)
            madvise(memory, bytes, MADV_HUGEPAGE);  // a wish; nothing is lost if not granted
#endif
        return static_cast<T*>(memory);
    }
    void deallocate(T* memory, std::size_t n) noexcept {
        ::operator delete (memory, std::align_val_t{alignment(n * sizeof(T))});
    }

    /// Elements without a value get none: whoever writes a page first has it near, and no time is lost.
    template <class U>
    void construct(U* element) noexcept {
        ::new (static_cast<void*>(element)) U;
    }
    template <class U, class... Arguments>
    void construct(U* element, Arguments&&... arguments) {
        ::new (static_cast<void*>(element)) U(std::forward<Arguments>(arguments)...);
    }

    friend bool operator==(const HugePages&, const HugePages&) { return true; }

  private:
    static constexpr std::size_t huge_page = std::size_t{1} << 21;
    static constexpr std::size_t alignment(std::size_t bytes) noexcept {
        return bytes >= huge_page ? huge_page : 64;
    }
};

template <class T>
using ScanMemory = std::vector<T, HugePages<T>>;

/// Bytes of the second-level cache.
inline std::size_t cache_bytes() noexcept {
    std::size_t cache = std::size_t{512} << 10;  // of many processors, where the system does not tell
#if defined(__linux__) && defined(_SC_LEVEL2_CACHE_SIZE)
    const long told = sysconf(_SC_LEVEL2_CACHE_SIZE);
    if (told > 0) cache = static_cast<std::size_t>(told);
#endif
    return std::clamp<std::size_t>(cache, std::size_t{256} << 10, std::size_t{4} << 20);
}

}  // namespace enteroscan
