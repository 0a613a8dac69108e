#include "scan/rows.hpp"

#include <algorithm>
#include <cmath>

#include "base/parallel.hpp"

namespace enteroscan {
namespace {

/// More cases are as rare as this; a replicate that has them is looked at exactly.
constexpr double rare = 1e-9;

/// The number of cases that a Poisson number of this mean reaches with a probability below `rare` (Chernoff);
/// binomial and hypergeometric numbers are less spread.
std::int64_t rarely_reached(double mean) {
    const double limit = std::log(rare);
    std::int64_t n = static_cast<std::int64_t>(mean) + 1;
    for (;; ++n) {
        const auto k = static_cast<double>(n);
        if (k - mean + k * std::log(mean / k) < limit) return n;
    }
}

/// Rows that a site needs: in the widest window it has most cases.
class Needed {
  public:
    explicit Needed(const Plan& plan) : plan_(&plan), zone_(plan) {
        const IntervalRun& run = plan.runs().back();
        start_ = static_cast<std::size_t>(run.last_start);
        end_ = start_ + static_cast<std::size_t>(run.length);
    }

    std::uint32_t operator()(std::uint32_t site) {
        const Statistic& statistic = plan_->statistic();
        zone_.clear();
        zone_.add(site);
        const double measure = zone_.between(start_, end_);
        std::int64_t possible = rarely_reached(std::max(1e-12, statistic.expected(measure))) - 1;
        // Models with individuals: no more cases than there are of them.
        while (possible > 0 && statistic.possible_measures(possible).first > measure * (1 + 1e-9)) --possible;
        return static_cast<std::uint32_t>(std::max<std::int64_t>(1, possible));
    }

  private:
    const Plan* plan_;
    ZoneMeasure zone_;
    std::size_t start_;
    std::size_t end_;
};

}  // namespace

std::size_t Rows::count(const Plan& plan) {
    Needed needed(plan);
    std::size_t sum = 0;
    for (std::uint32_t site = 0; site < plan.n_sites(); ++site) sum += needed(site);
    return sum;
}

Rows::Rows(const Plan& plan, bool first_lengths, std::size_t n_threads, const RunControl& control)
    : plan_(&plan), first_{0} {
    Needed needed(plan);
    for (std::uint32_t site = 0; site < plan.n_sites(); ++site)
        first_.push_back(first_.back() + needed(site));
    shared_out_ = size() != plan.n_sites();
    if (shared_out_) {
        members_ = {plan.n_centres(), n_threads};
        lengths_ = {plan.n_centres(), n_threads};
    }
    if (first_lengths) first_lengths_ = {plan.n_centres(), n_threads};
    parallel_for(plan.n_centres(), n_threads, control, [&](std::size_t centre, std::size_t worker) {
        if (shared_out_) expand(centre, worker);
        if (first_lengths) find_first_lengths(centre, worker);
    });
}

void Rows::expand(std::size_t centre, std::size_t worker) {
    const std::span<const std::uint32_t> sites = plan_->members(centre);
    std::size_t n = 0;
    for (const std::uint32_t site : sites) n += first_[site + 1] - first_[site];
    std::vector<std::uint32_t> rows;
    rows.reserve(n);
    std::vector<std::uint32_t> lengths;
    std::size_t k = 0;
    for (const std::uint32_t length : plan_->blocks().lengths(centre)) {
        const std::size_t before = rows.size();
        for (const std::size_t end = k + length; k < end; ++k)
            for (std::uint32_t row = first_[sites[k]]; row < first_[sites[k] + 1]; ++row) rows.push_back(row);
        lengths.push_back(static_cast<std::uint32_t>(rows.size() - before));
    }
    members_.set(centre, rows, worker);
    lengths_.set(centre, lengths, worker);
}

void Rows::find_first_lengths(std::size_t centre, std::size_t worker) {
    std::vector<std::uint32_t> first_lengths;
    std::size_t k = 0;
    for (const std::uint32_t length : plan_->blocks().lengths(centre)) {
        const std::uint32_t site = plan_->members(centre)[k];
        first_lengths.push_back(first_[site + 1] - first_[site]);
        k += length;
    }
    first_lengths_.set(centre, first_lengths, worker);
}

}  // namespace enteroscan
