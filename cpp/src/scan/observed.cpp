#include "scan/observed.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "base/parallel.hpp"
#include "scan/blocks.hpp"
#include "scan/kernels/kernels.hpp"

namespace enteroscan {
namespace {

/// Windows of time that one kernel call looks at: of one length, or all of a scan whose windows end together.
struct WindowStrip {
    std::size_t first_start;
    std::size_t n;
    std::size_t length;  ///< 0 if they end with the last column
    std::size_t first_cell;
};

std::vector<WindowStrip> make_strips(const Plan& plan) {
    std::vector<WindowStrip> strips;
    std::size_t cell = 0;
    for (const IntervalRun& run : plan.runs()) {
        const auto start = static_cast<std::size_t>(run.first_start);
        const auto n = static_cast<std::size_t>(run.last_start - run.first_start + 1);
        const auto length = static_cast<std::size_t>(run.length);
        const bool last = n == 1 && start + length == plan.n_columns();
        // Lengths ascend, so starts of windows with a common end descend.
        if (last && !strips.empty() && strips.back().length == 0 && strips.back().first_start == start + 1) {
            --strips.back().first_start;
            ++strips.back().n;
        } else {
            strips.push_back({start, n, last ? 0 : length, cell});
        }
        cell += n;
    }
    return strips;
}

/// Walks through the zones around a centre and all windows of time in them.
class CentreWalk {
  public:
    CentreWalk(const Plan& plan, Rates rates, const SiteCases& cases)
        : plan_(&plan),
          cases_(&cases),
          kernels_(&detail::kernels()),
          high_(rates != Rates::low),
          low_(rates != Rates::high),
          measure_(plan),
          first_measure_(plan),
          until_(plan.n_columns() + 1 + Plan::padding),
          strips_(make_strips(plan)),
          total_(plan.statistic().possible_measures(0).second),
          ratio_(plan.statistic().expected(1.0)),
          bound_(plan.statistic().bound()) {
        std::size_t longest = 0;
        for (const WindowStrip& strip : strips_) longest = std::max(longest, strip.n);
        marks_.resize(longest / detail::strip_width + 1);
    }

    /// Calls consider(cell, window) for windows that beat the limit of their cell. Cells number the windows
    /// of time. `limits` holds one number a cell and `padding` more, or, if one_limit, a single one; they may
    /// rise meanwhile. Of windows with equal statistics around a centre the one that is to be kept comes
    /// first, if they are in one cell or end together.
    template <class Consider>
    void run(std::size_t centre, std::size_t n_zones, const double* limits, bool one_limit,
             Consider&& consider) {
        const std::span<const std::uint32_t> members = plan_->members(centre).first(n_zones);
        measure_.clear();
        std::fill(until_.begin(), until_.end(), 0.0);
        changed_ = false;
        const bool in_blocks = !low_ && plan_->first_zone(centre) == 1;
        const std::span<const std::uint32_t> lengths = plan_->blocks().lengths(centre);
        std::size_t k = 0;
        for (std::size_t b = 0; k < n_zones; ++b) {
            const std::size_t end = std::min(n_zones, k + lengths[b]);
            if (!in_blocks || !pass_over(centre, b, members.subspan(k, end - k), limits, one_limit))
                for (std::size_t i = k; i < end; ++i) step(centre, i, limits, one_limit, consider);
            k = end;
        }
    }

    static std::size_t n_cells(const Plan& plan) {
        std::size_t n = 0;
        for (const WindowStrip& strip : make_strips(plan)) n += strip.n;
        return n;
    }

  private:
    struct Zone {
        std::uint32_t centre;
        std::uint32_t size;
    };

    /// The zone that one more site makes.
    template <class Consider>
    void step(std::size_t centre, std::size_t k, const double* limits, bool one_limit, Consider&& consider) {
        const std::uint32_t site = plan_->members(centre)[k];
        measure_.add(site);
        changed_ |= add_cases(site);
        // Without a further case, more measure makes no window of high rates better.
        if (k + 1 < plan_->first_zone(centre) || !(changed_ || low_)) return;
        changed_ = false;
        for (const WindowStrip& strip : strips_) {
            mark(strip, measure_, limits, one_limit);
            look({static_cast<std::uint32_t>(centre), static_cast<std::uint32_t>(k + 1)}, strip, limits,
                 one_limit, consider);
        }
    }

