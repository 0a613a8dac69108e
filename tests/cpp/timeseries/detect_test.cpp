// The detectors against their definitions, written out the obvious way.

#include "enteroscan/timeseries/detect.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <boost/math/distributions/negative_binomial.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "enteroscan/base/error.hpp"
#include "enteroscan/base/random.hpp"
#include "enteroscan/timeseries/ears.hpp"
#include "enteroscan/timeseries/glr.hpp"
#include "enteroscan/timeseries/outbreak_p.hpp"
#include "timeseries/distributions.hpp"
#include "timeseries/quasi_poisson.hpp"

namespace enteroscan {
namespace {

std::vector<double> random_counts(std::size_t n, double p, std::uint64_t replicate) {
    RandomStream random(7, 0, replicate);
    std::vector<double> counts(n);
    for (double& count : counts) count = static_cast<double>(random.binomial(40, p));
    return counts;
}

std::vector<Judgement> judge(const Detector& detector, const std::vector<double>& counts, TimePoints points,
                             int n_threads = 1, std::size_t n_series = 1) {
    RunControl control;
    std::vector<Judgement> judgements(n_series * points.size());
    detect(detector, counts, n_series, {}, points, n_threads, control,
           [&](std::size_t series, std::span<const Judgement> row) {
               std::copy(row.begin(), row.end(),
                         judgements.begin() + static_cast<std::ptrdiff_t>(series * points.size()));
           });
    return judgements;
}

TEST(CountDistribution, TailsAndQuantilesAreThoseOfBoost) {
    for (const double mean : {1e-9, 0.03, 0.7, 5.0, 80.0, 499.0, 5000.0}) {
        for (const double dispersion : {1.0, 1.001, 1.7, 12.0}) {
            const auto counts = CountDistribution::of_dispersion(mean, dispersion);
            const auto lower = [&](double y) {
                if (dispersion <= 1.0) return cdf(boost::math::poisson(mean), y);
                return cdf(boost::math::negative_binomial(mean / (dispersion - 1.0), 1.0 / dispersion), y);
            };
            const auto upper = [&](double y) {
                if (dispersion <= 1.0) return cdf(complement(boost::math::poisson(mean), y));
                return cdf(complement(
                    boost::math::negative_binomial(mean / (dispersion - 1.0), 1.0 / dispersion), y));
            };
            for (const double y : {1.0, 2.0, 7.0, 95.0, 600.0, 5200.0}) {
                const double tail = upper(y - 1.0);
                if (tail <= 1e-250) continue;
                EXPECT_NEAR(counts.upper_tail(y) / tail, 1.0, 1e-10) << mean << ' ' << dispersion << ' ' << y;
            }
            for (const double alpha : {0.2, 0.05, 0.005, 1e-6}) {
                const double q = counts.upper_quantile(alpha);
                EXPECT_GE(lower(q), 1.0 - alpha - 1e-13) << mean << ' ' << dispersion;
                if (q <= 0.0) continue;
                EXPECT_LT(lower(q - 1.0), 1.0 - alpha) << mean << ' ' << dispersion;
            }
        }
    }
}

// Iteratively reweighted least squares with a dense design and a QR decomposition.
struct DenseFit {
    Eigen::VectorXd coefficients;
    double dispersion;
    double slope_variance;
};

DenseFit dense_fit(const BaselinePoints& points, bool trend) {
    const auto n = static_cast<Eigen::Index>(points.size());
    const auto levels = static_cast<Eigen::Index>(points.n_levels());
    Eigen::MatrixXd x = Eigen::MatrixXd::Zero(n, levels + (trend ? 1 : 0));
    Eigen::VectorXd y(n);
    for (Eigen::Index i = 0; i < n; ++i) {
        const auto level =
            std::upper_bound(points.ends.begin(), points.ends.end(), static_cast<std::uint32_t>(i));
        x(i, level - points.ends.begin()) = 1.0;
        if (trend) x(i, levels) = points.time[static_cast<std::size_t>(i)];
        y[i] = points.counts[static_cast<std::size_t>(i)];
    }
    Eigen::ArrayXd mu = y.array() + 0.1;
    DenseFit fit;
    for (int iteration = 0; iteration < 100; ++iteration) {
        const Eigen::ArrayXd root = mu.sqrt();
        const Eigen::VectorXd z = (mu.log() + (y.array() - mu) / mu) * root;
        fit.coefficients = (root.matrix().asDiagonal() * x).colPivHouseholderQr().solve(z);
        mu = (x * fit.coefficients).array().exp();
    }
    fit.dispersion = ((y.array() - mu).square() / mu).sum() / static_cast<double>(n - x.cols());
    const Eigen::MatrixXd inverse = (x.transpose() * mu.matrix().asDiagonal() * x).inverse();
    fit.slope_variance = trend ? inverse(levels, levels) : 0.0;
    return fit;
}

TEST(QuasiPoisson, IsTheRegressionOnADenseDesign) {
    const CountTable table;
    for (std::uint64_t replicate = 0; replicate < 20; ++replicate) {
        BaselinePoints points;
        points.counts = random_counts(60, 0.2, replicate);
        for (std::size_t i = 0; i < 60; ++i)
            points.time.push_back(static_cast<double>(i % 20 + 100 * (i / 20)));
        points.ends = {11, 30, 60};
        for (const bool trend : {false, true}) {
            QuasiPoisson regression(table);
            regression.set(points);
            ASSERT_TRUE(regression.fit(trend));
            const DenseFit dense = dense_fit(points, trend);
            EXPECT_NEAR(regression.dispersion(), dense.dispersion, 1e-4);
            EXPECT_NEAR(regression.predict(1, 250.0),
                        dense.coefficients[1] + (trend ? 250.0 * dense.coefficients[3] : 0.0), 1e-5);
            if (!trend) continue;
            EXPECT_NEAR(regression.slope(), dense.coefficients[3], 1e-6);
            const double t = regression.slope() / std::sqrt(dense.dispersion * dense.slope_variance);
            EXPECT_NEAR(regression.slope_p(dense.dispersion), 2.0 * student_upper_tail(std::abs(t), 56.0),
                        1e-4);
        }
    }
}

TEST(QuasiPoisson, WeightsAddUpToTheNumberOfPointsAndTameAnOutbreak) {
    const CountTable table;
    BaselinePoints points;
    points.counts.assign(50, 4.0);
    points.counts[20] = 90.0;
    for (std::size_t i = 0; i < 50; ++i) points.time.push_back(static_cast<double>(i));
    points.ends = {50};
    QuasiPoisson regression(table);
    regression.set(points);
    ASSERT_TRUE(regression.fit(false));
    EXPECT_NEAR(std::exp(regression.predict(0, 0.0)), (49.0 * 4.0 + 90.0) / 50.0, 1e-6);
    regression.reweight(2.58);
    ASSERT_TRUE(regression.fit(false));
    EXPECT_LT(std::exp(regression.predict(0, 0.0)), 5.0);
}

TEST(Ears, IsMeanAndDeviationOfTheWindow) {
    const auto counts = random_counts(40, 0.3, 1);
    const auto results = judge(*ears({.method = EarsMethod::c2}), counts, {0, 40});
    for (std::size_t t = 0; t < 40; ++t) {
        if (t < 9) {
            EXPECT_EQ(results[t].reason, Reason::too_little_history);
            continue;
        }
        double mean = 0.0;
        double squares = 0.0;
        for (std::size_t i = t - 9; i < t - 2; ++i) mean += counts[i] / 7.0;
        for (std::size_t i = t - 9; i < t - 2; ++i) squares += (counts[i] - mean) * (counts[i] - mean);
        EXPECT_NEAR(results[t].expected, mean, 1e-12);
        EXPECT_NEAR(results[t].upper_bound, mean + 3.090232306167813 * std::sqrt(squares / 6.0), 1e-10);
        EXPECT_EQ(results[t].alarm, counts[t] > results[t].upper_bound);
    }
}

TEST(Ears, C3LooksAtTheCountUnlikeThePackage) {
    std::vector<double> counts = {4, 6, 5, 5, 4, 6, 5, 5, 4, 6, 5, 40};
    const TimePoints last{11, 12};
    EXPECT_TRUE(judge(*ears({.method = EarsMethod::c3, .alpha = 0.025}), counts, last)[0].alarm);
    EXPECT_FALSE(
        judge(*ears({.method = EarsMethod::c3, .alpha = 0.025, .compat = true}), counts, last)[0].alarm);
}

// The log likelihood ratio of one window, by golden section.
double window_ratio(const std::vector<double>& x, const std::vector<double>& mean, double alpha) {
    const auto ratio = [&](double k) {
        double sum = 0.0;
        for (std::size_t i = 0; i < x.size(); ++i)
            sum += k * x[i] + (x[i] + 1.0 / alpha) *
                                  std::log((1.0 + alpha * mean[i]) / (1.0 + alpha * mean[i] * std::exp(k)));
        return sum;
    };
    double low = 0.0;
    double high = 8.0;
    for (int i = 0; i < 200; ++i) {
        const double a = low + (high - low) / 3.0;
        const double b = high - (high - low) / 3.0;
        if (ratio(a) < ratio(b)) {
            low = a;
        } else {
            high = b;
        }
    }
    return std::max(0.0, ratio(0.5 * (low + high)));
}

TEST(Glr, IsTheGreatestRatioOfAllWindowsAndTheBoundIsTheLeastAlarm) {
    std::vector<double> counts = random_counts(130, 0.15, 3);
    for (std::size_t t = 118; t < 130; ++t) counts[t] += 2.0;
    constexpr double alpha = 0.2;
    constexpr std::size_t start = 104;
    const GlrOptions options{.threshold = 6.0, .alpha = alpha, .training = start};
    const auto results = judge(*glr(options), counts, {start, 130});
    std::size_t begin = start;
    for (std::size_t t = start; t < 130; ++t) {
        const auto greatest = [&](double count) {
            double ratio = 0.0;
            for (std::size_t from = begin; from <= t; ++from) {
                std::vector<double> x(counts.begin() + static_cast<std::ptrdiff_t>(from),
                                      counts.begin() + static_cast<std::ptrdiff_t>(t) + 1);
                x.back() = count;
                std::vector<double> mean;
                for (std::size_t i = from; i <= t; ++i) mean.push_back(results[i - start].expected);
                ratio = std::max(ratio, window_ratio(x, mean, alpha));
            }
            return ratio;
        };
        const Judgement& result = results[t - start];
        EXPECT_NEAR(result.score, greatest(counts[t]), 1e-9);
        EXPECT_GE(greatest(result.upper_bound), options.threshold);
        if (result.upper_bound > 0.0) {
            EXPECT_LT(greatest(result.upper_bound - 1.0), options.threshold);
        }
        EXPECT_EQ(result.alarm, counts[t] >= result.upper_bound);
        if (result.alarm) begin = t + 1;
    }
}

TEST(OutbreakP, DoesNotOverflow) {
    std::vector<double> counts(300);
    for (std::size_t t = 0; t < 300; ++t) counts[t] = 10.0 * static_cast<double>(t);
    const auto results = judge(*outbreak_p({}), counts, {0, 300});
    EXPECT_TRUE(std::isfinite(results.back().score));
    EXPECT_GT(results.back().score, 710.0);  // its exponential overflows
    EXPECT_TRUE(results.back().alarm);
}

TEST(Detect, ManySeriesAreJudgedAsEachAlone) {
    std::vector<double> counts;
    for (std::uint64_t replicate = 0; replicate < 33; ++replicate) {
        const auto one = random_counts(30, 0.3, replicate);
        counts.insert(counts.end(), one.begin(), one.end());
    }
    const auto detector = ears({});
    const auto together = judge(*detector, counts, {20, 30}, 2, 33);
    for (std::size_t series = 0; series < 33; ++series) {
        const std::vector<double> one(counts.begin() + static_cast<std::ptrdiff_t>(series * 30),
                                      counts.begin() + static_cast<std::ptrdiff_t>(series * 30 + 30));
        const auto alone = judge(*detector, one, {20, 30});
        for (std::size_t i = 0; i < 10; ++i) {
            EXPECT_EQ(alone[i].upper_bound, together[series * 10 + i].upper_bound);
            EXPECT_EQ(alone[i].p_value, together[series * 10 + i].p_value);
        }
    }
}

TEST(Detect, RefusesWhatIsNoCountAndStops) {
    const auto detector = ears({});
    EXPECT_THROW(judge(*detector, {1.0, -1.0, 2.0}, {0, 3}), InvalidInput);
    EXPECT_THROW(judge(*detector, {1.0, 2.0}, {0, 3}), InvalidInput);
    RunControl control;
    control.cancel();
    const std::vector<double> counts(10, 1.0);
    EXPECT_THROW(detect(*detector, counts, 1, {}, {0, 10}, 1, control, [](auto, auto) {}), Cancelled);
}

}  // namespace
}  // namespace enteroscan
