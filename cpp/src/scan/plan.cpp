#include "scan/plan.hpp"

#include <algorithm>

#include "base/parallel.hpp"

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
}

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
    offsets_.assign(n + 1, 0);
    std::vector<Neighbourhood> scratch(n_threads);
    // In chunks, so that no more than a few lists lie about twice.
    constexpr std::size_t chunk = 256;
    std::vector<std::vector<std::uint32_t>> lists(std::min(chunk, n));
    for (std::size_t begin = 0; begin < n; begin += chunk) {
        const std::size_t end = std::min(n, begin + chunk);
        parallel_for(end - begin, n_threads, control, [&](std::size_t task, std::size_t worker) {
            Neighbourhood& zone = scratch[worker];
            const std::size_t centre = begin + task;
            zones.neighbourhood(centre, zone);
            std::vector<std::uint32_t>& list = lists[task];
            list.clear();
            std::size_t smaller = 0;
            for (std::size_t k = 0; k < zone.members.size(); ++k) {
                const std::uint32_t site = site_of_[zone.members[k]];
                if (site == no_site) continue;
                list.push_back(site);
                if (k + 1 < zone.first_zone) ++smaller;
                if (k < zone.reported) ++reported_[centre];
            }
            first_zone_[centre] = std::max<std::size_t>(1, std::min(smaller + 1, list.size()));
            if (zone.members.size() < zone.first_zone) list.clear();
        });
        for (std::size_t centre = begin; centre < end; ++centre) {
            const std::vector<std::uint32_t>& list = lists[centre - begin];
            members_.insert(members_.end(), list.begin(), list.end());
            offsets_[centre + 1] = members_.size();
        }
    }
}

}  // namespace enteroscan
