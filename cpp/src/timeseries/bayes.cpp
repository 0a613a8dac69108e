#include <cmath>

#include "enteroscan/timeseries/historical.hpp"
#include "timeseries/distributions.hpp"
#include "timeseries/options.hpp"
#include "timeseries/reference.hpp"

namespace enteroscan {
namespace {

class Bayes final : public Detector {
  public:
    explicit Bayes(const BayesOptions& options) : options_(options) {}

    void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
               const RunControl&) const override {
        judge_by_reference(
            series, points, judgements, options_.reference, [&](const Moments& moments, Judgement& result) {
                const auto n = static_cast<double>(moments.n);
                const double size = moments.sum + 0.5;
                const auto predictive = CountDistribution::of_probability(size, n / (n + 1.0));
                result.expected = size / n;
                result.dispersion = (n + 1.0) / n;
                result.upper_bound = predictive.upper_quantile(options_.alpha);
                result.p_value = predictive.upper_tail(result.observed);
                result.score =
                    (result.observed - result.expected) / std::sqrt(result.expected * result.dispersion);
            });
    }

  private:
    BayesOptions options_;
};

}  // namespace

std::unique_ptr<const Detector> bayes(const BayesOptions& options) {
    check_reference(options.reference);
    check_alpha(options.alpha);
    return std::make_unique<Bayes>(options);
}

}  // namespace enteroscan
