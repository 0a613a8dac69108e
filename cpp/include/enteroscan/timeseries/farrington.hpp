#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "enteroscan/timeseries/detect.hpp"

namespace enteroscan {

/// Power of the counts that is taken to be normal for the bound: their square root is right for Poisson
/// counts of any mean, 2/3 makes them symmetric.
enum class PowerTransformation : std::uint8_t { none, half, two_thirds };

/// How the bound follows from the fit.
enum class BoundMethod : std::uint8_t {
    delta,      ///< normal, with the uncertainty of the mean (Farrington et al. 1996)
    nb_plugin,  ///< quantile of a negative binomial around the mean (Noufaily et al. 2013)
    muan,       ///< the same around the upper limit of the mean
};

/// An alarm needs so many cases in the last points.
struct RecentCases {
    double cases = 5.0;
    std::size_t points = 4;
};

/// Quasi-Poisson regression on the same weeks of earlier years (Farrington, Andrews, Beale and Catchpole
/// 1996; algo.farrington of the R package surveillance).
struct FarringtonOptions {
    YearsBack years{};
    std::size_t half_window = 3;
    double alpha = 0.05;  ///< two-sided
    bool trend = true;
    double max_trend_p = 0.05;
    bool reweight = true;
    PowerTransformation power = PowerTransformation::two_thirds;
    RecentCases recent{};
    std::vector<double> time{};  ///< of each time point; empty: its position
    bool compat = false;  ///< bound and score 0 where there are too few recent cases, as in the package
};

/// score = (count - expected) / (bound - expected).
/// @throws InvalidInput for options out of range
std::unique_ptr<const Detector> farrington(const FarringtonOptions& options);

/// The flexible form (Noufaily et al. 2013; Salmon, Schumacher and Hoehle 2016; farringtonFlexible of the R
/// package surveillance): all weeks of earlier years, in seasonal levels.
struct FarringtonFlexibleOptions {
    YearsBack years{};
    std::size_t half_window = 3;
    std::size_t n_levels = 10;  ///< of the season; 1: only the same weeks of earlier years
    std::size_t excluded = 26;  ///< last points before the judged one that are left out of the baseline
    double alpha = 0.005;       ///< one-sided
    bool trend = true;
    double max_trend_p = 1.0;
    bool reweight = true;
    double weights_threshold = 2.58;
    BoundMethod bound = BoundMethod::nb_plugin;
    PowerTransformation power = PowerTransformation::two_thirds;  ///< for BoundMethod::delta
    RecentCases recent{};
    bool population_offset = false;
    std::vector<double> time{};            ///< of each time point; empty: its position
    std::vector<std::uint8_t> weekdays{};  ///< of each time point, 0, ..., 6; empty: they have no effect
    /// The package's dispersion (weights overwritten by those of the reweighting), its score (on the log
    /// scale for the negative binomial bounds), and nothing expected where there are too few recent cases.
    bool compat = false;
};

/// score = (count - expected) / (bound - expected).
/// @throws InvalidInput for options out of range
std::unique_ptr<const Detector> farrington_flexible(FarringtonFlexibleOptions options);

}  // namespace enteroscan
