#include "scan/blocks.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/parallel.hpp"

namespace enteroscan {
namespace {

/// Expected cases of a site in the widest window of the scan: what blocks are measured by.
class Widest {
  public:
    explicit Widest(const Plan& plan) : plan_(&plan), ratio_(plan.statistic().expected(1.0)) {
        const IntervalRun& run = plan.runs().back();
        start_ = static_cast<std::size_t>(run.last_start);
        end_ = static_cast<std::size_t>(run.last_start + run.length);
        if (plan.separable())
            factor_ = (plan.course()[end_] - plan.course()[start_]) / plan.divisor() * ratio_;
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

/// Greatest measure of all windows in a zone.
double greatest_of(const Plan& plan, const ZoneMeasure& zone) {
    double greatest = 0.0;
    for (const IntervalRun& run : plan.runs())
        for (std::int32_t start = run.first_start; start <= run.last_start; ++start)
            greatest = std::max(greatest, zone.between(static_cast<std::size_t>(start),
                                                       static_cast<std::size_t>(start + run.length)));
    return greatest;
}

}  // namespace

Blocks::Blocks(const Plan& plan, double slack, std::size_t n_threads, const RunControl& control)
    : offsets_(plan.n_centres() + 1, 0) {
    struct OfCentre {
        std::vector<std::uint32_t> lengths;
        std::vector<double> first_weights;
        std::vector<double> last_weights;
    };
    const Widest widest(plan);
    std::vector<OfCentre> all(plan.n_centres());
    parallel_for(plan.n_centres(), n_threads, control, [&](std::size_t centre, std::size_t) {
        OfCentre blocks;
        double weight = 0.0;
        double expected = 0.0;
        double limit = -1.0;
        std::uint32_t length = 0;
        for (const std::uint32_t site : plan.members(centre)) {
            expected += widest(site);
            if (expected > limit) {
                if (length > 0) {
                    blocks.lengths.push_back(length);
                    blocks.last_weights.push_back(weight);
                }
                limit = expected + slack * std::sqrt(expected);
                length = 0;
                if (plan.separable()) blocks.first_weights.push_back(weight + plan.weight(site));
            }
            if (plan.separable()) weight += plan.weight(site);
            ++length;
        }
        if (length > 0) {
            blocks.lengths.push_back(length);
            blocks.last_weights.push_back(weight);
        }
        all[centre] = std::move(blocks);
    });
    for (std::size_t centre = 0; centre < all.size(); ++centre) {
        const OfCentre& blocks = all[centre];
        lengths_.insert(lengths_.end(), blocks.lengths.begin(), blocks.lengths.end());
        first_weights_.insert(first_weights_.end(), blocks.first_weights.begin(), blocks.first_weights.end());
        last_weights_.insert(last_weights_.end(), blocks.last_weights.begin(), blocks.last_weights.end());
        offsets_[centre + 1] = lengths_.size();
    }
}

double greatest_measure(const Plan& plan, std::size_t n_threads, const RunControl& control) {
    if (plan.separable()) {
        double weight = 0.0;
        for (std::size_t centre = 0; centre < plan.n_centres(); ++centre)
            if (plan.blocks().count(centre) > 0)
                weight = std::max(weight, plan.blocks().last_weights(centre).back());
        ZoneMeasure zone(plan);
        zone.set_weight(weight);
        return greatest_of(plan, zone);
    }
    std::vector<double> greatest(plan.n_centres(), 0.0);
    parallel_for(plan.n_centres(), n_threads, control, [&](std::size_t centre, std::size_t) {
        ZoneMeasure zone(plan);
        for (const std::uint32_t site : plan.members(centre)) zone.add(site);
        greatest[centre] = greatest_of(plan, zone);
    });
    return greatest.empty() ? 0.0 : *std::max_element(greatest.begin(), greatest.end());
}

}  // namespace enteroscan
