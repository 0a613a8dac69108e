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
constexpr double greatest_size = 1e7;  // of a negative binomial that can be told from a Poisson
constexpr double least_mean = std::numeric_limits<double>::epsilon();
constexpr double log_least_mean = -52.0 * std::numbers::ln2;

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Counts with the rows of their regression. Points with the same row, the same weeks of several years,
// are one group: all that is asked for depends on their number and sum.
struct Groups {
    MatrixXd design;                     // one row a group
    ArrayXd n;                           // points
    ArrayXd sums;                        // of counts
    ArrayXd counts;                      // of all points
    std::vector<Eigen::Index> group_of;  // of all points
    double sum_y_log_y;
    double within;  // half the Poisson deviance around the means of the groups

    Groups(std::span<const double> series, std::size_t n_points, const HarmonicDesign& harmonics) {
        const std::size_t period = harmonics.repeats_after() == 0 ? n_points : harmonics.repeats_after();
        std::vector<Eigen::Index> number(std::min(period, n_points), -1);
        std::vector<std::size_t> first;
        std::vector<double> there;
        for (std::size_t t = 0; t < n_points; ++t) {
            if (std::isnan(series[t])) continue;
            Eigen::Index& group = number[t % period];
            if (group < 0) {
                group = static_cast<Eigen::Index>(first.size());
                first.push_back(t);
            }
            group_of.push_back(group);
            there.push_back(series[t]);
        }
        const auto n_groups = static_cast<Eigen::Index>(first.size());
        design.resize(n_groups, harmonics.n_columns());
        for (Eigen::Index g = 0; g < n_groups; ++g)
            design.row(g) =
                harmonics.row(static_cast<double>(first[static_cast<std::size_t>(g)] + 1)).transpose();
        counts = Eigen::Map<const ArrayXd>(there.data(), static_cast<Eigen::Index>(there.size()));
        n = sum([](double) { return 1.0; });
        sums = sum([](double y) { return y; });
        sum_y_log_y = 0.0;
        for (const double y : there)
            if (y > 0.0) sum_y_log_y += y * std::log(y);
        within = sum_y_log_y - (sums > 0.0).select(sums * (sums / n).max(least_mean).log(), 0.0).sum();
    }

    // Sums within the groups of a function of the counts.
    template <typename Function>
    ArrayXd sum(Function function) const {
        ArrayXd result = ArrayXd::Zero(design.rows());
        for (std::size_t i = 0; i < group_of.size(); ++i)
            result[group_of[i]] += function(counts[static_cast<Eigen::Index>(i)]);
        return result;
    }
};

// Deviances of Poisson (size 0) or negative binomial counts.
class Deviance {
  public:
    Deviance(const Groups& groups, double size) : groups_(groups), size_(size) {
        if (size > 0.0)
            of_counts_ = groups.sum([size](double y) { return (y + size) * std::log(y + size); }).sum();
    }

    double operator()(const ArrayXd& mu, const ArrayXd& eta) const {
        if (size_ == 0.0) {
            // Ratios of what is observed and expected: differences of great numbers lose too many digits.
            const ArrayXd ratio = (groups_.sums > 0.0).select(groups_.sums / (groups_.n * mu), 1.0);
            return 2.0 *
                   (groups_.within + (groups_.sums * ratio.log() - (groups_.sums - groups_.n * mu)).sum());
        }
        const double fit = (groups_.sums * eta.max(log_least_mean)).sum();
        const double spread = ((groups_.sums + groups_.n * size_) * (mu + size_).log()).sum();
        return 2.0 * (groups_.sum_y_log_y - fit - of_counts_ + spread);
    }

    // Of means that differ within the groups.
    template <typename Mean>
    double of_points(Mean mean) const {
        const double fit = groups_.sum([&](double y) { return y * std::log(mean(y)); }).sum();
        if (size_ == 0.0)
            return 2.0 *
                   (groups_.sum_y_log_y - fit - groups_.sum([&](double y) { return y - mean(y); }).sum());
        const double spread =
            groups_.sum([&](double y) { return (y + size_) * std::log(mean(y) + size_); }).sum();
        return 2.0 * (groups_.sum_y_log_y - fit - of_counts_ + spread);
    }

  private:
    const Groups& groups_;
    double size_;
    double of_counts_ = 0.0;
};

// A regression with known size, step by step.
class Regression {
  public:
    Regression(const Groups& groups, double size) : groups_(groups), size_(size), deviance_(groups, size) {
        fit_.size = size;
        fit_.residual_df = groups.counts.size() - groups.design.cols();
    }