    /// Takes in the sites of a block at once, if none of the zones they make can hold a window of high rates
    /// that beats its limit: none has more cases than the last of them, nor less measure than the first, and
    /// the bound is monotone in both. Otherwise takes in none.
    bool pass_over(std::size_t centre, std::size_t block, std::span<const std::uint32_t> sites,
                   const double* limits, bool one_limit) {
        before_ = until_;
        bool changed = changed_;
        for (const std::uint32_t site : sites) changed |= add_cases(site);
        if (changed) {
            first_measure_ = measure_;
            first_measure_.add(sites.front());
            if (any_mark(limits, one_limit)) {
                until_ = before_;
                return false;
            }
        }
        changed_ = false;
        if (plan_->separable()) {
            measure_.set_weight(plan_->blocks().last_weights(centre)[block]);
        } else {
            for (const std::uint32_t site : sites) measure_.add(site);
        }
        return true;
    }

    bool any_mark(const double* limits, bool one_limit) {
        for (const WindowStrip& strip : strips_) {
            if (strip.n == 1 && strip.length == 0) {
                if (may_beat(strip.first_start, plan_->n_columns(), limits[one_limit ? 0 : strip.first_cell]))
                    return true;
                continue;
            }
            mark(strip, first_measure_, limits, one_limit);
            for (std::size_t i = 0; i < strip.n; i += detail::strip_width)
                if (marks_[i / detail::strip_width] != 0) return true;
        }
        return false;
    }

    /// Whether a window of a block may beat a limit: by the bound, then by the statistic itself.
    bool may_beat(std::size_t start, std::size_t end, double limit) const {
        const double c = until_[end] - until_[start];
        const double u = first_measure_.between(start, end);
        const double excess = c - u * ratio_;
        const double outside = total_ - (bound_.sharp ? c : u);
        if (excess <= 0.0) return false;
        if (bound_.factor * (1 + 1e-9) * excess * excess * (outside + u) < limit * u * outside) return false;
        const auto cases = static_cast<std::int64_t>(c);
        return u < plan_->statistic().possible_measures(cases).first ||
               plan_->statistic().high(cases, u) > limit;
    }

    bool add_cases(std::uint32_t site) {
        const std::uint32_t total = cases_->total(site);
        if (plan_->n_columns() == 1) {  // no branch: whether a site has cases cannot be foreseen
            until_[1] += total;
            return total != 0;
        }
        if (total == 0) return false;
        const std::span<const SiteCases::Entry> entries = cases_->of(site);
        double sum = 0.0;
        std::size_t t = entries.front().column + 1;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            sum += entries[i].count;
            const std::size_t end =
                i + 1 < entries.size() ? entries[i + 1].column + 1 : plan_->n_columns() + 1;
            for (; t < end; ++t) until_[t] += sum;
        }
        return true;
    }

    /// Sets the marks of the windows of a strip that may exceed their limits.
    void mark(const WindowStrip& strip, const ZoneMeasure& measure, const double* limits, bool one_limit) {
        const bool fixed_end = strip.length == 0;
        const std::size_t end = fixed_end ? plan_->n_columns() : strip.first_start + strip.length;
        const double* sums = plan_->separable() ? plan_->course().data() : measure.sums().data();
        kernels_->mark({strip.n, until_.data() + strip.first_start, until_.data() + end,
                        sums + strip.first_start, sums + end, fixed_end,
                        plan_->separable() ? measure.weight() / plan_->divisor() : 1.0, ratio_, total_,
                        bound_.factor * (1 + 1e-9),  // room for rounding
                        bound_.sharp, one_limit ? limits : limits + strip.first_cell, one_limit,
                        marks_.data()});
    }

    template <class Consider>
    void look(Zone zone, const WindowStrip& strip, const double* limits, bool one_limit,
              Consider&& consider) {
        const bool fixed_end = strip.length == 0;
        const std::size_t end = fixed_end ? plan_->n_columns() : strip.first_start + strip.length;
        if (!one_limit) limits += strip.first_cell;
        // From the latest start, so that of windows with a common end the shortest comes first.
        for (std::size_t i = strip.n; i-- > 0;) {
            if (marks_[i / detail::strip_width] == 0) {
                i -= i % detail::strip_width;
                continue;
            }
            consider_window(zone, strip.first_start + i, fixed_end ? end : end + i, strip.first_cell + i,
                            limits[one_limit ? 0 : i], consider);
        }
    }

