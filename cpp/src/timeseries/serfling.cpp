#include "enteroscan/timeseries/serfling.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "timeseries/distributions.hpp"
#include "timeseries/log_linear.hpp"
#include "timeseries/options.hpp"

namespace enteroscan {
namespace {

// Least squares, and what the prediction of a further point needs.
struct LinearFit {
    Eigen::VectorXd coefficients;
    Eigen::MatrixXd covariance;  // (X' X)^-1
    double variance = not_a_number;
    double residual_df = 0.0;
};

class Serfling final : public Detector {
  public:
    explicit Serfling(const SerflingOptions& options) : options_(options) {}

    void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
               const RunControl&) const override {
        check_option(options_.without_epidemics.empty() || options_.without_epidemics.size() >= points.end,
                     "without_epidemics is shorter than the series");
        const std::size_t n =
            std::min(series.counts.size(), options_.training == 0 ? points.begin : options_.training);
        const HarmonicDesign design(n, options_.period, options_.harmonics, true);
        const LinearFit fit = fit_baseline(series.counts.first(n), design);
        if (!(fit.residual_df > 0.0)) {
            for (Judgement& result : judgements) result.reason = Reason::too_little_history;
            return;
        }
        const double quantile = student_quantile(1.0 - options_.alpha, fit.residual_df);
        for (std::size_t i = 0; i < judgements.size(); ++i) {
            const Eigen::VectorXd row = design.row(static_cast<double>(points.begin + i + 1));
            const double error = std::sqrt(fit.variance * (1.0 + row.dot(fit.covariance * row)));
            Judgement& result = judgements[i];
            result.expected = row.dot(fit.coefficients);
            result.upper_bound = std::max(0.0, result.expected + quantile * error);
            result.score = error > 0.0 ? (result.observed - result.expected) / error : not_a_number;
            result.p_value = student_upper_tail(result.score, fit.residual_df);
            result.trend = design.slope(fit.coefficients);
            result.dispersion = result.expected > 0.0 ? fit.variance / result.expected : not_a_number;
            result.alarm = result.observed > result.upper_bound;
            if (fit.variance == 0.0) result.reason = Reason::constant_baseline;
            if (std::isnan(result.observed)) result.reason = Reason::missing_count;
        }
    }

  private:
    bool is_fitted(std::span<const double> counts, std::size_t t) const noexcept {
        return !std::isnan(counts[t]) &&
               (options_.without_epidemics.empty() || options_.without_epidemics[t] != 0);
    }

    LinearFit fit_baseline(std::span<const double> counts, const HarmonicDesign& design) const {
        LinearFit fit;
        const Eigen::Index n_columns = design.n_columns();
        Eigen::MatrixXd squares = Eigen::MatrixXd::Zero(n_columns, n_columns);
        Eigen::VectorXd products = Eigen::VectorXd::Zero(n_columns);
        double n = 0.0;
        for (std::size_t t = 0; t < counts.size(); ++t) {
            if (!is_fitted(counts, t)) continue;
            const Eigen::VectorXd row = design.row(static_cast<double>(t + 1));
            squares += row * row.transpose();
            products += row * counts[t];
            n += 1.0;
        }
        const Eigen::LLT<Eigen::MatrixXd> solver(squares);
        if (n <= static_cast<double>(n_columns) || solver.info() != Eigen::Success) return fit;
        fit.coefficients = solver.solve(products);
        fit.covariance = solver.solve(Eigen::MatrixXd::Identity(n_columns, n_columns));
        fit.residual_df = n - static_cast<double>(n_columns);
        double sum = 0.0;
        double size = 0.0;
        for (std::size_t t = 0; t < counts.size(); ++t) {
            if (!is_fitted(counts, t)) continue;
            const double residual = counts[t] - design.row(static_cast<double>(t + 1)).dot(fit.coefficients);
            sum += residual * residual;
            size += counts[t] * counts[t];
        }
        constexpr double rounding = 1e-20;  // of the squares: what is left of a perfect fit
        fit.variance = sum > rounding * size ? sum / fit.residual_df : 0.0;
        return fit;
    }

    SerflingOptions options_;
};

}  // namespace

std::unique_ptr<const Detector> serfling(const SerflingOptions& options) {
    check_alpha(options.alpha);
    check_option(options.period > 0.0, "the period must be positive");
    return std::make_unique<Serfling>(options);
}

}  // namespace enteroscan
