#include "scan/blocks.hpp"

#include <algorithm>
#include <cmath>

namespace enteroscan {
namespace {

/// Expected cases of a site in the widest window of the scan: what blocks are measured by.
class Widest {
  public:
    explicit Widest(const Plan& plan) : plan_(&plan), ratio_(plan.statistic().expected(1.0)) {
        const IntervalRun& run = plan.runs().back();
        start_ = static_cast<std::size_t>(run.last_start);
        end_ = static_cast<std::size_t>(run.last_start + run.length);
        if (plan.separable()) factor_ = (plan.course()[end_] - plan.course()[start_]) / plan.divisor() * ratio_;
    }

    double operator()(std::uint32_t site) const {
        if (plan_->separable()) return plan_->weight(site) * factor_;
        const std::span<const double> row = plan_->row(site);
        return (row[end_] - row[start_]) * ratio_;
    }

  private:
    const Plan* plan_;
    double ratio_;
    double factor_ = 0.0;
    std::size_t start_;
    std::size_t end_;
};

}  // namespace

Blocks::Blocks(const Plan& plan, double slack) : offsets_(plan.n_centres() + 1, 0) {
    const Widest widest(plan);
    for (std::size_t centre = 0; centre < plan.n_centres(); ++centre) {
        double weight = 0.0;
        double expected = 0.0;
        double limit = -1.0;
        for (const std::uint32_t site : plan.members(centre)) {
            expected += widest(site);
            if (plan.separable()) weight += plan.weight(site);
            if (expected > limit) {
                limit = expected + slack * std::sqrt(expected);
                lengths_.push_back(0);
                first_weights_.push_back(weight);
                last_weights_.push_back(weight);
            }
            ++lengths_.back();
            last_weights_.back() = weight;
        }
        offsets_[centre + 1] = lengths_.size();
    }
}

double greatest_measure(const Plan& plan) {
    double greatest = 0.0;
    ZoneMeasure measure(plan);
    double weight = 0.0;
    for (std::size_t centre = 0; centre < plan.n_centres(); ++centre) {
        measure.clear();
        for (const std::uint32_t site : plan.members(centre)) measure.add(site);
        if (plan.separable()) {
            weight = std::max(weight, measure.weight());
            continue;
        }
        for (const IntervalRun& run : plan.runs())
            for (std::int32_t start = run.first_start; start <= run.last_start; ++start)
                greatest = std::max(greatest, measure.between(static_cast<std::size_t>(start),
                                                              static_cast<std::size_t>(start + run.length)));
    }
    if (plan.separable()) {
        measure.set_weight(weight);
        for (const IntervalRun& run : plan.runs())
            for (std::int32_t start = run.first_start; start <= run.last_start; ++start)
                greatest = std::max(greatest, measure.between(static_cast<std::size_t>(start),
                                                              static_cast<std::size_t>(start + run.length)));
    }
    return greatest;
}

}  // namespace enteroscan
