#include "enteroscan/scan/scan.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/parallel.hpp"
#include "scan/observed.hpp"
#include "scan/plan.hpp"
#include "scan/simulate.hpp"

namespace enteroscan {

/// The plan takes time and memory and is the same for every verb: it is made when first needed.
class Scan::Preparation {
  public:
    const Plan& plan(const Scan& scan, int n_threads, const RunControl& control) {
        const std::lock_guard lock(mutex_);
        if (!plan_)
            plan_ = std::make_unique<Plan>(scan.model(), scan.zones(), scan.intervals(),
                                           resolve_threads(n_threads), control);
        return *plan_;
    }

  private:
    std::mutex mutex_;
    std::unique_ptr<Plan> plan_;
};

namespace {

SiteCases observed_cases(const Plan& plan, const Model& model) {
    std::vector<Cell> cells;
    for (const CaseRow& row : model.cases())
        cells.push_back({static_cast<std::uint32_t>(row.location), static_cast<std::uint32_t>(row.interval),
                         static_cast<std::uint32_t>(row.count)});
    return {plan, cells};
}

/// Number of members, with those that are no sites, up to the last site of a zone.
std::uint32_t size_in_locations(const Plan& plan, const Zones& zones, std::uint32_t centre,
                                std::uint32_t n_sites) {
    if (plan.n_sites() == zones.n_locations()) return n_sites;
    Neighbourhood zone;
    zones.neighbourhood(centre, zone);
    std::uint32_t sites = 0;
    for (std::uint32_t k = 0; k < zone.members.size(); ++k) {
        if (plan.site_of(zone.members[k]) == Plan::no_site || ++sites < n_sites) continue;
        return std::max(k + 1, static_cast<std::uint32_t>(zone.first_zone));
    }
    return static_cast<std::uint32_t>(zone.members.size());
}

Window to_window(const Plan& plan, const Zones& zones, const Found& found) {
    return {found.centre,
            size_in_locations(plan, zones, found.centre, found.size),
            found.start + plan.first_interval(),
            found.end + plan.first_interval(),
            found.observed,
            found.measure,
            found.statistic,
            found.high};
}

}  // namespace

Scan::Scan(std::shared_ptr<const Model> model, std::shared_ptr<const Zones> zones, Intervals intervals)
    : model_(std::move(model)),
      zones_(std::move(zones)),
      intervals_(std::move(intervals)),
      preparation_(std::make_shared<Preparation>()) {
    if (model_->n_locations() != zones_->n_locations())
        throw InvalidInput("the model has " + std::to_string(model_->n_locations()) +
                           " locations, the zones have " + std::to_string(zones_->n_locations()));
    if (model_->n_intervals() != intervals_.n_intervals())
        throw InvalidInput("the model has " + std::to_string(model_->n_intervals()) +
                           " intervals, the windows are made for " +
                           std::to_string(intervals_.n_intervals()));
}

double Scan::maximum(int n_threads, RunControl& control) const {
    const Plan& plan = preparation_->plan(*this, n_threads, control);
    return maximum_statistic(plan, model_->rates(), observed_cases(plan, *model_), resolve_threads(n_threads),
                             control);
}

std::vector<Window> Scan::candidates(double at_least, int n_threads, RunControl& control) const {
    const Plan& plan = preparation_->plan(*this, n_threads, control);
    const std::size_t threads = resolve_threads(n_threads);
    const SiteCases cases = observed_cases(plan, *model_);
    const bool several_times = !intervals_.common_end();
    std::vector<Found> found =
        best_windows(plan, model_->rates(), cases, at_least, several_times, threads, control);
    if (found.empty()) {
        const double maximum = maximum_statistic(plan, model_->rates(), cases, threads, control);
        if (maximum > 0.0)
            found = best_windows(plan, model_->rates(), cases, maximum, several_times, threads, control);
    }
    std::vector<Window> windows;
    windows.reserve(found.size());
    for (const Found& one : found) windows.push_back(to_window(plan, *zones_, one));
    return windows;
}

std::vector<double> Scan::simulate(std::int64_t begin, std::int64_t end, std::uint64_t seed,
                                   RandomEngine engine, int n_threads, RunControl& control, double stop_above,
                                   std::int64_t stop_after) const {
    if (begin < 0 || end < begin)
        throw InvalidInput("replicates must be a range [begin, end) with 0 <= begin");
    const Plan& plan = preparation_->plan(*this, n_threads, control);
    return simulate_maxima(plan, *model_,
                           {begin, end, seed, engine, resolve_threads(n_threads), stop_above, stop_after},
                           control);
}

}  // namespace enteroscan
