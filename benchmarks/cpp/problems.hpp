#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "enteroscan/base/random.hpp"
#include "enteroscan/geo/points.hpp"
#include "enteroscan/model/model.hpp"
#include "enteroscan/scan/scan.hpp"
#include "enteroscan/windows/intervals.hpp"
#include "enteroscan/windows/zones.hpp"

/// Made-up scans of any size, the same in every run.
namespace enteroscan::bench {

inline constexpr std::uint64_t seed = 1;

/// Points spread evenly over a square.
inline Points points(std::size_t n) {
    RandomStream random(seed, 1, 0);
    std::vector<double> coordinates(2 * n);
    for (double& x : coordinates) x = 100.0 * random.uniform();
    return {coordinates, 2, Metric::cartesian};
}

/// Circles with up to half of the weight of all locations.
inline std::shared_ptr<const Zones> half_circles(std::size_t n_locations,
                                                 const std::vector<double>& weights) {
    double total = 0.0;
    for (const double w : weights) total += w;
    ZoneLimits limits;
    limits.sizes.push_back({weights, total / 2});
    return circles(points(n_locations), points(n_locations), limits, {});
}

/// Cases that fall anywhere in space and time with equal probability.
inline std::vector<CaseRow> scattered_cases(std::size_t n_locations, std::int32_t n_intervals,
                                            std::int64_t n_cases, std::uint32_t stream) {
    RandomStream random(seed, stream, 0);
    std::vector<CaseRow> rows;
    for (std::int64_t i = 0; i < n_cases; ++i) {
        const auto location = random.below(static_cast<std::uint32_t>(n_locations));
        const auto interval = random.below(static_cast<std::uint32_t>(n_intervals));
        rows.push_back({static_cast<std::int32_t>(location), static_cast<std::int32_t>(interval), 1});
    }
    return rows;
}

inline std::vector<double> by_location(const std::vector<CaseRow>& rows, std::size_t n_locations) {
    std::vector<double> totals(n_locations, 0.0);
    for (const CaseRow& row : rows) {
        totals[static_cast<std::size_t>(row.location)] += static_cast<double>(row.count);
    }
    return totals;
}

inline Scan permutation_scan(std::size_t n_locations, std::int64_t n_cases, const Intervals& intervals) {
    const auto cases = scattered_cases(n_locations, intervals.n_intervals(), n_cases, 2);
    return {space_time_permutation(cases, n_locations, intervals.n_intervals(), {}),
            half_circles(n_locations, by_location(cases, n_locations)), intervals};
}

inline Scan poisson_scan(std::size_t n_locations, std::int64_t n_cases, const Intervals& intervals) {
    const auto cases = scattered_cases(n_locations, intervals.n_intervals(), n_cases, 2);
    const auto width = static_cast<std::size_t>(intervals.n_intervals());
    const std::vector<double> expected(n_locations * width, 1.0);
    return {poisson(cases, expected, n_locations, intervals.n_intervals(), {}),
            half_circles(n_locations, std::vector<double>(n_locations, 1.0)), intervals};
}

/// One individual a location, of whom one in five is a case.
inline Scan bernoulli_scan(std::size_t n_locations) {
    RandomStream random(seed, 3, 0);
    std::vector<CaseRow> cases;
    std::vector<CaseRow> controls;
    for (std::size_t i = 0; i < n_locations; ++i) {
        (random.below(5) == 0 ? cases : controls).push_back({static_cast<std::int32_t>(i), 0, 1});
    }
    return {bernoulli(cases, controls, n_locations, 1, {}),
            half_circles(n_locations, std::vector<double>(n_locations, 1.0)), whole_period(1)};
}

/// Number of zones times intervals.
inline double n_windows(const Scan& scan) {
    Neighbourhood around;
    std::size_t n_zones = 0;
    for (std::size_t centre = 0; centre < scan.zones().n_centres(); ++centre) {
        scan.zones().neighbourhood(centre, around);
        n_zones += around.members.size() + 1 - around.first_zone;
    }
    return static_cast<double>(n_zones) * static_cast<double>(scan.intervals().size());
}

}  // namespace enteroscan::bench
