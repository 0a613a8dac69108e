#pragma once
// Detectors that compare with the plain mean of comparable points: RKI, Bayes, Stroup's historical limits.

#include <cstddef>
#include <memory>

#include "enteroscan/timeseries/detect.hpp"

namespace enteroscan {

/// Which points are comparable: the `half_window` points before the judged one, if `current_year`, and
/// half_window points to either side of the same season in each of the years given.
struct ReferenceOptions {
    std::size_t half_window = 4;
    bool current_year = false;
    YearsBack years{};
};

/// The Robert Koch Institute's old rule: for a mean up to 20 the upper 95 % limit of a Poisson count as
/// tabulated by Crow and Gardner (1959), above it mean + 2 standard deviations.
/// RKI 1: half_window 6, current year, no years; 2: 6, current year, 1 year; 3: 4, 2 years.
struct RkiOptions {
    ReferenceOptions reference{};
};
std::unique_ptr<const Detector> rki(const RkiOptions& options);

/// Predictive distribution of a Poisson count whose mean has Jeffreys' prior (Riebler 2004, Hoehle 2007).
/// Bayes 1-3 have the reference points of RKI 1-3.
struct BayesOptions {
    ReferenceOptions reference{};
    double alpha = 0.05;
};
std::unique_ptr<const Detector> bayes(const BayesOptions& options);

/// CDC's historical limits (Stroup et al. 1989): the sum of the last 4 points against 2 m + 1 sums of 4 in
/// each of the years given. observed, expected and upper bound are sums of 4.
struct StroupOptions {
    std::size_t blocks_beside = 1;  ///< m
    double alpha = 0.025;           ///< two-sided, as in the R package surveillance
    YearsBack years{};
};
std::unique_ptr<const Detector> stroup(const StroupOptions& options);

}  // namespace enteroscan
