#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "scan/scan_memory.hpp"

namespace enteroscan {

/// A list for each centre, all made by parallel_for and read ever after. Together they are by far the largest
/// thing in a scan's memory, so they lie close: a worker puts what it makes into chunks of its own.
template <class T>
class CentreLists {
  public:
    CentreLists() = default;
    CentreLists(std::size_t n_centres, std::size_t n_workers) : lists_(n_centres), chunks_(n_workers) {}

    /// Copies the list of one centre, which has none yet.
    void set(std::size_t centre, std::span<const T> list, std::size_t worker) {
        std::vector<ScanMemory<T>>& chunks = chunks_[worker];
        if (chunks.empty() || chunks.back().capacity() - chunks.back().size() < list.size()) {
            const std::size_t twice = chunks.empty() ? first_chunk : 2 * chunks.back().capacity();
            chunks.emplace_back();
            chunks.back().reserve(std::max(list.size(), std::min(twice, last_chunk)));
        }
        ScanMemory<T>& chunk = chunks.back();
        const std::size_t begin = chunk.size();
        chunk.insert(chunk.end(), list.begin(), list.end());  // within what is reserved: nothing moves
        lists_[centre] = {chunk.data() + begin, list.size()};
    }

    std::span<const T> operator[](std::size_t centre) const noexcept { return lists_[centre]; }
    bool empty() const noexcept { return lists_.empty(); }

  private:
    static constexpr std::size_t first_chunk = (std::size_t{64} << 10) / sizeof(T);
    static constexpr std::size_t last_chunk = (std::size_t{8} << 20) / sizeof(T);

    std::vector<std::span<const T>> lists_;
    std::vector<std::vector<ScanMemory<T>>> chunks_;  ///< of each worker
};

}  // namespace enteroscan
