#pragma once

#include <cstdint>
#include <utility>

#include "enteroscan/model/model.hpp"

namespace enteroscan {

/// Kulldorff's Poisson likelihood ratio with total measure = number of cases: of the discrete Poisson model
/// and of the space-time permutation (Kulldorff 1997; Kulldorff et al. 2005).
class PoissonStatistic final : public Statistic {
  public:
    enum class Risk { inside_to_outside, observed_to_expected };

    /// @param risk  what the limits of Eligibility mean; only inside_to_outside is a relative risk
    PoissonStatistic(std::int64_t n_cases, const Eligibility& eligibility, Risk risk) noexcept
        : total_(static_cast<double>(n_cases)), eligibility_(eligibility), risk_(risk) {}

    double high(std::int64_t cases, double measure) const noexcept override;
    double low(std::int64_t cases, double measure) const noexcept override;
    double likelihood_ratio(double cases, double measure) const noexcept override;
    double expected(double measure) const noexcept override { return measure; }
    double relative_risk(std::int64_t cases, double measure) const noexcept override;
    std::pair<double, double> possible_measures(std::int64_t) const noexcept override {
        return {0.0, total_};
    }
    /// From (1 + x) ln(1 + x) - x <= x^2 / 2 for the cases inside and ln(1 + y) >= y - y^2 / 2 outside; in
    /// low rates, from the chi-square distance.
    Bound bound() const noexcept override {
        const bool sharp = eligibility_.rates == Rates::high;
        return {sharp ? 0.5 : 1.0, sharp};
    }

  private:
    double limited_risk(std::int64_t cases, double measure) const noexcept;

    double total_;
    Eligibility eligibility_;
    Risk risk_;
};

}  // namespace enteroscan