    // From a mean for every count: mean(y).
    template <typename Mean>
    LogLinearFit from_counts(Mean mean) {
        const auto weight = [&](double y) {
            return size_ == 0.0 ? mean(y) : mean(y) / (1.0 + mean(y) / size_);
        };
        const ArrayXd weights = groups_.sum(weight);
        const ArrayXd responses =
            groups_.sum([&](double y) { return weight(y) * (std::log(mean(y)) + (y - mean(y)) / mean(y)); });
        return run(weights, responses, deviance_.of_points(mean));
    }

    // From a mean for every group.
    LogLinearFit from_means(const ArrayXd& mu) {
        mu_ = mu;
        eta_ = mu.log();
        const ArrayXd weights = weights_of_means();
        return run(groups_.n * weights, responses_of_means(weights), deviance_(mu_, eta_));
    }

    const ArrayXd& means() const noexcept { return mu_; }

  private:
    ArrayXd weights_of_means() const { return size_ == 0.0 ? mu_ : ArrayXd(mu_ / (1.0 + mu_ / size_)); }
    ArrayXd responses_of_means(const ArrayXd& weights) const {
        return weights * (groups_.n * (eta_ - 1.0) + groups_.sums / mu_);
    }

    // Weights and weighted working responses, summed within the groups, of the first step.
    LogLinearFit run(ArrayXd weights, ArrayXd responses, double before) {
        Eigen::LLT<MatrixXd> solver;
        VectorXd last;
        for (int iteration = 0; iteration < most_iterations; ++iteration) {
            const MatrixXd weighted = weights.matrix().asDiagonal() * groups_.design;
            solver.compute(groups_.design.transpose() * weighted);
            if (solver.info() != Eigen::Success) return fit_;
            last = fit_.coefficients;
            fit_.coefficients = solver.solve(groups_.design.transpose() * responses.matrix());
            if (!fit_.coefficients.allFinite()) return fit_;
            set_means();
            double now = deviance_(mu_, eta_);
            for (int half = 0; !std::isfinite(now) && last.size() > 0 && half < most_iterations; ++half) {
                fit_.coefficients = 0.5 * (fit_.coefficients + last);
                set_means();
                now = deviance_(mu_, eta_);
            }
            if (!std::isfinite(now)) return fit_;
            if (std::abs(now - before) / (std::abs(now) + 0.1) < tolerance) {
                fit_.converged = true;
                break;
            }
            before = now;
            const ArrayXd new_weights = weights_of_means();
            responses = responses_of_means(new_weights);
            weights = groups_.n * new_weights;
        }
        fit_.finished = true;
        fit_.covariance = solver.solve(MatrixXd::Identity(groups_.design.cols(), groups_.design.cols()));
        return fit_;
    }

    void set_means() {
        eta_ = (groups_.design * fit_.coefficients).array();
        mu_ = eta_.exp().max(least_mean);
    }

    const Groups& groups_;
    double size_;
    Deviance deviance_;
    LogLinearFit fit_;
    ArrayXd eta_;
    ArrayXd mu_;
};

// Sums of digamma, trigamma and log-gamma differences over the counts: with n_above[j] the number of
// counts above j, sum_i (digamma(size + y_i) - digamma(size)) = sum_j n_above[j] / (size + j).
class SizeLikelihood {
  public:
    explicit SizeLikelihood(const Groups& groups) : groups_(groups), counts_(groups.counts) {
        const ArrayXd& counts = groups.counts;
        const double greatest = counts.maxCoeff();
        whole_ = (counts == counts.floor()).all() &&
                 greatest <= 64.0 * static_cast<double>(counts.size()) + 1024.0;
        if (!whole_) return;
        n_above_.assign(static_cast<std::size_t>(greatest), 0.0);
        for (const double y : counts)
            if (y > 0.0) n_above_[static_cast<std::size_t>(y) - 1] += 1.0;
        for (std::size_t j = n_above_.size(); j-- > 1;) n_above_[j - 1] += n_above_[j];
    }

    // Newton's method from the moment estimate (theta.ml).
    double maximise(const ArrayXd& mu) const {
        static const double step_tolerance = std::pow(std::numeric_limits<double>::epsilon(), 0.25);
        double squares = 0.0;
        const ArrayXd inverse = mu.inverse();
        for (std::size_t i = 0; i < groups_.group_of.size(); ++i) {
            const double residual =
                counts_[static_cast<Eigen::Index>(i)] * inverse[groups_.group_of[i]] - 1.0;
            squares += residual * residual;
        }
        double size = static_cast<double>(counts_.size()) / squares;
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
        return gammas + static_cast<double>(counts_.size()) * size * std::log(size) +
               (groups_.sums * mu.log() - (groups_.n * size + groups_.sums) * (size + mu).log()).sum();
    }

