#include "scan/observed.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "base/parallel.hpp"

namespace enteroscan {
namespace {

/// Walks through the zones around a centre and all windows of time in them.
class CentreWalk {
  public:
    CentreWalk(const Plan& plan, Rates rates, const SiteCases& cases)
        : plan_(&plan),
          cases_(&cases),
          high_(rates != Rates::low),
          low_(rates != Rates::high),
          measure_(plan),
          until_(plan.n_columns() + 1),
          total_(plan.statistic().possible_measures(0).second),
          ratio_(plan.statistic().expected(1.0)),
          factor_(plan.statistic().bound_factor()) {}

    /// Calls consider(window) for windows that may beat limit(cell), in an order in which the one to be
    /// kept of equal windows comes first. Cells number the windows of time, run by run.
    template <class Limit, class Consider>
    void run(std::size_t centre, std::size_t n_zones, Limit&& limit, Consider&& consider) {
        const std::span<const std::uint32_t> members = plan_->members(centre);
        measure_.clear();
        std::fill(until_.begin(), until_.end(), 0);
        bool changed = false;
        for (std::size_t k = 0; k < n_zones; ++k) {
            measure_.add(members[k]);
            changed |= add_cases(members[k]);
            // Without a further case, more measure makes no window of high rates better.
            if (k + 1 < plan_->first_zone(centre) || !(changed || low_)) continue;
            changed = false;
            look(static_cast<std::uint32_t>(centre), static_cast<std::uint32_t>(k + 1), limit, consider);
        }
    }

  private:
    bool add_cases(std::uint32_t site) {
        const std::span<const SiteCases::Entry> entries = cases_->of(site);
        if (entries.empty()) return false;
        std::int64_t sum = 0;
        auto entry = entries.begin();
        for (std::size_t t = entry->column; t < until_.size(); ++t) {
            until_[t] += sum;
            if (entry != entries.end() && entry->column == t) sum += (entry++)->count;
        }
        return true;
    }

    template <class Limit, class Consider>
    void look(std::uint32_t centre, std::uint32_t size, Limit&& limit, Consider&& consider) {
        std::size_t cell = 0;
        for (const IntervalRun& run : plan_->runs()) {
            for (std::int32_t start = run.first_start; start <= run.last_start; ++start, ++cell) {
                const std::int32_t end = start + run.length;
                const auto a = static_cast<std::size_t>(start);
                const auto b = static_cast<std::size_t>(end);
                const std::int64_t c = until_[b] - until_[a];
                const double u = measure_.between(a, b);
                const double excess = static_cast<double>(c) - u * ratio_;
                if (!(excess > 0.0 ? high_ : low_)) continue;
                // The factor leaves room for rounding.
                if (excess * excess * factor_ * (1 + 1e-9) < limit(cell) * u * (total_ - u)) continue;
                const double statistic =
                    excess > 0.0 ? plan_->statistic().high(c, u) : plan_->statistic().low(c, u);
                if (statistic > limit(cell))
                    consider(cell, Found{centre, size, start, end, c, u, statistic, excess > 0.0});
            }
        }
    }

    const Plan* plan_;
    const SiteCases* cases_;
    bool high_;
    bool low_;
    ZoneMeasure measure_;
    std::vector<std::int64_t> until_;  ///< cases in the zone before each column
    double total_;
    double ratio_;
    double factor_;
};

/// Whether `a` is to be kept rather than `b`, of windows around one centre.
bool beats(const Found& a, const Found& b) {
    if (a.statistic != b.statistic) return a.statistic > b.statistic;
    if (a.end != b.end) return a.end < b.end;
    return a.start > b.start;
}

/// The best windows of one centre that do not meet in time. Windows that touch count as meeting.
class SeparateWindows {
  public:
    /// @param best  best window of each cell
    SeparateWindows(const std::vector<Found>& best, double at_least, std::vector<Found>& result)
        : best_(&best), at_least_(at_least), result_(&result) {}

    void collect(std::int32_t from, std::int32_t to) {
        const Found* winner = nullptr;
        for (const Found& found : *best_) {
            if (found.statistic < at_least_ || found.start < from || found.end > to) continue;
            if (winner == nullptr || beats(found, *winner)) winner = &found;
        }
        if (winner == nullptr) return;
        result_->push_back(*winner);
        at_least_ = std::max(at_least_, least_secondary);
        collect(from, winner->start - 1);
        collect(winner->end + 1, to);
    }

