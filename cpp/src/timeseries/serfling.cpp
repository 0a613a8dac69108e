#include "enteroscan/timeseries/serfling.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <vector>

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
        const bool is_exact = fit.variance == 0.0;  // but for rounding
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
            const double rounding = is_exact ? 1e-9 * std::max(1.0, result.upper_bound) : 0.0;
            result.alarm = result.observed > result.upper_bound + rounding;
            if (is_exact) result.reason = Reason::constant_baseline;
            if (std::isnan(result.observed)) result.reason = Reason::missing_count;
        }
    }

  private:
    bool is_fitted(std::span<const double> counts, std::size_t t) const noexcept {
        return !std::isnan(counts[t]) &&
               (options_.without_epidemics.empty() || options_.without_epidemics[t] != 0);
    }

    LinearFit fit_baseline(std::span<const double> counts, const HarmonicDesign& design) const {
        std::vector<std::size_t> fitted;
        for (std::size_t t = 0; t < counts.size(); ++t)
            if (is_fitted(counts, t)) fitted.push_back(t);
        LinearFit fit;
        const auto n = static_cast<Eigen::Index>(fitted.size());
        const Eigen::Index n_columns = design.n_columns();
        if (n <= n_columns) return fit;
        Eigen::MatrixXd rows(n, n_columns);
        Eigen::VectorXd responses(n);
        for (Eigen::Index i = 0; i < n; ++i) {
            const std::size_t t = fitted[static_cast<std::size_t>(i)];
            rows.row(i) = design.row(static_cast<double>(t + 1)).transpose();
            responses[i] = counts[t];
        }
        const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> solver(rows);
        if (solver.rank() < n_columns) return fit;
        const Eigen::MatrixXd root = solver.colsPermutation() *
                                     solver.matrixR().topRows(n_columns).triangularView<Eigen::Upper>().solve(
                                         Eigen::MatrixXd::Identity(n_columns, n_columns));
        fit.coefficients = solver.solve(responses);
        fit.covariance = root * root.transpose();
        fit.residual_df = static_cast<double>(n - n_columns);
        constexpr double rounding = 1e-20;  // of the squares: what is left of a perfect fit
        const double squares = (responses - rows * fit.coefficients).squaredNorm();
        fit.variance = squares > rounding * responses.squaredNorm() ? squares / fit.residual_df : 0.0;
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
