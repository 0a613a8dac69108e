#include "scan/blocks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/parallel.hpp"

namespace enteroscan {
namespace {

/// What blocks are measured by: the measure of a site in the widest window of the scan, or, if measures are
/// separable, its weight, and how many cases are expected for one of it.
class Widest {
  public:
    explicit Widest(const Plan& plan) : plan_(&plan), expected_per_unit_(plan.statistic().expected(1.0)) {
        const IntervalRun& run = plan.runs().back();
        start_ = static_cast<std::size_t>(run.last_start);
        end_ = static_cast<std::size_t>(run.last_start + run.length);
        if (plan.separable())
            expected_per_unit_ *= (plan.course()[end_] - plan.course()[start_]) / plan.divisor();
    }

    double operator()(std::uint32_t site) const {
        if (plan_->separable()) return plan_->weight(site);
        const std::span<const double> row = plan_->row(site);
        return row[end_] - row[start_];
    }

    /// How far a block may reach that begins with a zone of this size.
    double limit(double size, double slack) const {
        return expected_per_unit_ > 0.0 ? size + slack * std::sqrt(size / expected_per_unit_)
                                        : std::numeric_limits<double>::infinity();
    }

  private:
    const Plan* plan_;
    double expected_per_unit_;
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
    : lengths_(plan.n_centres(), n_threads),
      first_weights_(plan.n_centres(), n_threads),
      last_weights_(plan.n_centres(), n_threads) {
    const Widest widest(plan);
    struct Scratch {
        std::vector<std::uint32_t> lengths;
        std::vector<double> first_weights;
        std::vector<double> last_weights;
    };
    std::vector<Scratch> scratch(n_threads);
    parallel_for(plan.n_centres(), n_threads, control, [&](std::size_t centre, std::size_t worker) {
        const std::span<const std::uint32_t> members = plan.members(centre);
        Scratch& blocks = scratch[worker];
        blocks.lengths.clear();
        blocks.first_weights.clear();
        blocks.last_weights.clear();
        double size = 0.0;
        for (std::size_t k = 0; k < members.size();) {
            const std::size_t first = k;
            size += widest(members[k++]);
            blocks.first_weights.push_back(size);
            const double limit = widest.limit(size, slack);
            while (k < members.size()) {
                const double next = size + widest(members[k]);
                if (next > limit) break;
                size = next;
                ++k;
            }
            blocks.last_weights.push_back(size);
            blocks.lengths.push_back(static_cast<std::uint32_t>(k - first));
        }
        lengths_.set(centre, blocks.lengths, worker);
        if (!plan.separable()) return;
        first_weights_.set(centre, blocks.first_weights, worker);
        last_weights_.set(centre, blocks.last_weights, worker);
    });
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
