#include "enteroscan/scan/tree_scan.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "scan/replicates.hpp"
#include "scan/tree_plan.hpp"

namespace enteroscan {

namespace {

TreeWindow window_of(const TreePlan& plan, std::uint32_t set, const Best& best) {
    const auto& facts = plan.facts[set];
    return {set,
            best.start,
            best.end,
            facts.cases,
            best.cases,
            facts.measure,
            best.measure,
            facts.statistic.expected(best.measure),
            best.statistic,
            best.high};
}

/// Cases of all sets by day.
class CasesByDay {
  public:
    explicit CasesByDay(const TreePlan& plan) : row_(std::size_t{plan.model.n_days} + 1), counts_(row_) {}

    /// The cumulative cases of a set.
    std::span<const std::int64_t> of(std::span<const std::int32_t> days,
                                     std::span<const std::int32_t> cumulative) {
        std::size_t next = 0;
        std::int64_t sum = 0;
        for (std::size_t end = 0; end < row_; ++end) {
            if (next < days.size() && static_cast<std::size_t>(days[next]) + 1 == end) {
                sum = cumulative[next++];
            }
            counts_[end] = sum;
        }
        return counts_;
    }

  private:
    std::size_t row_;
    std::vector<std::int64_t> counts_;
};

/// The days with cases of every simulated set, in a data set.
class CaseDays {
  public:
    explicit CaseDays(const TreePlan& plan)
        : plan_(plan),
          sizes_(plan.simulated.size()),
          days_(plan.day_offsets.back()),
          cumulative_(plan.day_offsets.back()) {}

    /// @param cells  ascending by day
    void fill(std::span<const TreeCell> cells) {
        std::fill(sizes_.begin(), sizes_.end(), 0u);
        for (const auto& cell : cells) {
            const auto day = static_cast<std::int32_t>(cell.day);
            const auto count = static_cast<std::int32_t>(cell.count);
            for (const auto set : plan_.simulated_of_unit[cell.unit]) append(set, day, count);
        }
    }

    Days of(std::size_t set) const noexcept {
        const auto begin = plan_.day_offsets[set];
        return {std::span(days_).subspan(begin, sizes_[set]),
                std::span(cumulative_).subspan(begin, sizes_[set])};
    }

  private:
    void append(std::uint32_t set, std::int32_t day, std::int32_t count) noexcept {
        const auto begin = plan_.day_offsets[set];
        auto& size = sizes_[set];
        if (size > 0 && days_[begin + size - 1] == day) {
            cumulative_[begin + size - 1] += count;
            return;
        }
        days_[begin + size] = day;
        cumulative_[begin + size] = count + (size > 0 ? cumulative_[begin + size - 1] : 0);
        ++size;
    }

    const TreePlan& plan_;
    std::vector<std::uint32_t> sizes_;
    std::vector<std::int32_t> days_;
    std::vector<std::int32_t> cumulative_;
};

/// Looks at one replicate after the other. One for each thread.
class Replicates {
  public:
    Replicates(const TreePlan& plan, std::uint64_t seed)
        : plan_(plan),
          sampler_(plan.model.sampler(seed)),
          case_days_(plan),
          by_day_(plan),
          counts_(plan.simulated.size()) {}

    double maximum(std::uint64_t replicate, const Limits& limits, const Limits& none) {
        sampler_->draw(replicate, cells_);
        const double found = maximum_above(limits);
        return found >= limits.level ? found : maximum_above(none);
    }

  private:
    double maximum_above(const Limits& limits) {
        if (!plan_.is_temporal()) return of_totals(limits);
        case_days_.fill(cells_);
        double greatest = 0.0;
        for (std::size_t i = 0; i < plan_.simulated.size(); ++i) {
            const auto& set = plan_.facts[plan_.simulated[i]];
            const auto days = case_days_.of(i);
            if (plan_.looks_at_case_days()) {
                of_case_days(set, days, limits, greatest);
            } else {
                of_all_windows(set, days, greatest);
            }
        }
        return greatest;
    }

    double of_totals(const Limits& limits) {
        std::fill(counts_.begin(), counts_.end(), 0);
        for (const auto& cell : cells_) {
            for (const auto set : plan_.simulated_of_unit[cell.unit]) counts_[set] += cell.count;
        }
        double greatest = 0.0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            const auto cases = static_cast<double>(counts_[i]);
            if (cases < limits.fewest_cases[i] && cases > limits.most_cases[i]) continue;
            const auto& set = plan_.facts[plan_.simulated[i]];
            bool high = true;
            greatest = std::max(greatest, plan_.eligible_value(set, cases, set.measure, high));
        }
        return greatest;
    }

    void of_case_days(const SetFacts& set, const Days& days, const Limits& limits, double& greatest) const {
        const double* limit = limits.greatest_measures.data() + set.limits;
        plan_.scan_case_days(days, [&](std::int32_t cases, std::int32_t start, std::int32_t end) {
            const double measure = plan_.measure_between(set, start, end);
            if (measure > limit[cases]) return;
            bool high = true;
            const auto number = static_cast<double>(cases);
            greatest = std::max(greatest, plan_.eligible_value(set, number, measure, high));
        });
    }

