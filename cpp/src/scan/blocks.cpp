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
    : offsets_(plan.n_centres() + 1, 0) {
    struct OfCentre {
        std::vector<std::uint32_t> lengths;
        std::vector<double> first_weights;
        std::vector<double> last_weights;
    };
    const Widest widest(plan);
    std::vector<OfCentre> all(plan.n_centres());
    std::vector<OfCentre> scratch(n_threads);
    parallel_for(plan.n_centres(), n_threads, control, [&](std::size_t centre, std::size_t worker) {
        const std::span<const std::uint32_t> members = plan.members(centre);
        OfCentre& blocks = scratch[worker];
        blocks.lengths.resize(std::max(blocks.lengths.size(), members.size()));
        blocks.first_weights.resize(blocks.lengths.size());
        blocks.last_weights.resize(blocks.lengths.size());
        std::size_t n = 0;
        double size = 0.0;
        for (std::size_t k = 0; k < members.size(); ++n) {
            const std::size_t first = k;
            size += widest(members[k++]);
            blocks.first_weights[n] = size;
            const double limit = widest.limit(size, slack);
            while (k < members.size()) {
                const double next = size + widest(members[k]);
                if (next > limit) break;
                size = next;
                ++k;
            }
            blocks.last_weights[n] = size;
            blocks.lengths[n] = static_cast<std::uint32_t>(k - first);
        }
        const auto exactly = [n](const auto& numbers) {
            return std::vector(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(n));
        };
        all[centre].lengths = exactly(blocks.lengths);
        if (!plan.separable()) return;
        all[centre].first_weights = exactly(blocks.first_weights);
        all[centre].last_weights = exactly(blocks.last_weights);
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
