#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/model/exposure_model.hpp"
#include "enteroscan/windows/intervals.hpp"
#include "enteroscan/windows/tree.hpp"
#include "enteroscan/windows/zones.hpp"

namespace enteroscan {

class ExposurePlan;  // what a scan prepares; not for callers

/// A set of a tree in a zone and in some intervals.
struct ExposureWindow {
    std::uint32_t set = 0;
    std::uint32_t centre = 0;
    std::uint32_t size = 0;      ///< its zone is the first `size` members around `centre`
    std::int32_t start = 0;      ///< first interval
    std::int32_t end = 0;        ///< one past the last interval
    std::int64_t set_cases = 0;  ///< exposed cases of all places and intervals
    std::int64_t inside = 0;     ///< cases in zone and time, exposed or not
    std::int64_t cases = 0;      ///< ... and exposed
    double expected = 0.0;       ///< exposed cases in zone and time
    double statistic = 0.0;      ///< log likelihood ratio
};

/// Scans the products of tree nodes with zones and intervals: were the cases of these places and days exposed
/// to this more often than the other cases? Immutable; all members may be called from several threads.
class ExposureScan {
  public:
    /// @param sets       with the cases of the model as units
    /// @param intervals  windows that all end with the study period
    /// @param min_cases  fewest exposed cases in a window, in the data and in the replicates
    /// @throws InvalidInput where the parts do not fit together
    ExposureScan(ExposureModel model, TreeSets sets, const Zones& zones, const Intervals& intervals,
                 std::int64_t min_cases, const RunControl& control);
    ~ExposureScan();
    ExposureScan(ExposureScan&&) noexcept;
    ExposureScan& operator=(ExposureScan&&) noexcept;

    /// The best reportable window of every node that has one, by node. Of windows that are equal but for
    /// rounding that of the first centre, then the smallest zone, then the shortest time.
    std::vector<ExposureWindow> best_of_nodes(RunControl& control) const;

    /// Greatest statistics of the replicates [begin, end), in their order; 0 where no window is eligible.
    /// Replicate i is a pure function of the seed and i.
    std::vector<double> simulate(std::uint64_t begin, std::uint64_t end, std::uint64_t seed, int n_threads,
                                 RunControl& control) const;

    /// For every case the one whose exposures it gets in a replicate.
    std::vector<std::uint32_t> permutation(std::uint64_t seed, std::uint64_t replicate) const;

    const TreeSets& sets() const noexcept;

  private:
    std::unique_ptr<const ExposurePlan> plan_;
};

}  // namespace enteroscan
