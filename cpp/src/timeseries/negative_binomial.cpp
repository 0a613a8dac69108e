#include "enteroscan/timeseries/negative_binomial.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "timeseries/distributions.hpp"
#include "timeseries/log_linear.hpp"
#include "timeseries/options.hpp"

namespace enteroscan {
namespace {

CountDistribution counts_around(double mean, double size) noexcept {
    return size > 0.0 ? CountDistribution::of_size(mean, size) : CountDistribution::poisson(mean);
}

class NegativeBinomial final : public Detector {
  public:
    explicit NegativeBinomial(NegativeBinomialOptions options) : options_(std::move(options)) {}

    void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
               const RunControl&) const override {
        const std::size_t n =
            std::min(series.counts.size(), options_.training == 0 ? points.begin : options_.training);
        HarmonicDesign design(n, options_.period, options_.harmonics, options_.trend);
        if (!options_.weekdays.empty()) {
            check_option(options_.weekdays.size() >= points.end, "fewer weekdays than time points");
            design.set_weekdays(options_.weekdays, series.counts.first(n));
        }
        const LogLinearFit fit = fit_harmonics(series.counts, n, design, not_a_number);
        if (!fit.finished) {
            const bool is_short = n <= static_cast<std::size_t>(design.n_columns()) + 1;
            for (Judgement& result : judgements)
                result.reason = is_short ? Reason::too_little_history : Reason::no_convergence;
            return;
        }
        const double quantile = student_quantile(1.0 - options_.alpha, static_cast<double>(fit.residual_df));
        for (std::size_t i = 0; i < judgements.size(); ++i) {
            const Eigen::VectorXd row = design.row(static_cast<double>(points.begin + i + 1));
            const double eta = row.dot(fit.coefficients);
            const double sigma = std::sqrt(row.dot(fit.covariance * row));
            Judgement& result = judgements[i];
            result.expected = std::exp(eta);
            result.dispersion = fit.size > 0.0 ? 1.0 + result.expected / fit.size : 1.0;
            result.trend = options_.trend ? design.slope(fit.coefficients) : not_a_number;
            const double upper_mean = std::exp(eta + quantile * sigma);
            result.upper_bound = counts_around(upper_mean, fit.size).upper_quantile(options_.alpha);
            result.p_value = counts_around(result.expected, fit.size).upper_tail(result.observed);
            result.score =
                (result.observed - result.expected) / std::sqrt(result.expected * result.dispersion);
            result.alarm = result.observed > result.upper_bound;
            if (std::isnan(result.upper_bound)) result.reason = Reason::no_convergence;
            if (std::isnan(result.observed)) result.reason = Reason::missing_count;
        }
    }

  private:
    NegativeBinomialOptions options_;
};

}  // namespace

std::unique_ptr<const Detector> negative_binomial(const NegativeBinomialOptions& options) {
    check_alpha(options.alpha);
    check_option(options.period > 0.0, "the period must be positive");
    check_weekdays(options.weekdays);
    return std::make_unique<NegativeBinomial>(options);
}

}  // namespace enteroscan