    /// Of windows with the same number of cases, only those of the least and the greatest measure matter.
    void of_all_windows(const SetFacts& set, const Days& days, double& greatest) {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        const auto n = static_cast<std::size_t>(set.cases) + 1;
        least_.assign(n, infinity);
        greatest_.assign(n, -infinity);
        plan_.scan_all_windows(by_day_.of(days.days, days.cumulative),
                               [&](std::int64_t cases, std::int32_t start, std::int32_t end) {
                                   const double measure = plan_.measure_between(set, start, end);
                                   const auto c = static_cast<std::size_t>(cases);
                                   least_[c] = std::min(least_[c], measure);
                                   greatest_[c] = std::max(greatest_[c], measure);
                               });
        for (std::size_t c = 0; c < n; ++c) {
            if (least_[c] > greatest_[c]) continue;
            bool high = true;
            const auto cases = static_cast<double>(c);
            greatest = std::max({greatest, plan_.eligible_value(set, cases, least_[c], high),
                                 plan_.eligible_value(set, cases, greatest_[c], high)});
        }
    }

    const TreePlan& plan_;
    std::unique_ptr<TreeSampler> sampler_;
    CaseDays case_days_;
    CasesByDay by_day_;
    std::vector<TreeCell> cells_;
    std::vector<std::int64_t> counts_;
    std::vector<double> least_;
    std::vector<double> greatest_;
};

/// The days with cases of every set, in the data.
class Observed {
  public:
    explicit Observed(const TreePlan& plan) : days_(plan.facts.size()), cumulative_(plan.facts.size()) {
        for (const auto& cell : plan.model.cases) {
            for (const auto set : plan.sets.of_unit[cell.unit]) append(set, cell);
        }
    }

    Days of(std::size_t set) const noexcept { return {days_[set], cumulative_[set]}; }

  private:
    void append(std::uint32_t set, const TreeCell& cell) {
        auto& days = days_[set];
        auto& cumulative = cumulative_[set];
        const auto count = static_cast<std::int32_t>(cell.count);
        const std::int32_t before = cumulative.empty() ? 0 : cumulative.back();
        if (!days.empty() && std::cmp_equal(days.back(), cell.day)) {
            cumulative.back() += count;
        } else {
            days.push_back(static_cast<std::int32_t>(cell.day));
            cumulative.push_back(before + count);
        }
    }

    std::vector<std::vector<std::int32_t>> days_;
    std::vector<std::vector<std::int32_t>> cumulative_;
};

}  // namespace

TreeScan::TreeScan(TreeModel model, TreeSets sets, Intervals intervals, Rates rates, std::int64_t min_cases)
    : plan_(std::make_unique<const TreePlan>(std::move(model), std::move(sets), std::move(intervals), rates,
                                             min_cases)) {}
TreeScan::~TreeScan() = default;
TreeScan::TreeScan(TreeScan&&) noexcept = default;
TreeScan& TreeScan::operator=(TreeScan&&) noexcept = default;

const TreeModel& TreeScan::model() const noexcept { return plan_->model; }
const TreeSets& TreeScan::sets() const noexcept { return plan_->sets; }

std::vector<TreeWindow> TreeScan::best_of_nodes(RunControl& control) const {
    const auto& plan = *plan_;
    const Observed observed(plan);
    CasesByDay by_day(plan);
    std::map<std::uint32_t, TreeWindow> best_of_node;
    for (std::uint32_t set = 0; set < plan.facts.size(); ++set) {
        control.check();
        Best best;
        const auto& facts = plan.facts[set];
        const auto days = observed.of(set);
        const auto offer = [&](std::int64_t cases, std::int32_t start, std::int32_t end) {
            plan.offer(facts, cases, start, end, best);
        };
        if (plan.is_temporal() && plan.looks_at_case_days()) {
            plan.scan_case_days(days, offer);
        } else {
            plan.scan_all_windows(by_day.of(days.days, days.cumulative), offer);
        }
        if (best.statistic <= 0.0) continue;
        const auto window = window_of(plan, set, best);
        auto& kept = best_of_node.try_emplace(plan.sets.nodes[set], window).first->second;
        if (window.statistic > kept.statistic) kept = window;
    }
    std::vector<TreeWindow> windows;
    windows.reserve(best_of_node.size());
    for (const auto& [node, window] : best_of_node) windows.push_back(window);
    return windows;
}

std::vector<TreeWindow> TreeScan::best_of_ends(RunControl& control) const {
    const auto& plan = *plan_;
    const Observed observed(plan);
    CasesByDay by_day(plan);
    std::map<std::int32_t, TreeWindow> best_of_end;
    for (std::uint32_t set = 0; set < plan.facts.size(); ++set) {
        control.check();
        const auto& facts = plan.facts[set];
        const auto days = observed.of(set);
        const auto offer = [&](std::int64_t cases, std::int32_t start, std::int32_t end) {
            Best best;
            plan.offer(facts, cases, start, end, best);
            if (best.statistic <= 0.0) return;
            const auto window = window_of(plan, set, best);
            auto& kept = best_of_end.try_emplace(end, window).first->second;
            if (window.statistic > kept.statistic) kept = window;
        };
        plan.scan_all_windows(by_day.of(days.days, days.cumulative), offer);
    }
    std::vector<TreeWindow> windows;
    windows.reserve(best_of_end.size());
    for (const auto& [end, window] : best_of_end) windows.push_back(window);
    return windows;
}

std::vector<double> TreeScan::simulate(std::uint64_t begin, std::uint64_t end, std::uint64_t seed,
                                       int n_threads, RunControl& control) const {
    const auto& plan = *plan_;
    const auto none = plan.limits_at(0.0);
    return replicate_maxima<Limits>(
        {begin, end}, n_threads, control, [&](double level) { return plan.limits_at(level); },
        [&] {
            auto replicates = std::make_unique<Replicates>(plan, seed);
            return
                [&none, replicates = std::move(replicates)](std::uint64_t replicate, const Limits& limits) {
                    return replicates->maximum(replicate, limits, none);
                };
        });
}

}  // namespace enteroscan
