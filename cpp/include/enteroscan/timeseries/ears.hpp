#pragma once

#include <cstddef>
#include <memory>

#include "enteroscan/timeseries/detect.hpp"

namespace enteroscan {

enum class EarsMethod : std::uint8_t { c1, c2, c3 };

/// Early Aberration Reporting System (Hutwagner et al. 2003): the count against mean and standard deviation
/// of the points just before (C1), of those before a gap of two (C2), and C2 with the excess of the two
/// days before added (C3; Burkom's form).
struct EarsOptions {
    EarsMethod method = EarsMethod::c1;
    std::size_t baseline = 7;  ///< points in the baseline, at least 3
    double min_sigma = 0.0;    ///< least standard deviation
    double alpha = 0.001;      ///< 0.025 is usual for C3
    /// Student's distribution with the uncertainty of the mean instead of the normal one (C1 and C2): the
    /// false alarms are then as many as alpha says, for normal counts.
    bool student = false;
    /// C3 as the R package surveillance has it: the bound is counted from the count instead of from the
    /// baseline's mean, so the count itself has no say.
    bool compat = false;
};

/// score = the statistic (C3: with the excess of earlier days), expected = the baseline's mean,
/// dispersion = the baseline's variance / mean.
/// @throws InvalidInput for a baseline of fewer than 3 points, min_sigma < 0, alpha outside (0, 1)
std::unique_ptr<const Detector> ears(const EarsOptions& options);

}  // namespace enteroscan
