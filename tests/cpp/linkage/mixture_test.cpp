#include "linkage/mixture.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <vector>

namespace enteroscan {
namespace {

double log_likelihood_ratio(const std::vector<double>& ratios, double amount) {
    double result = -amount;
    for (const double ratio : ratios) result += std::log1p(amount * ratio);
    return result;
}

/// The greatest value by golden-section search; the function is concave.
double greatest(const std::vector<double>& ratios) {
    constexpr double golden = 0.6180339887498949;
    double low = 0.0;
    auto high = static_cast<double>(ratios.size());
    for (int step = 0; step < 200; ++step) {
        const double a = high - golden * (high - low);
        const double b = low + golden * (high - low);
        if (log_likelihood_ratio(ratios, a) < log_likelihood_ratio(ratios, b)) {
            low = a;
        } else {
            high = b;
        }
    }
    return std::max(0.0, log_likelihood_ratio(ratios, (low + high) / 2));
}

/// Ratios over many orders of magnitude.
std::vector<double> random_ratios(std::mt19937_64& random) {
    std::uniform_int_distribution<std::size_t> size(1, 60);
    std::normal_distribution<double> logs(-2.0, 3.0);
    std::vector<double> ratios(size(random));
    for (double& ratio : ratios) ratio = std::exp(logs(random));
    return ratios;
}

double sum(const std::vector<double>& numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

TEST(FitSource, FindsTheGreatestLikelihood) {
    std::mt19937_64 random(1);
    int n_positive = 0;
    for (int i = 0; i < 5000; ++i) {
        const auto ratios = random_ratios(random);
        const SourceFit fit = fit_source(ratios);
        const double best = greatest(ratios);
        ASSERT_NEAR(fit.log_likelihood_ratio, best, 1e-9 * (1.0 + best)) << "at " << i;
        n_positive += best > 1e-6 ? 1 : 0;
    }
    EXPECT_GT(n_positive, 2000);
}

TEST(FitSource, SlopeIsZeroAtTheAmount) {
    std::mt19937_64 random(2);
    for (int i = 0; i < 5000; ++i) {
        const auto ratios = random_ratios(random);
        const SourceFit fit = fit_source(ratios);
        if (fit.amount == 0.0) continue;
        double belongs = 0.0;
        for (const double ratio : ratios) belongs += fit.amount * ratio / (1.0 + fit.amount * ratio);
        ASSERT_NEAR(belongs, fit.amount, 1e-9 * fit.amount);  // as many as belong to it
        ASSERT_LT(fit.amount, static_cast<double>(ratios.size()));
    }
}

TEST(FitSource, EqualRatiosHaveAClosedForm) {
    for (const std::size_t n : {1U, 2U, 5U, 100U}) {
        for (const double ratio : {0.02, 0.6, 1.5, 40.0, 1e9}) {
            const SourceFit fit = fit_source(std::vector<double>(n, ratio));
            const auto m = static_cast<double>(n);
            const bool exceeds = m * ratio > 1.0;
            EXPECT_NEAR(fit.amount, exceeds ? m - 1.0 / ratio : 0.0, 1e-9 * m);
            const double expected = exceeds ? m * std::log(m * ratio) - m + 1.0 / ratio : 0.0;
            EXPECT_NEAR(fit.log_likelihood_ratio, expected, 1e-9 * (1.0 + expected));
            EXPECT_NEAR(fit.log_likelihood_ratio, best_possible(m, m * ratio), 1e-9 * (1.0 + expected));
        }
    }
}

TEST(FitSource, TwoRatiosHaveAClosedForm) {
    // a / (1 + A a) + b / (1 + A b) = 1 is a quadratic equation in A.
    const double a = 3.0;
    const double b = 0.5;
    const double p = a + b - 2.0 * a * b;
    const double amount = (-p + std::sqrt(p * p + 4.0 * a * b * (a + b - 1.0))) / (2.0 * a * b);
    EXPECT_NEAR(fit_source(std::vector{a, b}).amount, amount, 1e-12);
}

TEST(FitSource, NothingIsExplainedWhereChanceSuffices) {
    for (const std::vector<double>& ratios :
         std::vector<std::vector<double>>{{}, {1.0}, {0.5, 0.5}, {0.2, 0.3, 0.4}, {0.0, 0.0}}) {
        EXPECT_EQ(fit_source(ratios).amount, 0.0);
        EXPECT_EQ(fit_source(ratios).log_likelihood_ratio, 0.0);
    }
}

TEST(FitSource, CasesWithoutEvidenceChangeNothing) {
    EXPECT_DOUBLE_EQ(fit_source(std::vector{4.0, 9.0, 0.0, 0.0}).log_likelihood_ratio,
                     fit_source(std::vector{4.0, 9.0}).log_likelihood_ratio);
}

TEST(BestPossible, IsNeverExceeded) {
    std::mt19937_64 random(3);
    double closest = 1e9;
    for (int i = 0; i < 20000; ++i) {
        const auto ratios = random_ratios(random);
        const double bound = best_possible(static_cast<double>(ratios.size()), sum(ratios));
        const double reached = fit_source(ratios).log_likelihood_ratio;
        ASSERT_LE(reached, bound + 1e-12 * bound) << "at " << i;
        if (reached > 1.0) closest = std::min(closest, (bound - reached) / reached);
    }
    EXPECT_LT(closest, 0.01);  // and it is near where ratios are alike
}

TEST(BestPossible, GrowsWithTheSum) {
    for (const double n : {1.0, 4.0, 50.0}) {
        double before = 0.0;
        for (double total = 0.5; total < 1000.0; total *= 1.1) {
            EXPECT_GE(best_possible(n, total), before);
            before = best_possible(n, total);
        }
    }
}

}  // namespace
}  // namespace enteroscan
