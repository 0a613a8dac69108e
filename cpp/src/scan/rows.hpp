#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "scan/blocks.hpp"
#include "scan/centre_lists.hpp"
#include "scan/plan.hpp"

namespace enteroscan {

/// Where the cases of sites lie: in rows, each of which holds one case of a replicate. A site takes as many
/// as its replicates may need, hardly ever too few.
class Rows {
  public:
    /// @param first_lengths  whether to have them
    Rows(const Plan& plan, bool first_lengths, std::size_t n_threads, const RunControl& control);

    /// How many there would be.
    static std::size_t count(const Plan& plan);

    std::size_t size() const noexcept { return first_.back(); }
    /// First row of each site, and of the one after the last.
    std::span<const std::uint32_t> first() const noexcept { return first_; }

    /// Rows around a centre in the order in which they enter.
    std::span<const std::uint32_t> members(std::size_t centre) const noexcept {
        return shared_out_ ? members_[centre] : plan_->members(centre);
    }
    /// Rows that each block around a centre adds; one number a block.
    const std::uint32_t* lengths(std::size_t centre) const noexcept {
        return (shared_out_ ? lengths_[centre] : plan_->blocks().lengths(centre)).data();
    }
    /// How many of them belong to the first zone of the block.
    const std::uint32_t* first_lengths(std::size_t centre) const noexcept {
        return first_lengths_.empty() ? nullptr : first_lengths_[centre].data();
    }

  private:
    void expand(std::size_t centre, std::size_t worker);
    void find_first_lengths(std::size_t centre, std::size_t worker);

    const Plan* plan_;
    std::vector<std::uint32_t> first_;
    bool shared_out_;  ///< whether some site does not have one row
    CentreLists<std::uint32_t> members_;
    CentreLists<std::uint32_t> lengths_;
    CentreLists<std::uint32_t> first_lengths_;
};

}  // namespace enteroscan
