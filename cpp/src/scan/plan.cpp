#include "scan/plan.hpp"

#include <algorithm>

#include "base/parallel.hpp"
#include "scan/blocks.hpp"

namespace enteroscan {

Plan::Plan(const Model& model, const Zones& zones, const Intervals& intervals, std::size_t n_threads,
           const RunControl& control)
    : statistic_(&model.statistic()),
      first_interval_(intervals.earliest_start()),
      n_columns_(static_cast<std::size_t>(intervals.n_intervals() - first_interval_)),
      runs_(intervals.runs().begin(), intervals.runs().end()),
      separable_(model.measure().separable),
      divisor_(model.measure().divisor) {
    for (IntervalRun& run : runs_) {
        run.first_start -= first_interval_;
        run.last_start -= first_interval_;
    }
    number_sites(model);
    copy_measure(model.measure(), static_cast<std::size_t>(model.n_intervals()));
    collect_members(zones, n_threads, control);
    // Testing windows of many times at the end of a block takes long: the fewer blocks the better.
    blocks_ = std::make_unique<const Blocks>(*this, intervals.common_end() ? 0.5 : 0.8, n_threads, control);
}

Plan::~Plan() = default;

void Plan::number_sites(const Model& model) {
    const Measure& measure = model.measure();
    const std::size_t length = static_cast<std::size_t>(model.n_intervals()) + 1;
    site_of_.assign(model.n_locations(), no_site);
    for (std::uint32_t l = 0; l < model.n_locations(); ++l) {
        const double total =
            separable_ ? measure.location[l]
                       : measure.cumulative[l * length + length - 1] - measure.cumulative[l * length];
        if (total <= 0.0) continue;
        site_of_[l] = static_cast<std::uint32_t>(location_of_.size());
        location_of_.push_back(l);
    }
}

void Plan::copy_measure(const Measure& measure, std::size_t n_intervals) {
    const auto first = static_cast<std::size_t>(first_interval_);
    if (separable_) {
        for (const std::uint32_t l : location_of_) weight_.push_back(measure.location[l]);
        for (std::size_t t = first; t <= n_intervals; ++t)
            course_.push_back(measure.cumulative[t] - measure.cumulative[first]);
        course_.resize(course_.size() + padding, 0.0);
        return;
    }
    rows_.reserve(n_sites() * (n_columns_ + 1));
    for (const std::uint32_t l : location_of_) {
        const double* row = measure.cumulative.data() + l * (n_intervals + 1);
        for (std::size_t t = first; t <= n_intervals; ++t) rows_.push_back(row[t] - row[first]);
    }
}

void Plan::collect_members(const Zones& zones, std::size_t n_threads, const RunControl& control) {
    const std::size_t n = zones.n_centres();
    first_zone_.assign(n, 1);
    reported_.assign(n, 0);
    members_ = {n, n_threads};
    std::vector<Neighbourhood> scratch(n_threads);
    parallel_for(n, n_threads, control, [&](std::size_t centre, std::size_t worker) {
        Neighbourhood& zone = scratch[worker];
        zones.neighbourhood(centre, zone);
        std::size_t smaller = std::min(zone.first_zone - 1, zone.members.size());
        if (zone.members.size() < zone.first_zone) zone.members.clear();
        keep_sites(zone.members, smaller, zone.reported);
        first_zone_[centre] = std::max<std::size_t>(1, std::min(smaller + 1, zone.members.size()));
        reported_[centre] = std::min(zone.reported, zone.members.size());
        members_.set(centre, zone.members, worker);
    });
}

/// Turns locations into sites; the others fall out, also of the two sizes.
void Plan::keep_sites(std::vector<std::uint32_t>& members, std::size_t& smaller,
                      std::size_t& reported) const {
    if (n_sites() == site_of_.size()) return;  // the same numbers
    const auto n_sites_of = [&](std::size_t n) {
        return static_cast<std::size_t>(
            std::count_if(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(n),
                          [&](std::uint32_t location) { return site_of_[location] != no_site; }));
    };
    smaller = n_sites_of(std::min(smaller, members.size()));
    reported = n_sites_of(std::min(reported, members.size()));
    for (std::uint32_t& member : members) member = site_of_[member];
    std::erase(members, no_site);
}

}  // namespace enteroscan
