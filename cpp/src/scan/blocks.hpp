#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "scan/centre_lists.hpp"
#include "scan/plan.hpp"

namespace enteroscan {

/// The zones around each centre in blocks of consecutive ones. No window of a block has more cases than
/// the one of its last zone, nor less measure than the one of its first: one test rules out all of them.
class Blocks {
  public:
    /// @param slack  a block ends where the expected cases in its widest window have grown by more than
    ///               slack * sqrt(expected)
    Blocks(const Plan& plan, double slack, std::size_t n_threads, const RunControl& control);

    /// Sites that each block around a centre adds.
    std::span<const std::uint32_t> lengths(std::size_t centre) const noexcept { return lengths_[centre]; }
    std::size_t count(std::size_t centre) const noexcept { return lengths_[centre].size(); }

    /// Separable measures: weight of the first zone of each block around a centre, and of the last.
    std::span<const double> first_weights(std::size_t centre) const noexcept {
        return first_weights_[centre];
    }
    std::span<const double> last_weights(std::size_t centre) const noexcept { return last_weights_[centre]; }

  private:
    CentreLists<std::uint32_t> lengths_;
    CentreLists<double> first_weights_;
    CentreLists<double> last_weights_;
};

/// Greatest measure of all windows.
double greatest_measure(const Plan& plan, std::size_t n_threads, const RunControl& control);

}  // namespace enteroscan
