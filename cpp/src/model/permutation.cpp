// The space-time permutation model: no population, only cases. Under the null hypothesis places and times
// of the cases are independent within strata (Kulldorff et al. 2005).

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "enteroscan/base/error.hpp"
#include "enteroscan/model/model.hpp"
#include "lehmer.hpp"
#include "poisson_statistic.hpp"
#include "selection.hpp"
#include "streams.hpp"

namespace enteroscan {
namespace {

/// The cases of one stratum, one element a case, sorted by location.
struct Stratum {
    std::vector<std::uint32_t> locations;
    std::vector<std::uint32_t> intervals;
};

std::vector<Stratum> split_by_stratum(const std::vector<CaseRow>& rows) {
    std::map<std::int32_t, Stratum> strata;
    for (const CaseRow& row : rows) {
        Stratum& stratum = strata[row.stratum];
        const auto n = static_cast<std::size_t>(row.count);
        stratum.locations.insert(stratum.locations.end(), n, static_cast<std::uint32_t>(row.location));
        stratum.intervals.insert(stratum.intervals.end(), n, static_cast<std::uint32_t>(row.interval));
    }
    std::vector<Stratum> result;
    result.reserve(strata.size());
    for (auto& [number, stratum] : strata) result.push_back(std::move(stratum));
    return result;
}

/// Gives the intervals of the cases, from the last backwards, to places drawn without replacement from
/// the cases of the same stratum.
class PermutationSampler final : public Sampler {
  public:
    PermutationSampler(const std::vector<Stratum>& strata, std::uint64_t seed, std::int32_t first_interval)
        : seed_(seed) {
        for (const Stratum& stratum : strata) {
            const auto number = static_cast<std::uint32_t>(places_.size());
            for (const std::uint32_t interval : stratum.intervals)
                if (std::cmp_greater_equal(interval, first_interval)) slots_.push_back({interval, number});
            places_.emplace_back(stratum.locations);
        }
        std::sort(slots_.begin(), slots_.end(), [](const Slot& a, const Slot& b) {
            return std::pair(b.interval, a.stratum) < std::pair(a.interval, b.stratum);
        });
    }

    void draw(std::uint64_t replicate, std::vector<Cell>& cells) override {
        RandomStream random(seed_, static_cast<std::uint32_t>(Stream::permutation), replicate);
        cells.clear();
        cells.reserve(slots_.size());
        for (const Slot& slot : slots_)
            cells.push_back({places_[slot.stratum].draw(random), slot.interval, 1});
        for (Selection<std::uint32_t>& places : places_) places.restore();
    }

  private:
    struct Slot {
        std::uint32_t interval;
        std::uint32_t stratum;
    };
    std::uint64_t seed_;
    std::vector<Slot> slots_;
    std::vector<Selection<std::uint32_t>> places_;
};

/// SaTScan's permutation: every case, from the last interval to the first, gets a random key in single
/// precision, and the times are sorted by it. Keys tie, and the order of tied ones is that of std::sort.
class SatscanPermutationSampler final : public Sampler {
  public:
    SatscanPermutationSampler(const std::vector<Stratum>& strata, std::uint64_t seed,
                              std::int32_t first_interval)
        : seed_(seed), first_interval_(static_cast<std::uint32_t>(first_interval)) {
        for (const Stratum& stratum : strata) strata_.push_back(latest_first(stratum));
    }

    void draw(std::uint64_t replicate, std::vector<Cell>& cells) override {
        Lehmer random(seed_, replicate);
        cells.clear();
        for (const Stratum& stratum : strata_) {
            keyed_.clear();
            for (const std::uint32_t interval : stratum.intervals)
                keyed_.push_back({random.uniform_float(), interval});
            std::sort(keyed_.begin(), keyed_.end(),
                      [](const Keyed& a, const Keyed& b) { return a.key < b.key; });
            for (std::size_t i = 0; i < keyed_.size(); ++i)
                if (keyed_[i].interval >= first_interval_)
                    cells.push_back({stratum.locations[i], keyed_[i].interval, 1});
        }
    }

  private:
    static Stratum latest_first(const Stratum& stratum) {
        std::vector<std::size_t> order(stratum.intervals.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return std::pair(stratum.intervals[b], a) < std::pair(stratum.intervals[a], b);
        });
        Stratum result;
        for (const std::size_t i : order) {
            result.locations.push_back(stratum.locations[i]);
            result.intervals.push_back(stratum.intervals[i]);
        }
        return result;
    }

