#pragma once

#include <memory>

#include "enteroscan/timeseries/detect.hpp"

namespace enteroscan {

/// Semiparametric detection of the onset of an outbreak (Frisen, Andersson and Schioler 2009): likelihood
/// ratio of a mean that never falls against a constant one, for all points from the first on.
struct OutbreakPOptions {
    double threshold = 100.0;  ///< of the likelihood ratio
};

/// score = log of the likelihood ratio, expected = the mean of all points so far.
std::unique_ptr<const Detector> outbreak_p(const OutbreakPOptions& options);

}  // namespace enteroscan
