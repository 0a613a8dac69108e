#include <cmath>
#include <utility>
#include <vector>

#include "enteroscan/timeseries/historical.hpp"
#include "timeseries/distributions.hpp"
#include "timeseries/moments.hpp"
#include "timeseries/options.hpp"

namespace enteroscan {
namespace {

constexpr std::int64_t block = 4;

// The sum of the block that ends with point `last`; NaN where a count is missing or outside the series.
double block_sum(std::span<const double> counts, std::int64_t last) noexcept {
    if (last < block - 1 || std::cmp_greater_equal(last, counts.size())) return not_a_number;
    double sum = 0.0;
    for (auto i = last - block + 1; i <= last; ++i) sum += counts[static_cast<std::size_t>(i)];
    return sum;
}

class Stroup final : public Detector {
  public:
    explicit Stroup(const StroupOptions& options)
        : options_(options), quantile_(normal_quantile(1.0 - 0.5 * options.alpha)) {}

    void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
               const RunControl&) const override {
        options_.years.check(points);
        std::vector<double> sums;
        for (std::size_t i = 0; i < judgements.size(); ++i)
            judge_point(series.counts, points.begin + i, judgements[i], sums);
    }

  private:
    void judge_point(std::span<const double> counts, std::size_t t, Judgement& result,
                     std::vector<double>& sums) const {
        sums.clear();
        const auto beside = static_cast<std::int64_t>(options_.blocks_beside);
        result.observed = block_sum(counts, static_cast<std::int64_t>(t));
        for (std::size_t year = 1; year <= options_.years.n_years; ++year) {
            const std::int64_t then = options_.years(t, year);
            for (auto shift = -beside; shift <= beside; ++shift) {
                const double sum =
                    then == YearsBack::missing ? not_a_number : block_sum(counts, then + shift * block);
                if (!std::isnan(sum)) sums.push_back(sum);
            }
            const std::int64_t first = then - (beside + 1) * block + 1;
            if (then == YearsBack::missing || first < 0) {
                result.reason = Reason::too_little_history;
                return;
            }
        }
        const Moments moments = moments_of(sums);
        if (moments.n < 2) {
            result.reason = Reason::too_little_history;
            return;
        }
        const double width = moments.sigma() * std::sqrt(1.0 + 1.0 / static_cast<double>(moments.n));
        result.expected = moments.mean;
        result.dispersion = moments.mean > 0.0 ? moments.variance / moments.mean : not_a_number;
        result.upper_bound = moments.mean + quantile_ * width;
        result.score = result.observed == moments.mean ? 0.0 : (result.observed - moments.mean) / width;
        result.p_value = normal_upper_tail(result.score);
        if (width == 0.0) result.reason = Reason::constant_baseline;
        if (std::isnan(result.observed)) result.reason = Reason::missing_count;
        result.alarm = result.observed > result.upper_bound;
    }

    StroupOptions options_;
    double quantile_;
};

}  // namespace

std::unique_ptr<const Detector> stroup(const StroupOptions& options) {
    check_option(options.years.n_years > 0, "historical limits need earlier years");
    check_alpha(options.alpha);
    return std::make_unique<Stroup>(options);
}

}  // namespace enteroscan
