#pragma once
// Small random scans, and the obvious way to find their maxima.

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "enteroscan/model/model.hpp"
#include "enteroscan/scan/scan.hpp"
#include "enteroscan/windows/intervals.hpp"
#include "enteroscan/windows/zones.hpp"

namespace enteroscan::testing {

struct Problem {
    std::shared_ptr<const Model> model;
    std::shared_ptr<const Zones> zones;
    Intervals intervals;
    std::string text;
};

/// Makes a different problem for every number.
class ProblemMaker {
  public:
    explicit ProblemMaker(std::uint32_t number) : random_(number) {}

    Problem make() {
        const std::size_t n_locations = 1 + below(30);
        const auto n_intervals = static_cast<std::int32_t>(1 + below(40));
        auto zones = make_zones(n_locations);
        Intervals intervals = make_intervals(n_intervals);
        auto model = make_model(n_locations, n_intervals);
        return {std::move(model), std::move(zones), std::move(intervals), text_};
    }

  private:
    std::uint32_t below(std::uint32_t n) {
        return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(random_);
    }
    double uniform() { return std::uniform_real_distribution<>()(random_); }
    bool chance(double p) { return uniform() < p; }

    std::shared_ptr<const Zones> make_zones(std::size_t n) {
        std::vector<double> coordinates;
        std::vector<std::size_t> grid(100);
        for (std::size_t i = 0; i < grid.size(); ++i) grid[i] = i;
        std::shuffle(grid.begin(), grid.end(), random_);
        const bool gridded = chance(0.5);
        for (std::size_t i = 0; i < n; ++i) {
            coordinates.push_back(gridded ? static_cast<double>(grid[i] % 10) : uniform());
            coordinates.push_back(gridded ? static_cast<double>(grid[i] / 10) : uniform());
        }
        ZoneLimits limits;
        if (chance(0.7)) {
            SizeLimit limit;
            for (std::size_t i = 0; i < n; ++i) limit.weights.push_back(1.0);
            limit.limit = static_cast<double>(n) * (0.3 + uniform());
            limits.sizes.push_back(limit);
        }
        const Points points(coordinates, 2, Metric::cartesian);
        auto zones = circles(points, points, limits, {});
        if (chance(0.3)) zones = combined({zones, whole_area(n)});
        return zones;
    }

    Intervals make_intervals(std::int32_t n) {
        const auto least = static_cast<std::int32_t>(1 + below(static_cast<std::uint32_t>(std::min(n, 3))));
        const auto most = least + static_cast<std::int32_t>(below(static_cast<std::uint32_t>(n - least + 1)));
        switch (below(4)) {
            case 0:
                text_ += "spatial ";
                return whole_period(n);
            case 1:
                text_ += "prospective ";
                return open_intervals(n, least, most, n);
            case 2: {
                text_ += "retrospective with the whole period ";
                const Intervals all = all_intervals(n, least, most);
                std::vector<IntervalRun> runs(all.runs().begin(), all.runs().end());
                if (most < n) runs.push_back({n, 0, 0});
                return {n, runs};
            }
            default:
                text_ += "retrospective ";
                return all_intervals(n, least, most);
        }
    }

    std::vector<CaseRow> make_rows(std::size_t n_locations, std::int32_t n_intervals, std::size_t n) {
        std::vector<CaseRow> rows;
        const bool clustered = chance(0.3);
        for (std::size_t i = 0; i < n; ++i) {
            CaseRow row{static_cast<std::int32_t>(below(static_cast<std::uint32_t>(n_locations))),
                        static_cast<std::int32_t>(below(static_cast<std::uint32_t>(n_intervals))), 1, 0};
            if (clustered && chance(0.3)) row.location = row.interval = 0;
            if (chance(0.05)) row.count = 1 + below(chance(0.1) ? 400 : 10);
            rows.push_back(row);
        }
        return rows;
    }

