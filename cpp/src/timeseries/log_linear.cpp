#include "timeseries/log_linear.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <cmath>
#include <limits>
#include <numbers>

namespace enteroscan {
namespace {

constexpr int most_iterations = 25;
constexpr double tolerance = 1e-8;
constexpr double least_mean = std::numeric_limits<double>::epsilon();

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// What the deviance needs of the counts alone.
struct CountTerms {
    explicit CountTerms(const ArrayXd& y) : y_log_y((y > 0.0).select(y * y.max(least_mean).log(), 0.0)) {}
    ArrayXd y_log_y;
};

double deviance(const ArrayXd& y, const ArrayXd& mu, const CountTerms& terms, double size) {
    if (size == 0.0) return 2.0 * (terms.y_log_y - y * mu.log() - (y - mu)).sum();
    return 2.0 * (terms.y_log_y - y * mu.log() - (y + size) * ((y + size) / (mu + size)).log()).sum();
}

// One regression with known size, from the given means.
LogLinearFit fit_from(const MatrixXd& design, const ArrayXd& y, ArrayXd mu, double size, const CountTerms& terms) {
    LogLinearFit fit;
    fit.size = size;
    fit.residual_df = design.rows() - design.cols();
    ArrayXd eta = mu.log();
    double before = deviance(y, mu, terms, size);
    Eigen::LLT<MatrixXd> solver;
    for (int iteration = 0; iteration < most_iterations; ++iteration) {
        const ArrayXd weights = size == 0.0 ? mu : ArrayXd(mu / (1.0 + mu / size));
        const VectorXd working = (eta + (y - mu) / mu).matrix();
        const MatrixXd weighted = weights.matrix().asDiagonal() * design;
        solver.compute(design.transpose() * weighted);
        if (solver.info() != Eigen::Success) return fit;
        const VectorXd last = fit.coefficients;
        fit.coefficients = solver.solve(weighted.transpose() * working);
        if (!fit.coefficients.allFinite()) return fit;
        eta = (design * fit.coefficients).array();
        mu = eta.exp().max(least_mean);
        double now = deviance(y, mu, terms, size);
        for (int half = 0; !std::isfinite(now) && last.size() > 0 && half < most_iterations; ++half) {
            fit.coefficients = 0.5 * (fit.coefficients + last);
            eta = (design * fit.coefficients).array();
            mu = eta.exp().max(least_mean);
            now = deviance(y, mu, terms, size);
        }
        if (!std::isfinite(now)) return fit;
        if (std::abs(now - before) / (std::abs(now) + 0.1) < tolerance) {
            fit.converged = true;
            break;
        }
        before = now;
    }
    fit.covariance = solver.solve(MatrixXd::Identity(design.cols(), design.cols()));
    fit.fitted = mu;
    return fit;
}

// Sums of digamma, trigamma and log-gamma differences over the counts: with n_above[j] the number of
// counts above j, sum_i (digamma(size + y_i) - digamma(size)) = sum_j n_above[j] / (size + j).
class SizeLikelihood {
  public:
    explicit SizeLikelihood(const ArrayXd& counts) : counts_(counts), terms_(counts) {
        const double greatest = counts.maxCoeff();
        whole_ = (counts == counts.floor()).all() && greatest <= 64.0 * static_cast<double>(counts.size()) + 1024.0;
        if (!whole_) return;
        n_above_.assign(static_cast<std::size_t>(greatest), 0.0);
        for (const double y : counts)
            if (y > 0.0) n_above_[static_cast<std::size_t>(y) - 1] += 1.0;
        for (std::size_t j = n_above_.size(); j-- > 1;) n_above_[j - 1] += n_above_[j];
    }

    const CountTerms& terms() const noexcept { return terms_; }

    // Newton's method from the moment estimate (theta.ml).
    double maximise(const ArrayXd& mu) const {
        static const double step_tolerance = std::pow(std::numeric_limits<double>::epsilon(), 0.25);
        double size = static_cast<double>(counts_.size()) / (counts_ / mu - 1.0).square().sum();
        double step = 1.0;
        for (int i = 1; i < most_iterations && std::abs(step) > step_tolerance; ++i) {
            size = std::abs(size);
            const auto [score, information] = derivatives(size, mu);
            step = score / information;
            size += step;
        }
        return std::max(size, 0.0);
    }

    double log_likelihood(double size, const ArrayXd& mu) const {
        double gammas = 0.0;
        if (whole_) {
            for (std::size_t j = 0; j < n_above_.size(); ++j)
                gammas += n_above_[j] * std::log(size + static_cast<double>(j));
        } else {
            for (const double y : counts_) gammas += std::lgamma(size + y) - std::lgamma(size);
        }
        return gammas + (size * std::log(size) + counts_ * mu.log() - (size + counts_) * (size + mu).log()).sum();
    }

