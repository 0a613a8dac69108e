#pragma once
// What a scan of exposures prepares once, and the walk through the windows around a centre.

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/model/exposure_model.hpp"
#include "enteroscan/windows/intervals.hpp"
#include "enteroscan/windows/tree.hpp"
#include "enteroscan/windows/zones.hpp"

namespace enteroscan {

/// A location with recent cases as it enters, and the smallest zone that holds it.
struct Entry {
    std::uint32_t location;
    std::uint32_t size;
};

/// The zones around a centre. Only locations with recent cases make a difference.
struct Growth {
    std::vector<Entry> entries;
    std::size_t first_zone = 0;  ///< number of the first entry with which a zone is complete
    std::uint32_t reported = 0;  ///< size of the largest zone that may be reported
};

/// What a window must have for a statistic of at least `level`; others need not be looked at.
struct ExposureLimits {
    double level = 0.0;
    std::vector<double> greatest_expected = {};  ///< for each number of cases, where a set's limits are
};

/// Limits of sets with these shares of strata, the least one that is not 0 and the greatest one, from no case
/// to `most_cases`.
struct LimitsOfSets {
    double least_share;
    double greatest_share;
    std::int64_t most_cases;

    friend auto operator<=>(const LimitsOfSets&, const LimitsOfSets&) = default;
};

class ExposurePlan {
  public:
    ExposurePlan(ExposureModel model_given, TreeSets sets_given, const Zones& zones,
                 const Intervals& intervals, std::int64_t min_cases_given, const RunControl& control);

    ExposureModel model;
    TreeSets sets;
    std::int32_t n_intervals;
    std::int32_t min_cases;
    std::vector<std::int32_t> lengths = {};        // of the windows, ascending
    std::vector<std::uint32_t> order = {};         // all cases, the recent ones first
    std::vector<std::uint32_t> first_length = {};  // of the recent ones: the shortest window they are in
    Lists recent_at = {};                          // of every location, positions in `order`
    std::vector<Growth> growths = {};              // one for each centre
    Lists sets_of_case = {};                       // those that can be in a cluster
    std::vector<std::int64_t> exposed = {};        // cases of every set

    std::size_t n_recent() const noexcept { return first_length.size(); }
    std::size_t n_sets() const noexcept { return sets.nodes.size(); }
    std::size_t n_strata() const noexcept { return n_strata_; }
    /// Of each stratum, how many of its cases are in a set.
    std::span<const double> shares(std::uint32_t set) const noexcept {
        return std::span(shares_).subspan(set * n_strata_, n_strata_);
    }
    /// Exposed cases to expect where there are so many of each stratum.
    double expected(std::uint32_t set, std::span<const double> inside) const noexcept {
        const double* shares = shares_.data() + set * n_strata_;
        double sum = 0.0;
        for (std::size_t stratum = 0; stratum < n_strata_; ++stratum)
            sum += shares[stratum] * inside[stratum];
        return sum;
    }
    double greatest_expected(const ExposureLimits& limits, std::uint32_t set, std::int32_t cases) const {
        return limits.greatest_expected[limits_of_set_[set] + static_cast<std::size_t>(cases)];
    }
    ExposureLimits limits_at(double level) const;

  private:
    void prepare_lengths(const Intervals& intervals);
    void prepare_recent(std::size_t n_locations);
    void prepare_sets();
    void prepare_growths(const Zones& zones, const RunControl& control);
    void prepare_limits();

    std::size_t n_strata_ = model.n_strata();
    std::vector<double> shares_ = {};              // [set, stratum]
    std::vector<LimitsOfSets> limits_ = {};        // sets that are alike have the same
    std::vector<std::size_t> limits_of_set_ = {};  // where they begin
};

/// Goes through the windows of a data set, centre by centre. Has scratch memory: make one per thread.
class ExposureWalk {
  public:
    explicit ExposureWalk(const ExposurePlan& plan)
        : plan_(plan),
          n_lengths_(plan.lengths.size()),
          counts_(plan.n_sets() * n_lengths_),
          since_(plan.n_sets(), unchanged),
          inside_(n_lengths_ * plan.n_strata()) {}

    /// Calls visit(set, entry, length, cases, inside of each stratum) for the windows around a centre that
    /// hold more cases of a set than any smaller or shorter one: no other can be the best of its set.
    /// @param source  for every recent case the one whose exposures it has
    template <class Visit>
    void windows(const Growth& growth, std::span<const std::uint32_t> source, Visit visit) {
        clear();
        for (std::size_t i = 0; i < growth.entries.size(); ++i) {
            for (const auto recent : plan_.recent_at[growth.entries[i].location]) add(recent, source[recent]);
            if (i < growth.first_zone) continue;
            for (const auto set : changed_) {
                visit_changes(set, growth.entries[i], visit);
                since_[set] = unchanged;
            }
            changed_.clear();
        }
    }

  private:
    static constexpr std::uint32_t unchanged = ~std::uint32_t{0};

    template <class Visit>
    void visit_changes(std::uint32_t set, const Entry& entry, Visit& visit) const {
        const std::int32_t* counts = counts_.data() + set * n_lengths_;
        const std::size_t first = since_[set];
        std::int32_t before = first > 0 ? counts[first - 1] : 0;
        for (std::size_t length = first; length < n_lengths_; ++length) {
            if (counts[length] == before) continue;
            before = counts[length];
            const auto strata = std::span(inside_).subspan(length * plan_.n_strata(), plan_.n_strata());
            visit(set, entry, length, before, strata);
        }
    }

    void add(std::uint32_t recent, std::uint32_t source) {
        const std::uint32_t first = plan_.first_length[recent];
        const std::uint32_t stratum = plan_.model.stratum[plan_.order[recent]];
        for (std::size_t length = first; length < n_lengths_; ++length) {
            inside_[length * plan_.n_strata() + stratum] += 1.0;
        }
        for (const auto set : plan_.sets_of_case[source]) {
            std::int32_t* counts = counts_.data() + set * n_lengths_;
            if (counts[n_lengths_ - 1] == 0) used_.push_back(set);
            for (std::size_t length = first; length < n_lengths_; ++length) ++counts[length];
            if (since_[set] == unchanged) changed_.push_back(set);
            since_[set] = std::min(since_[set], first);
        }
    }

    void clear() {
        for (const auto set : used_) {
            std::fill_n(counts_.begin() + static_cast<std::ptrdiff_t>(set * n_lengths_), n_lengths_, 0);
        }
        for (const auto set : changed_) since_[set] = unchanged;
        used_.clear();
        changed_.clear();
        std::fill(inside_.begin(), inside_.end(), 0.0);
    }

    const ExposurePlan& plan_;
    std::size_t n_lengths_;
    std::vector<std::int32_t> counts_;    // [set, length]
    std::vector<std::uint32_t> since_;    // shortest window of a set that has changed
    std::vector<std::uint32_t> changed_;  // sets that have, since windows were last visited
    std::vector<std::uint32_t> used_;     // sets that have cases
    std::vector<double> inside_;          // cases, [length, stratum]
};

}  // namespace enteroscan
