#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/model/model.hpp"
#include "enteroscan/windows/intervals.hpp"
#include "enteroscan/windows/zones.hpp"
#include "scan/centre_lists.hpp"

namespace enteroscan {

class Blocks;

/// What all data sets of a scan have in common: the zones over the locations that can hold cases at all
/// ("sites", numbered anew; the others change neither counts nor measures), and the measure over the
/// intervals that lie in some window ("columns", counted from `first_interval`).
class Plan {
  public:
    Plan(const Model& model, const Zones& zones, const Intervals& intervals, std::size_t n_threads,
         const RunControl& control);
    ~Plan();
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

    std::size_t n_centres() const noexcept { return first_zone_.size(); }
    std::size_t n_sites() const noexcept { return location_of_.size(); }
    std::size_t n_columns() const noexcept { return n_columns_; }
    std::int32_t first_interval() const noexcept { return first_interval_; }
    const Statistic& statistic() const noexcept { return *statistic_; }
    /// Windows in columns.
    std::span<const IntervalRun> runs() const noexcept { return runs_; }

    static constexpr std::uint32_t no_site = ~std::uint32_t{0};
    std::uint32_t site_of(std::uint32_t location) const noexcept { return site_of_[location]; }
    std::uint32_t location_of(std::uint32_t site) const noexcept { return location_of_[site]; }

    /// Sites around a centre in the order in which they enter.
    std::span<const std::uint32_t> members(std::size_t centre) const noexcept { return members_[centre]; }
    /// Sizes, in sites, of the smallest zone around a centre and of the largest one to be reported.
    std::size_t first_zone(std::size_t centre) const noexcept { return first_zone_[centre]; }
    std::size_t reported(std::size_t centre) const noexcept { return reported_[centre]; }

    /// Sums up to each column can be read that far beyond the last.
    static constexpr std::size_t padding = 8;

    /// Its zones in blocks.
    const Blocks& blocks() const noexcept { return *blocks_; }

    bool separable() const noexcept { return separable_; }
    /// Separable: measure of zone weight z in columns [a, b) is z * (course[b] - course[a]) / divisor.
    double weight(std::uint32_t site) const noexcept { return weight_[site]; }
    std::span<const double> course() const noexcept { return {course_.data(), n_columns_ + 1}; }
    double divisor() const noexcept { return divisor_; }
    /// Otherwise: measure of a site up to each column, n_columns + 1 numbers.
    std::span<const double> row(std::uint32_t site) const noexcept {
        return {rows_.data() + site * (n_columns_ + 1), n_columns_ + 1};
    }

  private:
    void number_sites(const Model& model);
    void copy_measure(const Measure& measure, std::size_t n_intervals);
    void collect_members(const Zones& zones, std::size_t n_threads, const RunControl& control);
    void keep_sites(std::vector<std::uint32_t>& members, std::size_t& smaller, std::size_t& reported) const;

    const Statistic* statistic_;
    std::int32_t first_interval_;
    std::size_t n_columns_;
    std::vector<IntervalRun> runs_;
    std::vector<std::uint32_t> site_of_;
    std::vector<std::uint32_t> location_of_;
    CentreLists<std::uint32_t> members_;
    std::vector<std::size_t> first_zone_;
    std::vector<std::size_t> reported_;
    bool separable_;
    double divisor_;
    std::vector<double> weight_;
    std::vector<double> course_;
    std::vector<double> rows_;
    std::unique_ptr<const Blocks> blocks_;
};

/// Measure of a zone that grows site by site. The same sums in the same order everywhere, so that a
/// window has one measure, to the last bit.
class ZoneMeasure {
  public:
    explicit ZoneMeasure(const Plan& plan) : plan_(&plan) { clear(); }

    void clear() {
        weight_ = 0.0;
        if (!plan_->separable()) sums_.assign(plan_->n_columns() + 1 + Plan::padding, 0.0);
    }

    void add(std::uint32_t site) {
        if (plan_->separable()) {
            weight_ += plan_->weight(site);
        } else {
            const std::span<const double> row = plan_->row(site);
            for (std::size_t t = 0; t < row.size(); ++t) sums_[t] += row[t];
        }
    }

    double weight() const noexcept { return weight_; }
    void set_weight(double weight) noexcept { weight_ = weight; }
    std::span<const double> sums() const noexcept { return {sums_.data(), plan_->n_columns() + 1}; }

    /// Measure in the columns [a, b).
    double between(std::size_t a, std::size_t b) const noexcept {
        if (plan_->separable()) return weight_ * (plan_->course()[b] - plan_->course()[a]) / plan_->divisor();
        return sums_[b] - sums_[a];
    }

  private:
    const Plan* plan_;
    double weight_ = 0.0;
    std::vector<double> sums_;
};

/// The measure of one window as ZoneMeasure has it, without the others.
class WindowMeasure {
  public:
    WindowMeasure(const Plan& plan, std::size_t start, std::size_t end)
        : plan_(&plan), start_(start), end_(end) {}

    void add(std::uint32_t site) noexcept {
        if (plan_->separable()) {
            first_ += plan_->weight(site);
        } else {
            const std::span<const double> row = plan_->row(site);
            first_ += row[start_];
            second_ += row[end_];
        }
    }

    /// Separable measures: the sum over a zone that is known.
    void start_from(double weight) noexcept { first_ = weight; }
    /// Otherwise: sums of a zone up to the start and the end.
    void start_from(double until_start, double until_end) noexcept {
        first_ = until_start;
        second_ = until_end;
    }

    double value() const noexcept {
        if (plan_->separable())
            return first_ * (plan_->course()[end_] - plan_->course()[start_]) / plan_->divisor();
        return second_ - first_;
    }

  private:
    const Plan* plan_;
    std::size_t start_;
    std::size_t end_;
    double first_ = 0.0;
    double second_ = 0.0;
};

}  // namespace enteroscan
