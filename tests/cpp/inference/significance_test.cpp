#include "enteroscan/inference/significance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "enteroscan/base/error.hpp"

namespace enteroscan {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

void expect_close(double value, long double truth, double relative = 1e-14) {
    EXPECT_NEAR(value / static_cast<double>(truth), 1.0, relative) << value;
}

TEST(Rank, IsOneMoreThanTheNumberOfMaximaAtLeastAsLarge) {
    const std::vector<double> maxima{4.0, 1.0, 3.0, 2.0, 3.0};
    EXPECT_EQ(rank_of(5.0, maxima), 1);
    EXPECT_EQ(rank_of(3.5, maxima), 2);
    EXPECT_EQ(rank_of(3.0, maxima), 4);
    EXPECT_EQ(rank_of(0.0, maxima), 6);
    EXPECT_EQ(rank_of(5.0, {}), 1);
}

TEST(Rank, CountsTiesUpToTheToleranceAgainstTheCluster) {
    const std::vector<double> maxima{3.0};
    EXPECT_EQ(rank_of(3.0 + 0.9e-9, maxima), 2);
    EXPECT_EQ(rank_of(3.0 + 1.1e-9, maxima), 1);
    EXPECT_EQ(rank_of(3.0 - 1.1e-9, maxima), 2);
}

TEST(MonteCarloP, IsTheRankAmongAllDataSets) {
    std::vector<double> maxima(999);
    std::iota(maxima.begin(), maxima.end(), 1.0);
    EXPECT_EQ(monte_carlo_p(1000.0, maxima), 0.001);
    EXPECT_EQ(monte_carlo_p(950.5, maxima), 0.05);
    EXPECT_EQ(monte_carlo_p(0.0, maxima), 1.0);
    EXPECT_EQ(monte_carlo_p(7.0, {}), 1.0);
}

TEST(SequentialStop, IsWhereTheMaximaHaveExceededOftenEnough) {
    const std::vector<double> maxima{1.0, 5.0, 3.0, 6.0, 3.0 + 0.5e-9, 7.0, 2.0};
    EXPECT_EQ(sequential_stop(3.0, maxima, 1), 2u);
    EXPECT_EQ(sequential_stop(3.0, maxima, 2), 4u);
    EXPECT_EQ(sequential_stop(3.0, maxima, 3), 6u);  // equal ones do not exceed
    EXPECT_EQ(sequential_stop(3.0, maxima, 4), 7u);
    EXPECT_EQ(sequential_stop(8.0, maxima, 1), 7u);
    EXPECT_EQ(sequential_stop(8.0, {}, 1), 0u);
}

TEST(Gumbel, HasTheMeanAndVarianceOfTheMaxima) {
    // mean 4.875, variance 4.359375
    const std::vector<double> maxima{2.0, 3.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0};
    const Gumbel gumbel = fit_gumbel(maxima);
    expect_close(gumbel.location + std::numbers::egamma * gumbel.scale, 4.875L);
    expect_close(gumbel.scale * gumbel.scale * std::numbers::pi * std::numbers::pi / 6.0, 4.359375L);
}

TEST(Gumbel, FitIsAccurateFarFromZero) {
    const Gumbel gumbel = fit_gumbel(std::vector<double>{1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0});
    expect_close(gumbel.scale, std::sqrt(4.0L) / std::numbers::pi_v<long double>);
}

TEST(Gumbel, TailIsThatOfTheDistribution) {
    const Gumbel gumbel{.location = 7.0, .scale = 1.5};
    for (double statistic = 0.0; statistic < 1000.0; statistic += 0.37) {
        const long double x = (static_cast<long double>(statistic) - 7.0L) / 1.5L;
        expect_close(gumbel.p(statistic), -std::expm1(-std::exp(-x)), 1e-13);
    }
    EXPECT_NEAR(gumbel.p(7.0), 0.632120558828557678, 1e-15);                // 1 - 1 / e
    expect_close(gumbel.p(7.0 + 1.5 * 50.0), 1.92874984796391765783e-22L);  // exp(-50), nearly
    EXPECT_EQ(gumbel.p(-1e6), 1.0);
    EXPECT_EQ(gumbel.p(infinity), 0.0);
}

TEST(Gumbel, CriticalValueIsReachedWithItsProbability) {
    const Gumbel gumbel{.location = 7.0, .scale = 1.5};
    for (const double alpha : {0.5, 0.05, 0.01, 1e-5, 1e-12, 1e-100})
        expect_close(gumbel.p(gumbel.critical_value(alpha)), alpha, 1e-12);
    EXPECT_NEAR(gumbel.critical_value(0.05), 7.0 + 1.5 * 2.9701952490421637, 1e-13);
}

TEST(Gumbel, OfEqualMaximaIsThatValue) {
    const Gumbel gumbel = fit_gumbel(std::vector<double>{2.0, 2.0, 2.0});
    EXPECT_EQ(gumbel.p(1.0), 1.0);
    EXPECT_EQ(gumbel.p(2.0), 1.0);
    EXPECT_EQ(gumbel.p(3.0), 0.0);
    EXPECT_EQ(gumbel.critical_value(0.05), 2.0);
}

TEST(Gumbel, NeedsTwoMaxima) {
    EXPECT_THROW(fit_gumbel({}), InvalidInput);
    EXPECT_THROW(fit_gumbel(std::vector<double>{1.0}), InvalidInput);
}

TEST(CriticalValue, IsTheMaximumToExceed) {
    std::vector<double> maxima(999);
    std::iota(maxima.begin(), maxima.end(), 1.0);
    std::reverse(maxima.begin(), maxima.begin() + 500);
    EXPECT_EQ(critical_value(maxima, 0.05), 950.0);
    EXPECT_EQ(critical_value(maxima, 0.01), 990.0);
    EXPECT_EQ(critical_value(maxima, 0.001), 999.0);
    EXPECT_TRUE(std::isnan(critical_value(maxima, 0.0009)));
    EXPECT_TRUE(std::isnan(critical_value({}, 0.5)));
}

TEST(CriticalValue, AgreesWithThePValueForEveryAlpha) {
    for (const int n : {1, 2, 19, 99, 100, 499}) {
        std::vector<double> maxima(static_cast<std::size_t>(n));
        std::iota(maxima.begin(), maxima.end(), 1.0);
        for (int i = 1; i < 1000; ++i) {
            const double alpha = i / 1000.0;
            const double critical = critical_value(maxima, alpha);
            const double least_p = monte_carlo_p(infinity, maxima);
            ASSERT_EQ(std::isnan(critical), least_p > alpha) << n << " " << alpha;
            if (std::isnan(critical)) continue;
            ASSERT_LE(monte_carlo_p(critical + 0.5, maxima), alpha) << n;
            ASSERT_GT(monte_carlo_p(critical, maxima), alpha) << n;
        }
    }
}

TEST(CriticalValue, RefusesWhatIsNoProbability) {
    for (const double alpha : {0.0, 1.0, -0.1, 5.0, std::numeric_limits<double>::quiet_NaN()})
        EXPECT_THROW(critical_value(std::vector<double>{1.0, 2.0}, alpha), InvalidInput);
}

TEST(RecurrenceInterval, IsThePeriodOverThePOfOneAnalysis) {
    expect_close(recurrence_interval(0.001, 1.0, 1), 1000.0L);
    expect_close(recurrence_interval(0.02, 7.0, 1), 350.0L);
    EXPECT_EQ(recurrence_interval(1.0, 7.0, 1), 7.0);
    EXPECT_EQ(recurrence_interval(1.0, 7.0, 100), 7.0);
    EXPECT_EQ(recurrence_interval(0.0, 1.0, 1), infinity);
    // p of one analysis is 0.1 if that of three is 1 - 0.9^3
    expect_close(recurrence_interval(1.0 - 0.729, 1.0, 3), 10.0L);
}

TEST(RecurrenceInterval, IsAccurateForTheSmallestP) {
    for (const double p : {1e-3, 1e-10, 1e-17, 1e-300}) {
        for (const int analyses : {1, 2, 365}) {
            const long double p_of_one = -std::expm1(std::log1p(-static_cast<long double>(p)) / analyses);
            expect_close(recurrence_interval(p, 1.0, analyses), 1.0L / p_of_one);
        }
    }
    expect_close(recurrence_interval(1e-17, 1.0, 365), 365e17L);
}

}  // namespace
}  // namespace enteroscan
