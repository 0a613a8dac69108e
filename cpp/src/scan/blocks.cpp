#include "scan/blocks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/parallel.hpp"

namespace enteroscan {
namespace {

/// How much more than it may a block grows if it then is as long as the one before it.
constexpr double tolerance = 1.4;

struct Block {
    std::size_t length;
    double first_size;
    double last_size;
};

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

    /// The block of the first of some sites that enter a zone of size `before`. It is as long as the one
    /// before it was, `usual`, if it then grows by nearly what it may: kernels do not mispredict where it
    /// ends.
    Block next(std::span<const std::uint32_t> sites, double before, double slack, std::size_t usual) const {
        Block block{1, before + (*this)(sites[0]), 0.0};
        block.last_size = block.first_size;
        const double growth = expected_per_unit_ > 0.0
                                  ? slack * std::sqrt(block.first_size / expected_per_unit_)
                                  : std::numeric_limits<double>::infinity();
        const double most = block.first_size + growth;
        const double more = block.first_size + tolerance * growth;
        for (; block.length < sites.size(); ++block.length) {
            const double size = block.last_size + (*this)(sites[block.length]);
            if (size > (block.length < usual ? more : most)) break;
            block.last_size = size;
        }
        return block;
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
    : of_centre_(plan.n_centres()) {
    const Widest widest(plan);
    std::vector<OfCentre> scratch(n_threads);
    parallel_for(plan.n_centres(), n_threads, control, [&](std::size_t centre, std::size_t worker) {
        const std::span<const std::uint32_t> members = plan.members(centre);
        OfCentre& blocks = scratch[worker];
        blocks.lengths.clear();
        blocks.first_weights.clear();
        blocks.last_weights.clear();
        double size = 0.0;
        std::size_t usual = 1;
        for (std::size_t k = 0; k < members.size();) {
            const Block block = widest.next(members.subspan(k), size, slack, usual);
            usual = block.length;
            blocks.lengths.push_back(static_cast<std::uint32_t>(block.length));
            blocks.first_weights.push_back(block.first_size);
            blocks.last_weights.push_back(block.last_size);
            size = block.last_size;
            k += block.length;
        }
        of_centre_[centre].lengths = blocks.lengths;
        if (!plan.separable()) return;
        of_centre_[centre].first_weights = blocks.first_weights;
        of_centre_[centre].last_weights = blocks.last_weights;
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
