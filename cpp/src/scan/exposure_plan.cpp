#include "scan/exposure_plan.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "enteroscan/base/error.hpp"

namespace enteroscan {

namespace {

constexpr int n_halvings = 48;     // of the interval that a limit is in
constexpr double rounding = 1e-9;  // of statistics

/// The greatest number of expected cases with which a statistic may reach a level, or a little more.
double greatest_expected_cases(double cases, const LimitsOfSets& shares, double level) {
    // Windows of the cases alone, all of the least likely stratum, reach the most.
    if (-cases * std::log(shares.least_share) < level) return 0.0;
    double low = 0.0;
    double high = cases;
    for (int i = 0; i < n_halvings; ++i) {
        const double middle = (low + high) / 2.0;
        (exposure_bound(cases, middle, shares.greatest_share) < level ? high : low) = middle;
    }
    return high;
}

double least_positive(std::span<const double> numbers) {
    double least = 1.0;
    for (const double number : numbers) {
        if (number > 0.0) least = std::min(least, number);
    }
    return least;
}

void check_units(const TreeSets& sets, std::size_t n_cases) {
    if (sets.of_unit.size() == n_cases) return;
    throw InvalidInput("exposures: there are sets of " + std::to_string(sets.of_unit.size()) +
                       " units, but " + std::to_string(n_cases) + " cases");
}

}  // namespace

ExposurePlan::ExposurePlan(ExposureModel model_given, TreeSets sets_given, const Zones& zones,
                           const Intervals& intervals, std::int64_t min_cases_given,
                           const RunControl& control)
    : model(std::move(model_given)),
      sets(std::move(sets_given)),
      n_intervals(intervals.n_intervals()),
      min_cases(static_cast<std::int32_t>(
          std::clamp<std::int64_t>(min_cases_given, 1, std::numeric_limits<std::int32_t>::max()))) {
    model.check(zones.n_locations(), static_cast<std::size_t>(n_intervals));
    check_units(sets, model.n_cases());
    prepare_lengths(intervals);
    prepare_recent(zones.n_locations());
    prepare_sets();
    prepare_limits();
    prepare_growths(zones, control);
}

void ExposurePlan::prepare_lengths(const Intervals& intervals) {
    for (const auto& run : intervals.runs()) {
        if (run.first_start != run.last_start || run.first_start + run.length != n_intervals) {
            throw InvalidInput("exposures: windows must end with the study period");
        }
        lengths.push_back(run.length);
    }
    if (lengths.empty()) throw InvalidInput("exposures: there are no windows in time");
}

void ExposurePlan::prepare_recent(std::size_t n_locations) {
    std::vector<std::vector<std::uint32_t>> at(n_locations);
    std::vector<std::uint32_t> others;
    for (std::uint32_t i = 0; i < model.n_cases(); ++i) {
        const auto length = n_intervals - static_cast<std::int32_t>(model.interval[i]);
        const auto shortest = std::lower_bound(lengths.begin(), lengths.end(), length);
        if (shortest == lengths.end()) {
            others.push_back(i);
            continue;
        }
        at[model.location[i]].push_back(static_cast<std::uint32_t>(order.size()));
        order.push_back(i);
        first_length.push_back(static_cast<std::uint32_t>(shortest - lengths.begin()));
    }
    order.insert(order.end(), others.begin(), others.end());
    for (const auto& recent : at) recent_at.append(recent);
}

void ExposurePlan::prepare_sets() {
    exposed.assign(n_sets(), 0);
    shares_.assign(n_sets() * n_strata_, 0.0);
    std::vector<double> sizes(n_strata_);
    for (std::size_t i = 0; i < model.n_cases(); ++i) {
        sizes[model.stratum[i]] += 1.0;
        for (const auto set : sets.of_unit[i]) {
            ++exposed[set];
            shares_[set * n_strata_ + model.stratum[i]] += 1.0;
        }
    }
    for (std::size_t i = 0; i < shares_.size(); ++i) {
        shares_[i] /= std::max(sizes[i % n_strata_], 1.0);
    }
    std::vector<std::uint32_t> eligible;
    for (std::size_t i = 0; i < model.n_cases(); ++i) {
        eligible.clear();
        for (const auto set : sets.of_unit[i]) {
            if (exposed[set] >= min_cases) eligible.push_back(set);
        }
        sets_of_case.append(eligible);
    }
}

void ExposurePlan::prepare_limits() {
    std::vector<LimitsOfSets> of_set;
    for (std::uint32_t set = 0; set < n_sets(); ++set) {
        const auto own = shares(set);
        of_set.push_back({least_positive(own), *std::max_element(own.begin(), own.end()),
                          std::min(exposed[set], static_cast<std::int64_t>(n_recent()))});
    }
    limits_ = of_set;
    std::sort(limits_.begin(), limits_.end());
    limits_.erase(std::unique(limits_.begin(), limits_.end()), limits_.end());
    std::vector<std::size_t> begins{0};
    for (const auto& alike : limits_) {
        begins.push_back(begins.back() + static_cast<std::size_t>(alike.most_cases) + 1);
    }
    for (const auto& own : of_set) {
        const auto found = std::lower_bound(limits_.begin(), limits_.end(), own);
        limits_of_set_.push_back(begins[static_cast<std::size_t>(found - limits_.begin())]);
    }
}

void ExposurePlan::prepare_growths(const Zones& zones, const RunControl& control) {
    Neighbourhood around;
    growths.reserve(zones.n_centres());
    for (std::size_t centre = 0; centre < zones.n_centres(); ++centre) {
        control.check();
        zones.neighbourhood(centre, around);
        Growth growth;
        growth.reported = static_cast<std::uint32_t>(around.reported);
        for (std::size_t i = 0; i < around.members.size(); ++i) {
            if (recent_at[around.members[i]].empty()) continue;
            const auto size = std::max(i + 1, around.first_zone);
            // Until the next entry, zones grow by locations without recent cases alone.
            if (!growth.entries.empty() && i < around.first_zone) {
                growth.first_zone = growth.entries.size();
            }
            growth.entries.push_back({around.members[i], static_cast<std::uint32_t>(size)});
        }
        if (around.members.size() < around.first_zone) growth.first_zone = growth.entries.size();
        growths.push_back(std::move(growth));
    }
}

ExposureLimits ExposurePlan::limits_at(double level) const {
    ExposureLimits limits{level, {}};
    const double nearly = level * (1.0 - rounding);
    for (const auto& alike : limits_) {
        for (std::int64_t cases = 0; cases <= alike.most_cases; ++cases) {
            const auto number = static_cast<double>(cases);
            limits.greatest_expected.push_back(level > 0.0 ? greatest_expected_cases(number, alike, nearly)
                                                           : number);
        }
    }
    return limits;
}

}  // namespace enteroscan