    // Of Poisson counts, without the same constant.
    double log_likelihood(const ArrayXd& mu) const {
        return (groups_.sums * mu.log() - groups_.n * mu).sum();
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
        const ArrayXd share = (groups_.sums + groups_.n * size) * inverse;
        const double score =
            first + n * (std::log(size) + 1.0) + (groups_.n * inverse.log()).sum() - share.sum();
        const double information = second - n / size + (inverse * (2.0 * groups_.n - share)).sum();
        return {score, information};
    }

    const Groups& groups_;
    const ArrayXd& counts_;
    bool whole_ = false;
    std::vector<double> n_above_;
};

double poisson_start(double count) noexcept { return count + 0.1; }
double negative_binomial_start(double count) noexcept { return count == 0.0 ? 1.0 / 6.0 : count; }

LogLinearFit fit_with_size(const Groups& groups, bool keep_size) {
    const SizeLikelihood likelihood(groups);
    Regression first(groups, 0.0);
    LogLinearFit fit = first.from_counts(poisson_start);
    if (!fit.finished) return fit;
    const LogLinearFit poisson_fit = fit;
    const ArrayXd poisson = first.means();
    ArrayXd mu = poisson;
    double size = likelihood.maximise(mu);
    const double scale = std::sqrt(2.0 * std::max(1.0, static_cast<double>(fit.residual_df)));
    double step = 1.0;
    double now = likelihood.log_likelihood(size, mu);
    double before = now + 2.0 * scale;
    for (int i = 0; i < most_iterations && std::abs(before - now) / scale + std::abs(step) > tolerance; ++i) {
        Regression regression(groups, size);
        LogLinearFit next = regression.from_means(mu);
        if (!next.finished) break;
        fit = std::move(next);
        const double last = size;
        size = likelihood.maximise(mu);
        mu = regression.means();
        step = last - size;
        before = now;
        now = likelihood.log_likelihood(size, mu);
        if (!std::isfinite(now) || !(size > 0.0)) break;
    }
    // Where counts vary no more than Poisson's, the search runs away or ends anywhere.
    const bool is_poisson = !(size > 0.0) || size > greatest_size ||
                            likelihood.log_likelihood(size, mu) < likelihood.log_likelihood(poisson);
    if (is_poisson && !keep_size) {
        fit = poisson_fit;
        size = 0.0;
    }
    fit.size = size;
    return fit;
}

}  // namespace

HarmonicDesign::HarmonicDesign(std::size_t n, double period, std::size_t harmonics, bool trend) noexcept
    : centre_(0.5 * static_cast<double>(n + 1)),
      scale_(std::max(1.0, 0.5 * static_cast<double>(n))),
      frequency_(2.0 * std::numbers::pi / period),
      harmonics_(static_cast<Eigen::Index>(harmonics)),
      trend_(trend),
      repeats_after_(!trend && period == std::floor(period) ? static_cast<std::size_t>(period) : 0) {}

void HarmonicDesign::set_weekdays(std::span<const std::uint8_t> weekdays,
                                  std::span<const double> counts) noexcept {
    weekdays_ = weekdays;
    repeats_after_ = 0;
    std::array<bool, 7> is_there{};
    for (std::size_t t = 0; t < counts.size(); ++t)
        if (!std::isnan(counts[t])) is_there[weekdays[t]] = true;
    column_of_day_.fill(-1);
    Eigen::Index n = -1;  // the first day there is what the others are compared with
    for (std::size_t day = 0; day < is_there.size(); ++day)
        if (is_there[day]) column_of_day_[day] = n++;
    n_days_ = std::max<Eigen::Index>(n, 0);
}

VectorXd HarmonicDesign::row(double t) const {
    VectorXd result = VectorXd::Zero(n_columns());
    Eigen::Index column = 0;
    result[column++] = 1.0;
    if (trend_) result[column++] = (t - centre_) / scale_;
    for (Eigen::Index h = 1; h <= harmonics_; ++h) {
        result[column++] = std::sin(frequency_ * static_cast<double>(h) * t);
        result[column++] = std::cos(frequency_ * static_cast<double>(h) * t);
    }
    if (n_days_ > 0) {
        const Eigen::Index day = column_of_day_[weekdays_[static_cast<std::size_t>(t) - 1]];
        if (day >= 0) result[column + day] = 1.0;
    }
    return result;
}

LogLinearFit fit_harmonics(std::span<const double> counts, std::size_t n, const HarmonicDesign& design,
                           double size, bool keep_size) {
    const Groups groups(counts, n, design);
    if (groups.counts.size() <= design.n_columns() || groups.design.rows() < design.n_columns()) return {};
    if (std::isnan(size)) return fit_with_size(groups, keep_size);
    Regression regression(groups, size);
    return size == 0.0 ? regression.from_counts(poisson_start)
                       : regression.from_counts(negative_binomial_start);
}

}  // namespace enteroscan