    std::shared_ptr<const Model> make_model(std::size_t n_locations, std::int32_t n_intervals) {
        Eligibility eligibility;
        eligibility.rates = std::array{Rates::high, Rates::low, Rates::both}[below(3)];
        if (chance(0.2)) eligibility.min_cases_high = 1 + below(6);
        if (chance(0.3)) eligibility.min_cases_low = below(4);
        if (chance(0.2)) eligibility.min_relative_risk = 1.0 + uniform();
        if (chance(0.2)) eligibility.max_relative_risk = uniform();
        auto rows = make_rows(n_locations, n_intervals, below(chance(0.3) ? 2000 : 100));
        switch (below(5)) {
            case 0: {
                text_ += "permutation";
                return space_time_permutation(rows, n_locations, n_intervals, eligibility);
            }
            case 1: {
                text_ += "stratified permutation";
                for (CaseRow& row : rows) row.stratum = static_cast<std::int32_t>(below(3));
                return space_time_permutation(rows, n_locations, n_intervals, eligibility);
            }
            case 2:
            case 3: {
                const bool constant = chance(0.5);
                text_ += constant ? "constant Poisson" : "Poisson";
                std::vector<double> expected;
                for (std::size_t l = 0; l < n_locations; ++l) {
                    const double here = uniform();
                    const bool nobody = chance(0.1);
                    for (std::int32_t t = 0; t < n_intervals; ++t)
                        expected.push_back(nobody ? 0.0 : constant ? here : here * (0.2 + uniform()));
                    if (nobody)
                        std::erase_if(rows, [&](const CaseRow& row) {
                            return row.location == static_cast<std::int32_t>(l);
                        });
                }
                return poisson(rows, expected, n_locations, n_intervals, eligibility);
            }
            default: {
                text_ += "Bernoulli";
                auto controls = make_rows(n_locations, n_intervals, below(chance(0.3) ? 2000 : 100));
                return bernoulli(rows, controls, n_locations, n_intervals, eligibility);
            }
        }
    }

    std::mt19937 random_;
    std::string text_;
};

/// The greatest statistic over all zones and windows, by looking at each.
inline double obvious_maximum(const Problem& problem, const std::vector<Cell>& cells) {
    const Model& model = *problem.model;
    const auto n = static_cast<std::size_t>(model.n_intervals());
    const Measure& measure = model.measure();
    std::vector<std::vector<std::int64_t>> cases(model.n_locations(), std::vector<std::int64_t>(n, 0));
    for (const Cell& cell : cells) cases[cell.location][cell.interval] += cell.count;
    const auto measure_of = [&](std::size_t l, std::size_t a, std::size_t b) {
        if (measure.separable)
            return measure.location[l] * (measure.cumulative[b] - measure.cumulative[a]) / measure.divisor;
        return measure.cumulative[l * (n + 1) + b] - measure.cumulative[l * (n + 1) + a];
    };
    double best = 0.0;
    for (std::size_t centre = 0; centre < problem.zones->n_centres(); ++centre) {
        Neighbourhood zone;
        problem.zones->neighbourhood(centre, zone);
        for (const IntervalRun& run : problem.intervals.runs()) {
            for (std::int32_t start = run.first_start; start <= run.last_start; ++start) {
                const auto a = static_cast<std::size_t>(start);
                const auto b = static_cast<std::size_t>(start + run.length);
                std::int64_t c = 0;
                double u = 0.0;
                for (std::size_t k = 0; k < zone.members.size(); ++k) {
                    for (std::size_t t = a; t < b; ++t) c += cases[zone.members[k]][t];
                    u += measure_of(zone.members[k], a, b);
                    if (k + 1 < zone.first_zone) continue;
                    if (model.rates() != Rates::low) best = std::max(best, model.statistic().high(c, u));
                    if (model.rates() != Rates::high) best = std::max(best, model.statistic().low(c, u));
                }
            }
        }
    }
    return best;
}

}  // namespace enteroscan::testing
