#pragma once

#include <algorithm>
#include <cstdint>

#include "arrays.hpp"
#include "enteroscan/windows/tree.hpp"

namespace enteroscan::python {

/// The nodes that units are at, as offsets and nodes one after the other.
inline Lists lists_of(const Array<std::uint32_t>& offsets, const Array<std::uint32_t>& items) {
    Lists lists{copy(offsets), copy(items)};
    const auto& ends = lists.offsets;
    if (ends.empty() || ends.front() != 0 || ends.back() != lists.items.size() ||
        !std::is_sorted(ends.begin(), ends.end())) {
        throw InvalidInput("tree: the offsets of the units do not fit their nodes");
    }
    return lists;
}

}  // namespace enteroscan::python