  private:
    std::pair<double, double> derivatives(double size, const ArrayXd& mu) const {
        double first = 0.0;
        double second = 0.0;
        if (whole_) {
            for (std::size_t j = 0; j < n_above_.size(); ++j) {
                const double inverse = 1.0 / (size + static_cast<double>(j));
                first += n_above_[j] * inverse;
                second += n_above_[j] * inverse * inverse;
            }
        } else {
            using boost::math::digamma;
            using boost::math::trigamma;
            for (const double y : counts_) {
                first += digamma(size + y) - digamma(size);
                second += trigamma(size) - trigamma(size + y);
            }
        }
        const auto n = static_cast<double>(counts_.size());
        const ArrayXd inverse = (mu + size).inverse();
        const ArrayXd share = (counts_ + size) * inverse;
        const double score = first + n * (std::log(size) + 1.0) + inverse.log().sum() - share.sum();
        const double information = second - n / size + (inverse * (2.0 - share)).sum();
        return {score, information};
    }

    const ArrayXd& counts_;
    CountTerms terms_;
    bool whole_ = false;
    std::vector<double> n_above_;
};

ArrayXd start(const ArrayXd& counts) { return counts + 0.1; }

}  // namespace

HarmonicDesign::HarmonicDesign(std::size_t n, double period, std::size_t harmonics, bool trend) noexcept
    : centre_(0.5 * static_cast<double>(n + 1)),
      scale_(std::max(1.0, 0.5 * static_cast<double>(n))),
      frequency_(2.0 * std::numbers::pi / period),
      harmonics_(static_cast<Eigen::Index>(harmonics)),
      trend_(trend) {}

VectorXd HarmonicDesign::row(double t) const {
    VectorXd result(n_columns());
    Eigen::Index column = 0;
    result[column++] = 1.0;
    if (trend_) result[column++] = (t - centre_) / scale_;
    for (Eigen::Index h = 1; h <= harmonics_; ++h) {
        result[column++] = std::sin(frequency_ * static_cast<double>(h) * t);
        result[column++] = std::cos(frequency_ * static_cast<double>(h) * t);
    }
    return result;
}

LogLinearFit fit_poisson(const MatrixXd& design, const ArrayXd& counts) {
    return fit_from(design, counts, start(counts), 0.0, CountTerms(counts));
}

LogLinearFit fit_negative_binomial(const MatrixXd& design, const ArrayXd& counts, double size) {
    const ArrayXd from = counts + (counts == 0.0).cast<double>() / 6.0;
    return fit_from(design, counts, from, size, CountTerms(counts));
}

LogLinearFit fit_negative_binomial(const MatrixXd& design, const ArrayXd& counts) {
    const SizeLikelihood likelihood(counts);
    LogLinearFit fit = fit_from(design, counts, start(counts), 0.0, likelihood.terms());
    if (fit.fitted.size() == 0) return fit;
    ArrayXd mu = fit.fitted;
    double size = likelihood.maximise(mu);
    const double scale = std::sqrt(2.0 * std::max(1.0, static_cast<double>(fit.residual_df)));
    double step = 1.0;
    double now = likelihood.log_likelihood(size, mu);
    double before = now + 2.0 * scale;
    for (int i = 0; i < most_iterations && std::abs(before - now) / scale + std::abs(step) > tolerance; ++i) {
        LogLinearFit next = fit_from(design, counts, mu, size, likelihood.terms());
        if (next.fitted.size() == 0) break;
        fit = std::move(next);
        const double last = size;
        size = likelihood.maximise(mu);
        mu = fit.fitted;
        step = last - size;
        before = now;
        now = likelihood.log_likelihood(size, mu);
        if (!std::isfinite(now) || !(size > 0.0)) break;
    }
    fit.size = size;
    return fit;
}

LogLinearFit fit_harmonics(std::span<const double> counts, std::size_t n, const HarmonicDesign& design, double size) {
    std::vector<std::size_t> there;
    there.reserve(n);
    for (std::size_t t = 0; t < n; ++t)
        if (!std::isnan(counts[t])) there.push_back(t);
    LogLinearFit fit;
    const auto rows = static_cast<Eigen::Index>(there.size());
    if (rows <= design.n_columns()) return fit;
    MatrixXd x(rows, design.n_columns());
    ArrayXd y(rows);
    for (Eigen::Index i = 0; i < rows; ++i) {
        const std::size_t t = there[static_cast<std::size_t>(i)];
        x.row(i) = design.row(static_cast<double>(t + 1)).transpose();
        y[i] = counts[t];
    }
    if (std::isnan(size)) return fit_negative_binomial(x, y);
    return size == 0.0 ? fit_poisson(x, y) : fit_negative_binomial(x, y, size);
}

}  // namespace enteroscan
