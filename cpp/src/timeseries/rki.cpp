#include <array>
#include <cmath>

#include "enteroscan/timeseries/historical.hpp"
#include "timeseries/distributions.hpp"
#include "timeseries/reference.hpp"

namespace enteroscan {
namespace {

// Upper 95 % confidence limits of the mean of a Poisson count of 0, ..., 20 (Crow and Gardner 1959).
constexpr std::array poisson_limits = {3.285,  5.323,  6.686,  8.102,  9.598,  11.177, 12.817,
                                       13.765, 14.921, 16.768, 17.633, 19.05,  20.335, 21.364,
                                       22.945, 23.762, 25.4,   26.306, 27.735, 28.966, 30.017};
constexpr double greatest_tabulated = 20.0;

class Rki final : public Detector {
  public:
    explicit Rki(const RkiOptions& options) : options_(options) {}

    void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
               const RunControl&) const override {
        judge_by_reference(series, points, judgements, options_.reference, judge_point);
    }

  private:
    static void judge_point(const Moments& moments, Judgement& result) {
        result.expected = moments.mean;
        result.dispersion = moments.mean > 0.0 ? moments.variance / moments.mean : not_a_number;
        if (moments.mean <= greatest_tabulated) {
            result.upper_bound = poisson_limits[static_cast<std::size_t>(moments.mean)];
            result.score = (result.observed - moments.mean) / (result.upper_bound - moments.mean);
            result.p_value = CountDistribution::poisson(moments.mean).upper_tail(result.observed);
        } else if (moments.n < 2) {
            result.reason = Reason::too_little_history;
        } else {
            result.upper_bound = moments.mean + 2.0 * moments.sigma();
            result.score = (result.observed - moments.mean) / moments.sigma();
            result.p_value = normal_upper_tail(result.score);
        }
    }

    RkiOptions options_;
};

}  // namespace

std::unique_ptr<const Detector> rki(const RkiOptions& options) {
    check_reference(options.reference);
    return std::make_unique<Rki>(options);
}

}  // namespace enteroscan
