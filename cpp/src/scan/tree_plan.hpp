#pragma once
// What a scan of a tree prepares once, and the ways it goes through the windows of a set.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "enteroscan/model/model.hpp"
#include "enteroscan/model/tree_model.hpp"
#include "enteroscan/windows/intervals.hpp"
#include "enteroscan/windows/tree.hpp"

namespace enteroscan {

/// For every end, the starts of its windows: from `first` to `last`.
struct Starts {
    std::int32_t first = 0;
    std::int32_t last = -1;  // below first: the end has no window
};

/// The windows of days by their ends.
struct Ends {
    std::vector<Starts> starts;  // one for each end, 0 to n_days
    std::int32_t first = 0;      // end that has windows
    std::int32_t last = -1;
    bool regular = true;  // a shorter window within an allowed one is allowed, down to the shortest
};

Ends by_end(const Intervals& intervals);

/// What does not change from replicate to replicate in a set.
struct SetFacts {
    TreeStatistic statistic;
    std::int64_t cases = 0;      // of the data; of every replicate, too, where the model is about time
    double measure = 0.0;        // on all days
    double factor = 1.0;         // of the cumulative measures
    std::size_t cumulative = 0;  // where they begin
    std::size_t limits = 0;      // where its limits begin, among those of all
};

/// Sets that are compared with the same totals have the same limits.
struct LimitTable {
    TreeStatistic statistic;
    std::size_t begin = 0;
    std::size_t size = 0;  // one for each number of cases, from 0
};

/// Best window of a set so far.
struct Best {
    double statistic = 0.0;
    std::int64_t cases = 0;
    double measure = 0.0;
    std::int32_t start = 0;
    std::int32_t end = 0;
    bool high = true;
};

/// Cases of a set by day: days that have cases, and how many there are up to and including each.
struct Days {
    std::span<const std::int32_t> days;
    std::span<const std::int32_t> cumulative;
};

/// What a window must have for a statistic of at least `level`; others need not be looked at. `level` makes
/// a difference to speed alone: a replicate whose maximum is below it is done again without.
struct Limits {
    double level = 0.0;
    std::vector<double> greatest_measures = {};  ///< high rates in time: for each number of cases
    std::vector<double> fewest_cases = {};       ///< high rates without time: for each simulated set
    std::vector<double> most_cases = {};         ///< low rates without time
};

class TreePlan {
  public:
    TreePlan(TreeModel model_given, TreeSets sets_given, Intervals intervals_given, Rates rates_given,
             std::int64_t min_cases_given);

    TreeModel model;
    TreeSets sets;
    Intervals intervals;
    Rates rates;
    std::int64_t min_cases;
    Ends ends = by_end(intervals);
    std::vector<SetFacts> facts = {};
    std::vector<double> cumulative = {};
    std::vector<std::uint32_t> simulated = {};    // sets that are looked at in replicates
    Lists simulated_of_unit = {};                 // positions in `simulated`
    std::vector<std::uint32_t> day_offsets = {};  // of the simulated sets, into the days with cases
    std::vector<LimitTable> limit_tables = {};

    bool is_temporal() const noexcept {
        return model.null == TreeModel::Null::uniform || model.null == TreeModel::Null::permutation ||
               model.null == TreeModel::Null::bernoulli_time;
    }
    bool looks_at_case_days() const noexcept { return rates == Rates::high && ends.regular; }

    double measure_between(const SetFacts& set, std::int32_t start, std::int32_t end) const noexcept {
        const double* sums = cumulative.data() + set.cumulative;
        return set.factor * (sums[end] - sums[start]);
    }

    double eligible_value(const SetFacts& set, double cases, double measure, bool& high) const noexcept {
        high = rates != Rates::low && cases >= static_cast<double>(min_cases) &&
               set.statistic.is_high(cases, measure);
        if (high || (rates != Rates::high && set.statistic.is_low(cases, measure))) {
            return set.statistic.value(cases, measure);
        }
        return 0.0;
    }

    void offer(const SetFacts& set, std::int64_t cases, std::int32_t start, std::int32_t end,
               Best& best) const noexcept {
        const double measure = measure_between(set, start, end);
        bool high = true;
        const double value = eligible_value(set, static_cast<double>(cases), measure, high);
        if (value > best.statistic) best = {value, cases, measure, start, end, high};
    }

    /// The best window of high rates. Only windows that cannot be made shorter without losing a case can be
    /// it: from a day with cases, or of the shortest length, to a day with cases or the first end after it.
    template <class Offer>
    void scan_case_days(const Days& set, Offer offer_window) const {
        const auto n = set.days.size();
        for (std::size_t j = 0; j < n; ++j) {
            const std::int32_t last_day = set.days[j];
            const std::int32_t next_day = j + 1 < n ? set.days[j + 1] : model_days();
            std::int32_t end = std::max(last_day + 1, ends.first);
            if (end > std::min(next_day, ends.last)) continue;
            const auto& starts = ends.starts[static_cast<std::size_t>(end)];
            for (std::size_t i = j + 1; i > 0 && set.days[i - 1] >= starts.first; --i) {
                const std::int32_t before = i > 1 ? set.cumulative[i - 2] : 0;
                offer_window(set.cumulative[j] - before, std::min(set.days[i - 1], starts.last), end);
            }
            for (++end; end <= std::min(next_day, ends.last); ++end) {
                const auto& later = ends.starts[static_cast<std::size_t>(end)];
                if (later.last > last_day) break;
                offer_window(cases_since(set, j, later.last), later.last, end);
            }
        }
    }

    /// Full counts of all sets for windows of every kind.
    template <class Offer>
    void scan_all_windows(std::span<const std::int64_t> cumulative_cases, Offer offer_window) const {
        for (std::int32_t end = ends.first; end <= ends.last; ++end) {
            const auto& starts = ends.starts[static_cast<std::size_t>(end)];
            for (std::int32_t start = starts.last; start >= starts.first; --start) {
                if (!ends.regular && !intervals.contains(start, end)) continue;
                offer_window(cumulative_cases[static_cast<std::size_t>(end)] -
                                 cumulative_cases[static_cast<std::size_t>(start)],
                             start, end);
            }
        }
    }

    Limits limits_at(double level) const;
    std::int32_t model_days() const noexcept { return static_cast<std::int32_t>(model.n_days); }

  private:
    void prepare_cases();
    void prepare_measures();
    void share_measure(const std::vector<double>& of_day);
    void own_measures();
    void add(std::uint32_t unit, std::uint32_t day, double number);
    void add_units();
    void add_kinds();
    void prepare_statistics();
    void prepare_simulation();
    void prepare_limits();

    /// Cases from a day to the j-th day with cases.
    static std::int32_t cases_since(const Days& set, std::size_t j, std::int32_t start) noexcept {
        std::size_t i = j + 1;
        while (i > 0 && set.days[i - 1] >= start) --i;
        return set.cumulative[j] - (i > 0 ? set.cumulative[i - 1] : 0);
    }
};

}  // namespace enteroscan