    struct Keyed {
        float key;
        std::uint32_t interval;
    };
    std::vector<Stratum> strata_;
    std::uint64_t seed_;
    std::uint32_t first_interval_;
    std::vector<Keyed> keyed_;
};

class Permutation final : public Model {
  public:
    Permutation(std::vector<CaseRow> rows, std::size_t n_locations, std::int32_t n_intervals,
                const Eligibility& eligibility)
        : n_locations_(n_locations),
          n_intervals_(n_intervals),
          rates_(eligibility.rates),
          rows_(aggregate(std::move(rows), n_locations, n_intervals)),
          n_cases_(total_count(rows_)),
          statistic_(n_cases_, eligibility, PoissonStatistic::Risk::observed_to_expected),
          strata_(split_by_stratum(rows_)) {
        if (strata_.size() <= 1) {
            separable_measure();
        } else {
            stratified_measure();
        }
        rows_ = without_strata(std::move(rows_));
    }

    std::size_t n_locations() const noexcept override { return n_locations_; }
    std::int32_t n_intervals() const noexcept override { return n_intervals_; }
    std::int64_t n_cases() const noexcept override { return n_cases_; }
    double total_measure() const noexcept override { return static_cast<double>(n_cases_); }
    Rates rates() const noexcept override { return rates_; }
    std::span<const CaseRow> cases() const noexcept override { return rows_; }
    const Measure& measure() const noexcept override { return measure_; }
    const Statistic& statistic() const noexcept override { return statistic_; }

    std::unique_ptr<Sampler> sampler(std::uint64_t seed, RandomEngine engine,
                                     std::int32_t first_interval) const override {
        if (engine == RandomEngine::satscan)
            return std::make_unique<SatscanPermutationSampler>(strata_, seed, first_interval);
        return std::make_unique<PermutationSampler>(strata_, seed, first_interval);
    }

  private:
    std::size_t row_length() const noexcept { return static_cast<std::size_t>(n_intervals_) + 1; }

    void separable_measure() {
        measure_.separable = true;
        measure_.divisor = std::max(1.0, static_cast<double>(n_cases_));
        measure_.location.assign(n_locations_, 0.0);
        measure_.cumulative.assign(row_length(), 0.0);
        for (const CaseRow& row : rows_) {
            measure_.location[static_cast<std::size_t>(row.location)] += static_cast<double>(row.count);
            measure_.cumulative[static_cast<std::size_t>(row.interval) + 1] += static_cast<double>(row.count);
        }
        for (std::size_t t = 1; t < row_length(); ++t) measure_.cumulative[t] += measure_.cumulative[t - 1];
    }

    /// Sum over the strata of (cases here) * (cases by then) / (cases in all).
    void stratified_measure() {
        measure_.cumulative.assign(n_locations_ * row_length(), 0.0);
        std::vector<double> by_then(row_length());
        for (const Stratum& stratum : strata_) {
            std::fill(by_then.begin(), by_then.end(), 0.0);
            for (const std::uint32_t interval : stratum.intervals) by_then[interval + 1] += 1.0;
            for (std::size_t t = 1; t < row_length(); ++t) by_then[t] += by_then[t - 1];
            const auto total = static_cast<double>(stratum.intervals.size());
            for (auto here = stratum.locations.begin(); here != stratum.locations.end();) {
                const auto next = std::upper_bound(here, stratum.locations.end(), *here);
                const auto cases = static_cast<double>(next - here);
                double* row = measure_.cumulative.data() + *here * row_length();
                for (std::size_t t = 0; t < row_length(); ++t) row[t] += cases * by_then[t] / total;
                here = next;
            }
        }
    }

    std::size_t n_locations_;
    std::int32_t n_intervals_;
    Rates rates_;
    std::vector<CaseRow> rows_;
    std::int64_t n_cases_;
    PoissonStatistic statistic_;
    std::vector<Stratum> strata_;
    Measure measure_;
};

}  // namespace

std::shared_ptr<const Model> space_time_permutation(std::vector<CaseRow> cases, std::size_t n_locations,
                                                    std::int32_t n_intervals, Eligibility eligibility) {
    return std::make_shared<Permutation>(std::move(cases), n_locations, n_intervals, eligibility);
}

}  // namespace enteroscan
