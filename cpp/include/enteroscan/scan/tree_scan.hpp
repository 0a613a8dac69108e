#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/model/model.hpp"
#include "enteroscan/model/tree_model.hpp"
#include "enteroscan/windows/intervals.hpp"
#include "enteroscan/windows/tree.hpp"

namespace enteroscan {

class TreePlan;  // what a scan prepares; not for callers

/// A set of units in a window of days, and what is in it.
struct TreeWindow {
    std::uint32_t set = 0;
    std::int32_t start = 0;      ///< first day
    std::int32_t end = 0;        ///< one past the last day
    std::int64_t set_cases = 0;  ///< cases of the set on all days
    std::int64_t cases = 0;
    double set_measure = 0.0;  ///< of the set on all days
    double measure = 0.0;      ///< expected cases, or observations
    double expected = 0.0;     ///< cases
    double statistic = 0.0;    ///< log likelihood ratio
    bool high = true;
};

/// Scans the nodes of a tree, and days. Immutable; all members may be called from several threads.
class TreeScan {
  public:
    /// @param intervals  of model.n_days days; the whole period where the model is not about time
    /// @param min_cases  fewest cases of a window of high rates, in the data and in the replicates
    /// @throws InvalidInput where model, sets and intervals do not fit together
    TreeScan(TreeModel model, TreeSets sets, Intervals intervals, Rates rates, std::int64_t min_cases);
    ~TreeScan();
    TreeScan(TreeScan&&) noexcept;
    TreeScan& operator=(TreeScan&&) noexcept;

    /// The best window of every node that has one, by node. Of equal ones that of the earlier end, then the
    /// shorter one.
    std::vector<TreeWindow> best_of_nodes(RunControl& control) const;

    /// The best window of every end, over all sets, by end. Of equal ones the shorter one.
    std::vector<TreeWindow> best_of_ends(RunControl& control) const;

    /// Greatest statistics of the replicates [begin, end), in their order; 0 where no window is eligible.
    /// Replicate i is a pure function of the seed and i.
    std::vector<double> simulate(std::uint64_t begin, std::uint64_t end, std::uint64_t seed, int n_threads,
                                 RunControl& control) const;

    const TreeModel& model() const noexcept;
    const TreeSets& sets() const noexcept;

  private:
    std::unique_ptr<const TreePlan> plan_;
};

}  // namespace enteroscan
