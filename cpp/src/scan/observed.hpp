#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/model/model.hpp"
#include "scan/plan.hpp"

namespace enteroscan {

/// A window in sites and columns.
struct Found {
    std::uint32_t centre = 0;
    std::uint32_t size = 0;  ///< sites
    std::int32_t start = 0;  ///< column
    std::int32_t end = 0;
    std::int64_t observed = 0;
    double measure = 0.0;
    double statistic = 0.0;
    bool high = true;
};

/// Counts of one data set: those of a site in columns, sorted, one entry a cell.
class SiteCases {
  public:
    struct Entry {
        std::uint32_t column;
        std::uint32_t count;
    };

    /// @param cells  in intervals of the study; those before the first column are left out
    SiteCases(const Plan& plan, const std::vector<Cell>& cells);

    std::span<const Entry> of(std::uint32_t site) const noexcept {
        return {entries_.data() + offsets_[site], offsets_[site + 1] - offsets_[site]};
    }

    /// Cases of a site in all columns.
    std::uint32_t total(std::uint32_t site) const noexcept { return totals_[site]; }

  private:
    std::vector<std::size_t> offsets_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> totals_;
};

/// The best windows of each centre among those that may be reported: the one with the greatest statistic
/// and, where windows of several times are looked at, the best ones before and after it, and so on.
/// Of equal windows the one that ends first is kept, then the shortest, then the smallest.
std::vector<Found> best_windows(const Plan& plan, Rates rates, const SiteCases& cases, double at_least,
                                bool several_times, std::size_t n_threads, const RunControl& control);

/// The greatest statistic over all windows that may be reported, 0 if none is eligible.
double maximum_statistic(const Plan& plan, Rates rates, const SiteCases& cases, std::size_t n_threads,
                         const RunControl& control);

/// The greatest statistic over all windows around one centre, or `best` if none beats it.
double centre_maximum(const Plan& plan, Rates rates, const SiteCases& cases, std::size_t centre, double best);

}  // namespace enteroscan