  private:
    /// A second window of a centre must reach this (as in SaTScan), or noise fills the list.
    static constexpr double least_secondary = 1.0;

    const std::vector<Found>* best_;
    double at_least_;
    std::vector<Found>* result_;
};

double walk_maximum(const Plan& plan, Rates rates, const SiteCases& cases, std::size_t centre,
                    std::size_t n_zones, double best) {
    CentreWalk(plan, rates, cases)
        .run(
            centre, n_zones, [&](std::size_t) { return best; },
            [&](std::size_t, const Found& found) { best = found.statistic; });
    return best;
}

std::int64_t n_cells(const Plan& plan) {
    std::int64_t n = 0;
    for (const IntervalRun& run : plan.runs()) n += run.last_start - run.first_start + 1;
    return n;
}

}  // namespace

SiteCases::SiteCases(const Plan& plan, const std::vector<Cell>& cells) : offsets_(plan.n_sites() + 1, 0) {
    std::vector<std::vector<Entry>> by_site(plan.n_sites());
    for (const Cell& cell : cells) {
        if (cell.interval < static_cast<std::uint32_t>(plan.first_interval())) continue;
        by_site[plan.site_of(cell.location)].push_back(
            {cell.interval - static_cast<std::uint32_t>(plan.first_interval()), cell.count});
    }
    for (std::size_t site = 0; site < by_site.size(); ++site) {
        std::vector<Entry>& entries = by_site[site];
        std::sort(entries.begin(), entries.end(),
                  [](const Entry& a, const Entry& b) { return a.column < b.column; });
        for (const Entry& entry : entries) {
            if (entries_.size() > offsets_[site] && entries_.back().column == entry.column) {
                entries_.back().count += entry.count;
            } else {
                entries_.push_back(entry);
            }
        }
        offsets_[site + 1] = entries_.size();
    }
}

std::vector<Found> best_windows(const Plan& plan, Rates rates, const SiteCases& cases, double at_least,
                                bool several_times, std::size_t n_threads, const RunControl& control) {
    std::vector<std::vector<Found>> of_centre(plan.n_centres());
    // `limit` must be exceeded, so that the first of equal windows stays.
    const double floor = std::nextafter(at_least, -1.0);
    parallel_for(plan.n_centres(), n_threads, control, [&](std::size_t centre, std::size_t) {
        CentreWalk walk(plan, rates, cases);
        std::vector<Found>& result = of_centre[centre];
        if (!several_times) {
            Found best;
            best.statistic = floor;
            walk.run(centre, plan.reported(centre), [&](std::size_t) { return best.statistic; },
                     [&](std::size_t, const Found& found) { best = found; });
            if (best.size > 0) result.push_back(best);
            return;
        }
        Found none;
        none.statistic = floor;
        std::vector<Found> best(static_cast<std::size_t>(n_cells(plan)), none);
        walk.run(centre, plan.reported(centre), [&](std::size_t cell) { return best[cell].statistic; },
                 [&](std::size_t cell, const Found& found) { best[cell] = found; });
        SeparateWindows(best, at_least, result).collect(0, static_cast<std::int32_t>(plan.n_columns()));
    });
    std::vector<Found> all;
    for (const std::vector<Found>& some : of_centre) all.insert(all.end(), some.begin(), some.end());
    return all;
}

double maximum_statistic(const Plan& plan, Rates rates, const SiteCases& cases, std::size_t n_threads,
                         const RunControl& control) {
    std::atomic<double> maximum{0.0};
    parallel_for(plan.n_centres(), n_threads, control, [&](std::size_t centre, std::size_t) {
        double known = maximum.load(std::memory_order_relaxed);
        const double best = walk_maximum(plan, rates, cases, centre, plan.reported(centre), known);
        while (best > known && !maximum.compare_exchange_weak(known, best)) {
        }
    });
    return maximum.load();
}

double centre_maximum(const Plan& plan, Rates rates, const SiteCases& cases, std::size_t centre, double best) {
    return walk_maximum(plan, rates, cases, centre, plan.members(centre).size(), best);
}

}  // namespace enteroscan
