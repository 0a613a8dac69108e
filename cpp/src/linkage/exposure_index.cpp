#include "exposure_index.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "enteroscan/base/error.hpp"
#include "enteroscan/base/random.hpp"

namespace enteroscan {

namespace {

constexpr std::uint32_t permutation_stream = 16;  // no model's stream has this number

void check_options(const GroupOptions& options) {
    const auto& durations = options.durations;
    const bool numbers =
        std::none_of(durations.begin(), durations.end(), [](double hours) { return std::isnan(hours); });
    if (!numbers || durations.empty() || durations.front() < 0.0 ||
        !std::is_sorted(durations.begin(), durations.end())) {
        throw InvalidInput("durations must be ascending numbers of hours, at least one of them");
    }
    if (std::isnan(options.fresh_since)) throw InvalidInput("fresh_since must be a number of hours");
    if (!(options.from <= options.until)) throw InvalidInput("'from' must not be after 'until'");
    if (options.max_reports < 0) throw InvalidInput("max_reports must not be negative");
    if (options.min_cases < 1) throw InvalidInput("min_cases must be at least 1");
}

std::vector<double> exponentials(const std::vector<double>& logs) {
    std::vector<double> result(logs.size());
    std::transform(logs.begin(), logs.end(), result.begin(), [](double x) { return std::exp(x); });
    return result;
}

}  // namespace

ExposureIndex::ExposureIndex(CaseReports given, GroupOptions chosen)
    : reports((check(given), std::move(given))), options(std::move(chosen)), by_value(reports) {
    check_options(options);
    case_ratio = exponentials(reports.case_evidence);
    meal_ratio = exponentials(reports.lag_evidence);
    report_ratio = exponentials(reports.report_evidence);
    prior = exponentials(reports.log_prior);
    const double sum = std::accumulate(prior.begin(), prior.end(), 0.0);
    for (double& share : prior) share /= sum;

    by_stratum.resize(reports.n_cases());
    std::iota(by_stratum.begin(), by_stratum.end(), 0);
    const auto stratum = [this](std::int32_t c) { return reports.stratum[static_cast<std::size_t>(c)]; };
    std::sort(by_stratum.begin(), by_stratum.end(), [&](std::int32_t a, std::int32_t b) {
        return std::pair(stratum(a), a) < std::pair(stratum(b), b);
    });
    for (std::size_t i = 0; i < by_stratum.size(); ++i) {
        if (i == 0 || stratum(by_stratum[i]) != stratum(by_stratum[i - 1])) stratum_first.push_back(i);
    }
    stratum_first.push_back(by_stratum.size());
}

void ExposureIndex::shuffle(std::uint64_t seed, std::int64_t replicate, std::span<const std::uint8_t> aside,
                            std::vector<std::int32_t>& source) const {
    RandomStream random(seed, permutation_stream, static_cast<std::uint64_t>(replicate));
    source.resize(by_stratum.size());
    std::iota(source.begin(), source.end(), 0);
    std::vector<std::int32_t> cases;
    for (std::size_t s = 0; s + 1 < stratum_first.size(); ++s) {
        cases.clear();
        for (std::size_t i = stratum_first[s]; i < stratum_first[s + 1]; ++i) {
            if (aside[static_cast<std::size_t>(by_stratum[i])] == 0) cases.push_back(by_stratum[i]);
        }
        for (std::size_t i = cases.size(); i > 1; --i) {
            const std::size_t j = random.below(static_cast<std::uint32_t>(i));
            std::swap(source[static_cast<std::size_t>(cases[i - 1])],
                      source[static_cast<std::size_t>(cases[j])]);
        }
    }
}

}  // namespace enteroscan
