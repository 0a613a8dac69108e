#include "enteroscan/scan/exposure_scan.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <numeric>
#include <span>
#include <utility>

#include "scan/exposure_plan.hpp"
#include "scan/replicates.hpp"

namespace enteroscan {

namespace {

constexpr double rounding = 1e-12;  // shares this close are equal
constexpr double tied = 1e-9;       // statistics this close are

bool is_high(std::int32_t cases, double expected) noexcept {
    return static_cast<double>(cases) > expected * (1.0 + rounding);
}

/// Looks at one replicate after the other. One for each thread.
class Replicates {
  public:
    Replicates(const ExposurePlan& plan, std::uint64_t seed, const RunControl& control)
        : plan_(plan),
          control_(control),
          sampler_(plan.model, std::span(plan.order).first(plan.n_recent()), seed),
          walk_(plan) {}

    double maximum(std::uint64_t replicate, const ExposureLimits& limits, const ExposureLimits& none) {
        sampler_.draw(replicate, source_);
        const double found = maximum_above(limits);
        return found >= limits.level ? found : maximum_above(none);
    }

  private:
    double maximum_above(const ExposureLimits& limits) {
        double greatest = 0.0;
        for (const auto& growth : plan_.growths) {
            control_.check();
            walk_.windows(growth, source_,
                          [&](std::uint32_t set, const Entry&, std::size_t, std::int32_t cases,
                              std::span<const double> inside) {
                              if (cases < plan_.min_cases) return;
                              const double expected = plan_.expected(set, inside);
                              if (expected > plan_.greatest_expected(limits, set, cases)) return;
                              if (!is_high(cases, expected)) return;
                              greatest =
                                  std::max(greatest, statistic_above(greatest, set, cases, expected, inside));
                          });
        }
        return greatest;
    }

    /// The statistic, or 0 where it is certainly not greater than that.
    double statistic_above(double greatest, std::uint32_t set, std::int32_t cases, double expected,
                           std::span<const double> inside) const noexcept {
        const auto shares = plan_.shares(set);
        const bool is_less =
            inside.size() > 1 && exposure_bound(cases, expected, inside, shares) * (1.0 + tied) < greatest;
        return is_less ? 0.0 : exposure_log_likelihood_ratio(cases, inside, shares);
    }

    const ExposurePlan& plan_;
    const RunControl& control_;
    ExposureSampler sampler_;
    ExposureWalk walk_;
    std::vector<std::uint32_t> source_;
};

}  // namespace

ExposureScan::ExposureScan(ExposureModel model, TreeSets sets, const Zones& zones, const Intervals& intervals,
                           std::int64_t min_cases, const RunControl& control)
    : plan_(std::make_unique<const ExposurePlan>(std::move(model), std::move(sets), zones, intervals,
                                                 min_cases, control)) {}
ExposureScan::~ExposureScan() = default;
ExposureScan::ExposureScan(ExposureScan&&) noexcept = default;
ExposureScan& ExposureScan::operator=(ExposureScan&&) noexcept = default;

const TreeSets& ExposureScan::sets() const noexcept { return plan_->sets; }

std::vector<ExposureWindow> ExposureScan::best_of_nodes(RunControl& control) const {
    const auto& plan = *plan_;
    const std::span<const std::uint32_t> recent = std::span(plan.order).first(plan.n_recent());
    std::map<std::uint32_t, ExposureWindow> best_of_node;
    ExposureWalk walk(plan);
    for (std::uint32_t centre = 0; centre < plan.growths.size(); ++centre) {
        control.check();
        const auto& growth = plan.growths[centre];
        const auto offer = [&](std::uint32_t set, const Entry& entry, std::size_t length, std::int32_t cases,
                               std::span<const double> inside) {
            const double expected = plan.expected(set, inside);
            if (cases < plan.min_cases || entry.size > growth.reported || !is_high(cases, expected)) return;
            const ExposureWindow window{
                set,
                centre,
                entry.size,
                plan.n_intervals - plan.lengths[length],
                plan.n_intervals,
                plan.exposed[set],
                static_cast<std::int64_t>(std::accumulate(inside.begin(), inside.end(), 0.0)),
                cases,
                expected,
                exposure_log_likelihood_ratio(cases, inside, plan.shares(set))};
            auto& kept = best_of_node.try_emplace(plan.sets.nodes[set], window).first->second;
            if (window.statistic > kept.statistic + tied) kept = window;
        };
        walk.windows(growth, recent, offer);
    }
    std::vector<ExposureWindow> windows;
    windows.reserve(best_of_node.size());
    for (const auto& [node, window] : best_of_node) windows.push_back(window);
    return windows;
}

std::vector<double> ExposureScan::simulate(std::uint64_t begin, std::uint64_t end, std::uint64_t seed,
                                           int n_threads, RunControl& control) const {
    const auto& plan = *plan_;
    const auto none = plan.limits_at(0.0);
    return replicate_maxima<ExposureLimits>(
        {begin, end}, n_threads, control, [&](double level) { return plan.limits_at(level); },
        [&] {
            auto replicates = std::make_unique<Replicates>(plan, seed, control);
            return [&none, replicates = std::move(replicates)](std::uint64_t replicate,
                                                               const ExposureLimits& limits) {
                return replicates->maximum(replicate, limits, none);
            };
        });
}

std::vector<std::uint32_t> ExposureScan::permutation(std::uint64_t seed, std::uint64_t replicate) const {
    const auto& plan = *plan_;
    ExposureSampler sampler(plan.model, plan.order, seed);
    std::vector<std::uint32_t> drawn;
    sampler.draw(replicate, drawn);
    std::vector<std::uint32_t> source(drawn.size());
    for (std::size_t i = 0; i < drawn.size(); ++i) source[plan.order[i]] = drawn[i];
    return source;
}

}  // namespace enteroscan
