#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "enteroscan/base/random.hpp"

namespace enteroscan {

/// Draws items without replacement, one after the other: the beginning of a Fisher-Yates shuffle. After
/// restore() the items stand as they did, so that the next replicate starts from the same order and does
/// not depend on those drawn before it.
template <class Item>
class Selection {
  public:
    explicit Selection(std::vector<Item> items) : items_(std::move(items)) {}

    Item draw(RandomStream& random) {
        const std::size_t i = chosen_.size();
        const std::size_t j = i + random.below(static_cast<std::uint32_t>(items_.size() - i));
        chosen_.push_back(static_cast<std::uint32_t>(j));
        std::swap(items_[i], items_[j]);
        return items_[i];
    }

    void restore() {
        for (std::size_t i = chosen_.size(); i-- > 0;) std::swap(items_[i], items_[chosen_[i]]);
        chosen_.clear();
    }

  private:
    std::vector<Item> items_;
    std::vector<std::uint32_t> chosen_;
};

}  // namespace enteroscan
