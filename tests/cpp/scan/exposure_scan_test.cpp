#include "enteroscan/scan/exposure_scan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "enteroscan/base/error.hpp"
#include "enteroscan/model/exposure_model.hpp"

namespace enteroscan {
namespace {

/// Cases of several strata in a window, and how many of them are exposed.
struct Window {
    std::vector<double> inside;
    std::vector<double> shares;
    double cases = 0.0;
    double expected = 0.0;

    double log_likelihood_ratio() const { return exposure_log_likelihood_ratio(cases, inside, shares); }
    double at(double theta) const {
        double sum = cases * theta;
        for (std::size_t s = 0; s < inside.size(); ++s) {
            sum -= inside[s] * std::log1p(shares[s] * std::expm1(theta));
        }
        return sum;
    }
};

/// Windows with more exposed cases than expected, of 1 to 4 strata; in some strata nobody is exposed.
std::vector<Window> random_windows(std::size_t n) {
    std::mt19937 random(5);
    std::uniform_real_distribution<double> share(0.0, 0.9);
    std::vector<Window> windows;
    while (windows.size() < n) {
        Window window;
        const std::size_t n_strata = 1 + random() % 4;
        double most = 0.0;
        for (std::size_t s = 0; s < n_strata; ++s) {
            window.inside.push_back(static_cast<double>(random() % 8));
            window.shares.push_back(random() % 5 == 0 ? 0.0 : share(random));
            window.expected += window.inside[s] * window.shares[s];
            if (window.shares[s] > 0.0) most += window.inside[s];
        }
        window.cases = std::floor(window.expected) + static_cast<double>(1 + random() % 3);
        if (window.expected > 0.0 && window.cases <= most) windows.push_back(window);
    }
    return windows;
}

TEST(ExposureStatistic, is_the_greatest_over_all_odds) {
    for (const auto& window : random_windows(2000)) {
        double greatest = 0.0;
        for (int i = 0; i <= 4000; ++i) greatest = std::max(greatest, window.at(i * 0.01));
        EXPECT_GE(window.log_likelihood_ratio(), greatest - 1e-9);
        EXPECT_NEAR(window.log_likelihood_ratio(), greatest, 1e-3);
    }
}

TEST(ExposureStatistic, is_never_greater_than_its_bounds) {
    std::size_t n_finite = 0;
    for (const auto& window : random_windows(5000)) {
        const double value = window.log_likelihood_ratio() - 1e-12;
        const double greatest = *std::max_element(window.shares.begin(), window.shares.end());
        EXPECT_LE(value, exposure_bound(window.cases, window.expected, greatest));
        const double bound = exposure_bound(window.cases, window.expected, window.inside, window.shares);
        EXPECT_LE(value, bound);
        if (std::isfinite(bound)) ++n_finite;
    }
    EXPECT_GT(n_finite, 1000u);
}

TEST(ExposureStatistic, falls_with_every_case_that_is_not_exposed) {
    for (auto window : random_windows(1000)) {
        if (window.cases <= window.expected + window.shares[0]) continue;
        const double before = window.log_likelihood_ratio();
        window.inside[0] += 1.0;
        if (window.shares[0] > 0.0) {
            EXPECT_LE(window.log_likelihood_ratio(), before + 1e-9);
        } else {
            EXPECT_NEAR(window.log_likelihood_ratio(), before, 1e-9);
        }
    }
}

TEST(ExposureScan, ends_when_it_is_cancelled) {
    const std::size_t n = 200;
    ExposureModel model;
    Lists eaten;
    for (std::uint32_t i = 0; i < n; ++i) {
        model.location.push_back(i % 20);
        model.interval.push_back(i % 30);
        model.stratum.push_back(0);
        eaten.append(std::vector<std::uint32_t>{i % 3});
    }
    const Tree tree(3, {}, {});
    const std::vector<Cut> cuts(3, Cut::simple);
    RunControl control;
    const ExposureScan scan(model, tree_sets(tree, eaten, cuts), *whole_area(20),
                            open_intervals(30, 1, 10, 30), 2, control);
    EXPECT_EQ(scan.simulate(0, 50, 1, 1, control).size(), 50u);
    control.cancel();
    EXPECT_THROW(scan.simulate(0, 50, 1, 1, control), Cancelled);
    EXPECT_THROW(scan.best_of_nodes(control), Cancelled);
}

}  // namespace
}  // namespace enteroscan
