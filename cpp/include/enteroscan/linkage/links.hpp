#pragma once

#include <cstdint>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/linkage/reports.hpp"

namespace enteroscan {

/// Which pairs are looked at, and how time and place count.
struct LinkOptions {
    double from = 0.0;      ///< first exposure time that is looked at
    double until = 0.0;     ///< last one
    double max_gap = 0.0;   ///< longest time between the exposures of two cases
    double at_least = 0.0;  ///< least log likelihood ratio of a pair
    /// Times between exposures to one source: a meal (this share, this mean distance) or a longer sale.
    double same_meal_share = 0.6;
    double same_meal_hours = 1.0;
    double sale_hours = 48.0;
    /// Log likelihood ratio of homes at distances of up to distance_km[i]; ascending. Farther: the last one.
    std::vector<double> distance_km = {};
    std::vector<double> distance_evidence = {};
};

/// What speaks for a common source of two cases: log likelihood ratios that add up to `total`.
struct Link {
    std::int32_t first = 0;   ///< the case with the lesser number
    std::int32_t second = 0;  ///< ... and the other
    std::int32_t value = 0;   ///< what they share; of several, what gives the greatest total
    double sharing = 0.0;     ///< how surprising it is that they share it
    double time = 0.0;        ///< how near their exposures are
    double symptoms = 0.0;    ///< whether one agent makes such symptoms and laboratory findings
    double incubation = 0.0;  ///< ... and then such times from exposure to onset
    double report = 0.0;      ///< others ill
    double space = 0.0;       ///< distance of their homes
    double contagion = 0.0;   ///< that one may have infected the other; never positive
    double total = 0.0;
};

/// All pairs of cases with a shared value whose total reaches `at_least`, by their case numbers. Found
/// through the values, never by trying all pairs; values too common to matter are passed over, exactly.
/// @throws InvalidInput; see check()
std::vector<Link> links(const CaseReports& reports, const LinkOptions& options, int n_threads,
                        RunControl& control);

}  // namespace enteroscan