    template <class Consider>
    void consider_window(Zone zone, std::size_t start, std::size_t end, std::size_t cell, double limit,
                         Consider&& consider) {
        const auto c = static_cast<std::int64_t>(until_[end] - until_[start]);
        const double u = measure_.between(start, end);
        const double excess = static_cast<double>(c) - u * ratio_;
        if (!(excess > 0.0 ? high_ : low_)) return;
        const double outside = total_ - (bound_.sharp ? static_cast<double>(c) : u);
        if (bound_.factor * (1 + 1e-9) * excess * excess * (outside + u) < limit * u * outside) return;
        const double statistic = excess > 0.0 ? plan_->statistic().high(c, u) : plan_->statistic().low(c, u);
        if (statistic > limit)
            consider(cell, Found{zone.centre, zone.size, static_cast<std::int32_t>(start),
                                 static_cast<std::int32_t>(end), c, u, statistic, excess > 0.0});
    }

    const Plan* plan_;
    const SiteCases* cases_;
    const detail::Kernels* kernels_;
    bool high_;
    bool low_;
    ZoneMeasure measure_;
    ZoneMeasure first_measure_;   ///< of a block
    std::vector<double> until_;   ///< cases in the zone before each column
    std::vector<double> before_;  ///< a block
    bool changed_ = false;        ///< whether a case has entered that no zone has been looked at with
    std::vector<WindowStrip> strips_;
    std::vector<unsigned char> marks_;
    double total_;
    double ratio_;
    Statistic::Bound bound_;
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
            if (found.size == 0 || found.statistic < at_least_ || found.start < from || found.end > to)
                continue;
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
    CentreWalk(plan, rates, cases).run(centre, n_zones, &best, true, [&](std::size_t, const Found& found) {
        best = std::max(best, found.statistic);
    });
    return best;
}

/// The best window of a centre.
void find_best(CentreWalk& walk, std::size_t centre, std::size_t n_zones, double limit,
               std::vector<Found>& result) {
    Found best;
    walk.run(centre, n_zones, &limit, true, [&](std::size_t, const Found& found) {
        if (found.statistic <= limit) return;
        best = found;
        limit = found.statistic;
    });
    if (best.size > 0) result.push_back(best);
}

/// The best windows of a centre that do not meet in time.
void find_separate(CentreWalk& walk, const Plan& plan, std::size_t centre, double at_least, double limit,
                   std::vector<Found>& result) {
    const std::size_t n = CentreWalk::n_cells(plan);
    std::vector<Found> best(n);
    std::vector<double> limits(n + Plan::padding, limit);
    bool any = false;
    walk.run(centre, plan.reported(centre), limits.data(), false, [&](std::size_t cell, const Found& found) {
        best[cell] = found;
        limits[cell] = found.statistic;
        any = true;
    });
    if (any) SeparateWindows(best, at_least, result).collect(0, static_cast<std::int32_t>(plan.n_columns()));
}

}  // namespace

SiteCases::SiteCases(const Plan& plan, const std::vector<Cell>& cells)
    : offsets_(plan.n_sites() + 1, 0), totals_(plan.n_sites(), 0) {
    std::vector<std::vector<Entry>> by_site(plan.n_sites());
    for (const Cell& cell : cells) {
        if (std::cmp_less(cell.interval, plan.first_interval())) continue;
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
        for (const Entry& entry : entries) totals_[site] += entry.count;
    }
}

std::vector<Found> best_windows(const Plan& plan, Rates rates, const SiteCases& cases, double at_least,
                                bool several_times, std::size_t n_threads, const RunControl& control) {
    std::vector<std::vector<Found>> of_centre(plan.n_centres());
    // A limit must be exceeded, so that the first of equal windows stays.
    const double limit = std::nextafter(at_least, -1.0);
    parallel_for(plan.n_centres(), n_threads, control, [&](std::size_t centre, std::size_t) {
        CentreWalk walk(plan, rates, cases);
        if (several_times) {
            find_separate(walk, plan, centre, at_least, limit, of_centre[centre]);
        } else {
            find_best(walk, centre, plan.reported(centre), limit, of_centre[centre]);
        }
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

double centre_maximum(const Plan& plan, Rates rates, const SiteCases& cases, std::size_t centre,
                      double best) {
    return walk_maximum(plan, rates, cases, centre, plan.members(centre).size(), best);
}

}  // namespace enteroscan
