#pragma once
// How far a list of locations may grow into zones.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "enteroscan/windows/zones.hpp"

namespace enteroscan {

/// The limits of one kind of zone, checked. Finds the longest prefix of a list that obeys those of size.
/// Immutable.
class PrefixLimit {
  public:
    /// @param name  "evaluated" or "reported", for messages
    /// @throws InvalidInput for limits that are negative or NaN, for weights that are not one finite
    ///         number >= 0 per location
    PrefixLimit(ZoneLimits limits, std::size_t n_locations, std::string_view name);

    double max_radius() const noexcept { return limits_.max_radius; }

    /// Before the first piece of a list.
    void start(std::vector<double>& sums) const { sums.assign(limits_.sizes.size(), 0.0); }

    /// Takes the next piece of a list and returns how many of its members may be added before one exceeds
    /// a limit of size; if not all, the list has ended.
    /// @param sums  weights of the list so far, one number per limit of size; brought up to date
    std::size_t extend(std::span<const std::uint32_t> members, std::span<double> sums) const;

  private:
    ZoneLimits limits_;
};

}  // namespace enteroscan
