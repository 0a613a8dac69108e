#include "poisson_statistic.hpp"

#include <cmath>
#include <limits>

namespace enteroscan {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

double PoissonStatistic::likelihood_ratio(double cases, double measure) const noexcept {
    double ratio = 0.0;
    if (cases > 0.0) ratio += cases * std::log(cases / measure);
    const double rest = total_ - cases;
    if (rest > 0.0) ratio += rest * std::log(rest / (total_ - measure));
    return ratio;
}

double PoissonStatistic::high(std::int64_t cases, double measure) const noexcept {
    if (cases < eligibility_.min_cases_high || measure <= 0.0) return -infinity;
    const auto c = static_cast<double>(cases);
    if (c <= measure) return -infinity;
    if (eligibility_.min_relative_risk > 0.0 && limited_risk(cases, measure) < eligibility_.min_relative_risk)
        return -infinity;
    return likelihood_ratio(c, measure);
}

double PoissonStatistic::low(std::int64_t cases, double measure) const noexcept {
    if (cases < eligibility_.min_cases_low || measure <= 0.0 || measure >= total_) return -infinity;
    const auto c = static_cast<double>(cases);
    if (c >= measure) return -infinity;
    if (eligibility_.max_relative_risk < infinity &&
        limited_risk(cases, measure) > eligibility_.max_relative_risk)
        return -infinity;
    return likelihood_ratio(c, measure);
}

double PoissonStatistic::limited_risk(std::int64_t cases, double measure) const noexcept {
    if (risk_ == Risk::observed_to_expected) return static_cast<double>(cases) / measure;
    const double rest = total_ - static_cast<double>(cases);
    if (rest <= 0.0) return infinity;
    return (static_cast<double>(cases) / measure) / (rest / (total_ - measure));
}

double PoissonStatistic::relative_risk(std::int64_t cases, double measure) const noexcept {
    if (risk_ == Risk::observed_to_expected) return std::numeric_limits<double>::quiet_NaN();
    return limited_risk(cases, measure);
}

}  // namespace enteroscan
