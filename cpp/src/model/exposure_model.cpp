#include "enteroscan/model/exposure_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "enteroscan/base/error.hpp"
#include "enteroscan/base/random.hpp"
#include "model/selection.hpp"
#include "model/streams.hpp"
#include "model/x_log_ratio.hpp"

namespace enteroscan {

namespace {

constexpr double rounding = 1e-12;      // of numbers of cases
constexpr double greatest_tilt = 50.0;  // of log odds; as good as infinite
constexpr double least_step = 1e-9;     // what is left makes no difference, the maximum is flat
constexpr int most_steps = 100;

void check_below(std::span<const std::uint32_t> numbers, std::size_t end, const char* what) {
    const auto outside =
        std::find_if(numbers.begin(), numbers.end(), [=](std::uint32_t number) { return number >= end; });
    if (outside == numbers.end()) return;
    throw InvalidInput(std::string("exposures: there is no ") + what + " " + std::to_string(*outside) +
                       " among " + std::to_string(end));
}

/// Exposed cases to expect where the odds of all are multiplied by exp(theta), and their variance.
struct Tilted {
    double mean = 0.0;
    double variance = 0.0;

    Tilted(double theta, std::span<const double> inside, std::span<const double> shares) noexcept {
        const double factor = std::exp(theta);
        for (std::size_t s = 0; s < inside.size(); ++s) {
            const double chance = shares[s] * factor / (1.0 - shares[s] + shares[s] * factor);
            mean += inside[s] * chance;
            variance += inside[s] * chance * (1.0 - chance);
        }
    }
};

/// The theta with which so many are expected if all have the mean share; 0 where there is none.
double tilt_of_one_stratum(double cases, std::span<const double> inside,
                           std::span<const double> shares) noexcept {
    const double all = std::accumulate(inside.begin(), inside.end(), 0.0);
    const double expected = std::inner_product(inside.begin(), inside.end(), shares.begin(), 0.0);
    const double theta = std::log(cases * (all - expected) / ((all - cases) * expected));
    return theta >= 0.0 && theta < greatest_tilt ? theta : 0.0;
}

/// The theta >= 0 with which so many exposed cases are expected: Newton's method, within what is left.
double best_tilt(double cases, std::span<const double> inside, std::span<const double> shares) noexcept {
    double low = 0.0;
    double high = greatest_tilt;
    double theta = tilt_of_one_stratum(cases, inside, shares);
    for (int i = 0; i < most_steps; ++i) {
        const Tilted at(theta, inside, shares);
        const double step = (cases - at.mean) / at.variance;
        if (std::abs(step) < least_step) break;
        (at.mean < cases ? low : high) = theta;
        const double next = theta + step;
        theta = next > low && next < high ? next : (low + high) / 2.0;
    }
    return theta;
}

/// Cases that may be exposed, and the log likelihood ratio if all of them are.
struct AllExposed {
    double cases = 0.0;
    double log_likelihood_ratio = 0.0;

    AllExposed(std::span<const double> inside, std::span<const double> shares) noexcept {
        for (std::size_t s = 0; s < inside.size(); ++s) {
            if (shares[s] <= 0.0 || inside[s] <= 0.0) continue;
            cases += inside[s];
            log_likelihood_ratio -= inside[s] * std::log(shares[s]);
        }
    }
};

}  // namespace

std::size_t ExposureModel::n_strata() const noexcept {
    return stratum.empty() ? 0 : std::size_t{*std::max_element(stratum.begin(), stratum.end())} + 1;
}

void ExposureModel::check(std::size_t n_locations, std::size_t n_intervals) const {
    if (location.empty()) throw InvalidInput("exposures: there are no cases");
    if (interval.size() != n_cases() || stratum.size() != n_cases()) {
        throw InvalidInput("exposures: every case needs a location, an interval and a stratum");
    }
    check_below(location, n_locations, "location");
    check_below(interval, n_intervals, "interval");
    check_below(stratum, n_cases(), "stratum");
}

double exposure_bound(double cases, double expected, double share) noexcept {
    const double all = expected / share;
    const double others = all - cases;
    if (others < -rounding * cases) return std::numeric_limits<double>::infinity();
    return x_log_ratio(cases, expected) + x_log_ratio(others, all - expected);
}

double exposure_bound(double cases, double expected, std::span<const double> inside,
                      std::span<const double> shares) noexcept {
    // The ratio is the least divergence of chances with this mean from the shares; these have it. Of what
    // those who are not exposed add, ln x <= x - 1 leaves the second order.
    const double factor = cases / expected;
    double squares = 0.0;
    double greatest = 0.0;
    for (std::size_t s = 0; s < inside.size(); ++s) {
        if (inside[s] <= 0.0) continue;
        greatest = std::max(greatest, shares[s]);
        squares += inside[s] * shares[s] * shares[s] / (1.0 - shares[s]);
    }
    if (greatest * factor >= 1.0) return std::numeric_limits<double>::infinity();
    return cases * std::log(factor) - (cases - expected) + (factor - 1.0) * (factor - 1.0) * squares;
}

double exposure_log_likelihood_ratio(double cases, std::span<const double> inside,
                                     std::span<const double> shares) noexcept {
    if (inside.size() == 1) return exposure_bound(cases, inside[0] * shares[0], shares[0]);
    const AllExposed all(inside, shares);
    if (cases >= all.cases) return all.log_likelihood_ratio;
    const double theta = best_tilt(cases, inside, shares);
    double sum = cases * theta;
    for (std::size_t s = 0; s < inside.size(); ++s) {
        if (inside[s] > 0.0) sum -= inside[s] * std::log1p(shares[s] * std::expm1(theta));
    }
    return sum;
}

struct ExposureSampler::Pools {
    std::uint64_t seed;
    std::vector<std::uint32_t> strata;                 // of those who need exposures
    std::vector<Selection<std::uint32_t>> of_stratum;  // whose exposures there are
};

ExposureSampler::ExposureSampler(const ExposureModel& model, std::span<const std::uint32_t> cases,
                                 std::uint64_t seed)
    : pools_(std::make_unique<Pools>(Pools{seed, {}, {}})) {
    std::vector<std::vector<std::uint32_t>> members(model.n_strata());
    for (std::uint32_t i = 0; i < model.n_cases(); ++i) members[model.stratum[i]].push_back(i);
    for (auto& pool : members) pools_->of_stratum.emplace_back(std::move(pool));
    for (const auto i : cases) pools_->strata.push_back(model.stratum[i]);
}

ExposureSampler::~ExposureSampler() = default;

void ExposureSampler::draw(std::uint64_t replicate, std::vector<std::uint32_t>& source) {
    RandomStream random(pools_->seed, static_cast<std::uint32_t>(Stream::exposure), replicate);
    source.clear();
    for (const auto stratum : pools_->strata) source.push_back(pools_->of_stratum[stratum].draw(random));
    for (auto& pool : pools_->of_stratum) pool.restore();
}

}  // namespace enteroscan
