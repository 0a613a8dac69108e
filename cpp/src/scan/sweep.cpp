#include "scan/sweep.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/parallel.hpp"
#include "scan/blocks.hpp"
#include "scan/scan_memory.hpp"

namespace enteroscan {
namespace {

using detail::IntervalTest;
using detail::Kernels;
using detail::Segment;

/// Runs of one length after the other, whose windows are tested as rectangles of starts and lengths.
struct LengthRange {
    std::size_t first_run;
    std::size_t n_runs;
};

std::vector<LengthRange> consecutive_lengths(std::span<const IntervalRun> runs) {
    std::vector<LengthRange> ranges;
    for (std::size_t r = 0; r < runs.size(); ++r) {
        const bool continues = r > 0 && runs[r].length - runs[r - 1].length <= 1;
        if (!continues) ranges.push_back({r, 0});
        ++ranges.back().n_runs;
    }
    return ranges;
}

/// Work of testing a range of lengths in segments of so many starts.
double segment_cost(std::size_t n_starts, std::size_t n_lengths, std::size_t longest,
                    std::size_t per_segment) {
    constexpr double column_cost = 14.0;  // of bringing a column into shape, relative to a window
    const std::size_t n_tested = (n_lengths + 7) / 8 * 8;  // the kernel takes eight lengths at a time
    double cost = 0.0;
    for (std::size_t first = 0; first < n_starts; first += per_segment) {
        const auto n = static_cast<double>(std::min(per_segment, n_starts - first));
        cost += column_cost * (n + static_cast<double>(longest)) + n * static_cast<double>(n_tested);
    }
    return cost;
}

std::vector<Segment> make_segments(const Plan& plan) {
    std::vector<Segment> segments;
    const std::span<const IntervalRun> runs = plan.runs();
    for (const LengthRange& range : consecutive_lengths(runs)) {
        std::size_t from = plan.n_columns();
        std::size_t to = 0;
        for (std::size_t r = range.first_run; r < range.first_run + range.n_runs; ++r) {
            from = std::min(from, static_cast<std::size_t>(runs[r].first_start));
            to = std::max(to, static_cast<std::size_t>(runs[r].last_start) + 1);
        }
        const auto least = static_cast<std::size_t>(runs[range.first_run].length);
        const auto longest = static_cast<std::size_t>(runs[range.first_run + range.n_runs - 1].length);
        std::size_t best = 8;
        for (const std::size_t candidate : {8u, 12u, 16u, 24u, 32u, 48u, 64u, 96u, 128u})
            if (segment_cost(to - from, longest - least + 1, longest, candidate) <
                segment_cost(to - from, longest - least + 1, longest, best))
                best = candidate;
        for (std::size_t first = from; first < to; first += best) {
            const std::size_t reached = std::min(longest, plan.n_columns() - first);
            if (reached < least) break;
            segments.push_back(
                {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(std::min(best, to - first)),
                 static_cast<std::uint32_t>(least), static_cast<std::uint32_t>(reached - least + 1)});
        }
    }
    return segments;
}

/// Whether a window is one of the scan's. Runs are in ascending order of length, several may share one.
bool is_window(std::span<const IntervalRun> runs, std::size_t start, std::size_t length) {
    const auto at_start = static_cast<std::int32_t>(start);
    const auto of_length = static_cast<std::int32_t>(length);
    auto run = std::lower_bound(runs.begin(), runs.end(), of_length,
                                [](const IntervalRun& a, std::int32_t l) { return a.length < l; });
    for (; run != runs.end() && run->length == of_length; ++run)
        if (at_start >= run->first_start && at_start <= run->last_start) return true;
    return false;
}

/// Least and greatest measure of the windows of one length in one segment.
struct MeasureRange {
    double least = std::numeric_limits<double>::infinity();
    double greatest = -std::numeric_limits<double>::infinity();
};

struct Direction {
    bool high;
    Thresholds thresholds;
    std::vector<std::uint8_t> scales;     ///< of each block: see IntervalTest
    std::vector<std::uint16_t> excesses;  ///< block after block: one number for each segment and length
};

class SweepTables final : public BatchScanner::Tables {
  public:
    std::vector<std::size_t> centres;
    std::vector<std::size_t> first_block;  ///< of each centre, in excesses
    std::vector<Direction> directions;
};

class SweepScanner final : public BatchScanner {
  public:
    SweepScanner(const Plan& plan, Rates rates, const Kernels& kernels, std::int64_t n_cases,
                 std::size_t n_threads, const RunControl& control)
        : plan_(&plan),
          rates_(rates),
          kernels_(&kernels),
          n_cases_(n_cases),
          ratio_(plan.statistic().expected(1.0)),
          greatest_(greatest_measure(plan, n_threads, control)),
          blocks_(plan.blocks()),
          segments_(make_segments(plan)) {
        for (const Segment& segment : segments_) {
            first_threshold_.push_back(n_thresholds_);
            n_thresholds_ += segment.n_lengths;
            longest_ = std::max<std::size_t>(longest_,
                                             segment.n_starts + segment.least_length + segment.n_lengths + 8);
        }
        if (plan.separable()) course_ranges_ = measure_ranges(plan.course());
    }

    std::size_t n_lanes() const noexcept override { return kernels_->vector_bytes; }

    class SweepCounts final : public Counts {
      public:
        explicit SweepCounts(std::size_t n_bytes) : rows(n_bytes) {}
        ScanMemory<std::uint8_t> rows;
    };

    class SweepScratch final : public Scratch {
      public:
        explicit SweepScratch(const SweepScanner& scanner)
            : totals(scanner.plan_->n_columns() * scanner.n_lanes()),
              expected(scanner.plan_->n_columns()),
              of_kernel(3 * scanner.longest_ * scanner.n_lanes()) {}
        std::vector<std::uint16_t> totals;
        std::vector<std::int16_t> expected;
        std::vector<unsigned char> of_kernel;
    };

    std::unique_ptr<Counts> make_counts() const override {
        return std::make_unique<SweepCounts>(plan_->n_sites() * plan_->n_columns() * n_lanes() + 64);
    }
    std::unique_ptr<Scratch> make_scratch() const override { return std::make_unique<SweepScratch>(*this); }

    std::unique_ptr<Tables> make_tables(double level, std::span<const std::size_t> centres,
                                        std::size_t n_threads, const RunControl& control) const override {
        auto tables = std::make_unique<SweepTables>();
        tables->centres.assign(centres.begin(), centres.end());
        std::size_t n = 0;
        for (const std::size_t centre : centres) {
            tables->first_block.push_back(n);
            n += n_blocks(centre);
        }
        for (const bool high : {true, false}) {
            if (rates_ == (high ? Rates::low : Rates::high)) continue;
            Direction direction{
                high,
                Thresholds(plan_->statistic(), high, level, greatest_, n_cases_, n_threads, control),
                {},
                {}};
            direction.scales.resize(n);
            direction.excesses.resize(n * n_thresholds_);
            parallel_for(centres.size(), n_threads, control, [&](std::size_t i, std::size_t) {
                set_excesses(direction, centres[i], direction.scales.data() + tables->first_block[i],
                             direction.excesses.data() + tables->first_block[i] * n_thresholds_);
            });
            tables->directions.push_back(std::move(direction));
        }
        return tables;
    }

    void load(Batch& batch, Counts& counts, const RunControl& control) const override {
        auto& sweep = static_cast<SweepCounts&>(counts);
        std::fill(sweep.rows.begin(), sweep.rows.end(), std::uint8_t{0});
        for (std::size_t lane = 0; lane < batch.size(); ++lane) {
            bool fits = true;
            for (const Cell& cell : batch.cells(lane)) {
                const std::size_t column =
                    cell.interval - static_cast<std::uint32_t>(plan_->first_interval());
                std::uint8_t& place =
                    sweep.rows[(plan_->site_of(cell.location) * plan_->n_columns() + column) * n_lanes() +
                               lane];
                const std::uint64_t sum = std::uint64_t{place} + cell.count;
                fits = fits && sum < 255;
                place = static_cast<std::uint8_t>(std::min<std::uint64_t>(sum, 255));
            }
            if (!fits) batch.walk_all(lane, control);
        }
    }

    std::size_t n_steps(std::size_t n_centres) const noexcept override { return n_centres; }
    void begin(Scratch&) const override {}

    void scan(const Tables& tables, std::size_t first, std::size_t last, const Counts& counts,
              Scratch& scratch, Batch& batch, const RunControl& control) const override {
        const auto& sweep = static_cast<const SweepTables&>(tables);
        for (std::size_t i = first; i < last; ++i) {
            control.check();
            walk_later_first_zone(*plan_, sweep.centres[i], batch, control);
            if (plan_->first_zone(sweep.centres[i]) == 1)
                Pass(*this, sweep, i, static_cast<const SweepCounts&>(counts),
                     static_cast<SweepScratch&>(scratch), batch, control)
                    .run();
        }
    }

  private:
    static constexpr int finest_scale = 4;

    std::size_t n_blocks(std::size_t centre) const noexcept {
        return plan_->first_zone(centre) == 1 ? blocks_.count(centre) : 0;
    }

    /// Of one segment and length, given sums up to each column.
    MeasureRange measure_range(const Segment& segment, std::size_t length_number,
                               std::span<const double> sums) const {
        const std::size_t length = segment.least_length + length_number;
        const std::size_t end =
            std::min<std::size_t>(segment.first + segment.n_starts, plan_->n_columns() + 1 - length);
        MeasureRange range;
        for (std::size_t t = segment.first; t < end; ++t) {
            const double measure = sums[t + length] - sums[t];
            range.least = std::min(range.least, measure);
            range.greatest = std::max(range.greatest, measure);
        }
        return range;
    }

    /// Of all segments and lengths.
    std::vector<MeasureRange> measure_ranges(std::span<const double> sums) const {
        std::vector<MeasureRange> ranges;
        ranges.reserve(n_thresholds_);
        for (const Segment& segment : segments_)
            for (std::size_t j = 0; j < segment.n_lengths; ++j)
                ranges.push_back(measure_range(segment, j, sums));
        return ranges;
    }

    /// 2^scale is what counts are multiplied with, so that fractions of a case are not lost while zones
    /// are small, nor sums too large for 16 bits later on. `sums`: expected cases up to each column.
    template <class Sums>
    int scale_for(Sums&& sums) const {
        double most = 0.0;
        for (const Segment& segment : segments_) {
            const std::size_t last = std::min<std::size_t>(
                segment.first + segment.n_starts + segment.least_length + segment.n_lengths,
                plan_->n_columns());
            const double expected = sums(last) - sums(segment.first);
            most = std::max(most, 10.0 * std::sqrt(expected) + 60.0);
        }
        for (std::size_t t = 0; t < plan_->n_columns(); ++t) {
            const double expected = sums(t + 1) - sums(t);
            most = std::max(most, expected + 10.0 * std::sqrt(expected) + 60.0);
        }
        int scale = finest_scale;
        while (scale > 0 && most * (1 << scale) > 32000.0) --scale;
        return scale;
    }

    void set_excesses(const Direction& direction, std::size_t centre, std::uint8_t* scales,
                      std::uint16_t* excesses) const {
        ZoneMeasure zone(*plan_);
        const std::span<const std::uint32_t> members = plan_->members(centre);
        const std::span<const std::uint32_t> lengths = blocks_.lengths(centre);
        std::size_t k = 0;
        for (std::size_t block = 0; block < n_blocks(centre); ++block) {
            double factor = ratio_;
            std::vector<MeasureRange> ranges;
            if (plan_->separable()) {
                const double weight = direction.high ? blocks_.first_weights(centre)[block]
                                                     : blocks_.last_weights(centre)[block];
                factor = weight / plan_->divisor();
            } else {
                const std::size_t tested = direction.high ? k + 1 : k + lengths[block];
                for (; k < tested; ++k) zone.add(members[k]);
                ranges = measure_ranges(zone.sums());
                factor = 1.0;
            }
            const int scale = scale_of_block(centre, block, direction.high, zone);
            scales[block] = static_cast<std::uint8_t>(scale);
            if (!plan_->separable() && direction.high)
                for (std::size_t rest = lengths[block] - 1; rest > 0; --rest) zone.add(members[k++]);
            const std::vector<MeasureRange>& of_block = plan_->separable() ? course_ranges_ : ranges;
            for (const MeasureRange& range : of_block) {
                double excess = 65535.0;
                if (range.least <= range.greatest)
                    excess = direction.thresholds.least_excess(range.least * factor, range.greatest * factor,
                                                               ratio_) *
                             (1 << scale);
                *excesses++ = static_cast<std::uint16_t>(std::clamp(std::floor(excess - 1e-5), 0.0, 65535.0));
            }
        }
    }

    int scale_of_block(std::size_t centre, std::size_t block, bool high, const ZoneMeasure& zone) const {
        if (!plan_->separable()) return scale_for([&](std::size_t t) { return zone.sums()[t] * ratio_; });
        const double weight =
            high ? blocks_.first_weights(centre)[block] : blocks_.last_weights(centre)[block];
        return scale_for(
            [&](std::size_t t) { return weight * plan_->course()[t] / plan_->divisor() * ratio_; });
    }

    /// One centre in one batch.
    class Pass {
      public:
        Pass(const SweepScanner& scanner, const SweepTables& tables, std::size_t i, const SweepCounts& counts,
             SweepScratch& scratch, Batch& batch, const RunControl& control)
            : scanner_(&scanner),
              plan_(scanner.plan_),
              tables_(&tables),
              place_(i),
              centre_(tables.centres[i]),
              counts_(&counts),
              scratch_(&scratch),
              batch_(&batch),
              control_(&control),
              lost_(scanner.n_lanes(), false),
              zone_(*plan_),
              prefix_known_(scanner.n_lanes(), false),
              prefixes_(scanner.n_lanes() * (scanner.longest_ + 1)) {}

        void run() {
            std::fill(scratch_->totals.begin(), scratch_->totals.end(), std::uint16_t{0});
            const std::span<const std::uint32_t> lengths = scanner_->blocks_.lengths(centre_);
            first_site_ = 0;
            for (block_ = 0; block_ < lengths.size(); ++block_) {
                if (block_ % 16 == 0) control_->check();
                for (const Direction& direction : tables_->directions)
                    if (!direction.high) test_low(direction, lengths[block_]);
                const std::size_t entered = tables_->directions.back().high ? 0 : 1;
                enter(first_site_ + entered, lengths[block_] - entered);
                for (const Direction& direction : tables_->directions)
                    if (direction.high) test_high(direction);
                if (!plan_->separable())
                    for (std::size_t k = first_site_ + 1; k < first_site_ + lengths[block_]; ++k)
                        zone_.add(plan_->members(centre_)[k]);
                first_site_ += lengths[block_];
            }
        }

      private:
        std::span<const std::uint32_t> members() const { return plan_->members(centre_); }

        void enter(std::size_t first, std::size_t n) {
            if (n == 0) return;
            const std::uint32_t overflow =
                scanner_->kernels_->accumulate(counts_->rows.data(), plan_->n_columns(),
                                               members().data() + first, n, scratch_->totals.data());
            if (overflow != 0) lose(overflow);
        }

        void test_high(const Direction& direction) {
            if (plan_->separable()) {
                zone_.set_weight(scanner_->blocks_.first_weights(centre_)[block_]);
            } else {
                zone_.add(members()[first_site_]);  // the rest of the block follows after the test
            }
            test(direction, zone_);
        }

        void test_low(const Direction& direction, std::size_t length) {
            enter(first_site_, 1);
            if (plan_->separable()) {
                zone_.set_weight(scanner_->blocks_.last_weights(centre_)[block_]);
                test(direction, zone_);
                return;
            }
            ZoneMeasure last = zone_;
            for (std::size_t k = first_site_; k < first_site_ + length; ++k) last.add(members()[k]);
            test(direction, last);
            if (tables_->directions.size() == 1) zone_.add(members()[first_site_]);
        }

        void test(const Direction& direction, const ZoneMeasure& tested) {
            direction_ = &direction;
            tested_ = &tested;
            prefix_segment_ = no_segment;
            const std::size_t block = tables_->first_block[place_] + block_;
            scale_ = direction.scales[block];
            if (!set_expected(tested)) {
                lose(~std::uint32_t{0});
                return;
            }
            IntervalTest kernel_test{scratch_->totals.data(),
                                     plan_->n_columns(),
                                     scratch_->expected.data(),
                                     scale_,
                                     scanner_->segments_.data(),
                                     scanner_->segments_.size(),
                                     direction.excesses.data() + block * scanner_->n_thresholds_,
                                     direction.high,
                                     scratch_->of_kernel.data(),
                                     &Pass::report,
                                     &Pass::overflow,
                                     this};
            scanner_->kernels_->test(kernel_test);
        }

        /// Expected cases of each column, times 2^scale, so that their sums are rounded down. False if
        /// there are too many for 16 bits.
        bool set_expected(const ZoneMeasure& tested) {
            const double* sums = plan_->separable() ? plan_->course().data() : tested.sums().data();
            double factor = scanner_->ratio_ * static_cast<double>(1 << scale_);
            if (plan_->separable()) factor *= tested.weight() / plan_->divisor();
            const std::size_t n = plan_->n_columns();
            if (sums[n] * factor > 2e9) return false;
            std::int32_t most = 0;
            for (std::size_t t = 0; t < n; ++t) {
                const std::int32_t difference = static_cast<std::int32_t>(sums[t + 1] * factor) -
                                                static_cast<std::int32_t>(sums[t] * factor);
                most = std::max(most, difference);
                scratch_->expected[t] = static_cast<std::int16_t>(difference);
            }
            return most <= 32000;
        }

        static void overflow(void* self, std::uint32_t lanes) { static_cast<Pass*>(self)->lose(lanes); }

        /// Lanes in which a number grew too large are looked at exactly, once for all windows of the centre.
        void lose(std::uint32_t lanes) {
            for (std::size_t lane = 0; lane < batch_->size(); ++lane) {
                if ((lanes >> lane & 1) == 0 || lost_[lane]) continue;
                lost_[lane] = true;
                batch_->walk(centre_, lane);
            }
        }

        static void report(void* self, std::size_t segment, std::size_t length, std::uint32_t lanes,
                           const std::uint8_t* excess, int shift) {
            static_cast<Pass*>(self)->look(segment, length, lanes, excess, shift);
        }

        void look(std::size_t segment_number, std::size_t length_number, std::uint32_t lanes,
                  const std::uint8_t* excess, int shift) {
            const Segment& segment = scanner_->segments_[segment_number];
            if (segment_number != prefix_segment_) {
                prefix_segment_ = segment_number;
                std::fill(prefix_known_.begin(), prefix_known_.end(), false);
            }
            const MeasureRange range = measure_range(segment_number, length_number);
            for (std::size_t lane = 0; lane < batch_->size(); ++lane) {
                if ((lanes >> lane & 1) == 0 || lost_[lane] || batch_->walked(lane)) continue;
                if (direction_->high) {
                    const double most = std::ldexp(excess[lane] + 1, shift - scale_) + std::ldexp(1, -scale_);
                    if (!excess_may_beat(most, range, batch_->best(lane))) continue;
                }
                look_at_lane(segment, segment.least_length + length_number, range, lane);
            }
        }

        /// Measures of the windows of one length in a segment, in the zone that is tested.
        MeasureRange measure_range(std::size_t segment, std::size_t length) const {
            if (!plan_->separable())
                return scanner_->measure_range(scanner_->segments_[segment], length, tested_->sums());
            MeasureRange range = scanner_->course_ranges_[scanner_->first_threshold_[segment] + length];
            range.least *= tested_->weight() / plan_->divisor();
            range.greatest *= tested_->weight() / plan_->divisor();
            return range;
        }

        /// Whether a window with so many cases more than expected, and a measure in this range, may have a
        /// greater statistic than `best`. The ratio is convex in both numbers, so an end of the range has the
        /// greatest.
        bool excess_may_beat(double excess, const MeasureRange& range, double best) const {
            return excess_may_beat(excess, range.least, best) ||
                   excess_may_beat(excess, range.greatest, best);
        }

        bool excess_may_beat(double excess, double measure, double best) const {
            const Statistic& statistic = plan_->statistic();
            const double cases = measure * scanner_->ratio_ + excess;
            const bool possible =
                measure > 0.0 && cases < static_cast<double>(scanner_->n_cases_) &&
                measure >= statistic.possible_measures(static_cast<std::int64_t>(cases) + 1).first;
            return !possible || statistic.likelihood_ratio(cases, measure) * (1 + 1e-9) > best;
        }

        void look_at_lane(const Segment& segment, std::size_t length, const MeasureRange& range,
                          std::size_t lane) {
            const std::size_t end =
                std::min<std::size_t>(segment.first + segment.n_starts, plan_->n_columns() + 1 - length);
            const std::int32_t* prefix = prefix_of(segment, lane);
            // High rates: fewer cases than this never reach the level.
            const std::int64_t least =
                direction_->high ? direction_->thresholds.cases(range.least * (1 - 1e-9)) : 0;
            for (std::size_t t = segment.first; t < end; ++t, ++prefix) {
                const std::int64_t cases = prefix[length] - prefix[0];
                if (cases < least) continue;
                if (may_beat(cases, tested_->between(t, t + length), batch_->best(lane)) &&
                    is_window(plan_->runs(), t, length))
                    look_closely(lane, t, t + length, cases);
            }
        }

        /// Whether a window of the block may reach the level and beat the lane's best: cheap tests first.
        bool may_beat(std::int64_t cases, double u, double best) const {
            if (!direction_->thresholds.admits(cases, u)) return false;
            if (!direction_->high) return true;  // a window short of cases may have enough later in the block
            const Statistic& statistic = plan_->statistic();
            return statistic.high(cases, std::max(u, statistic.possible_measures(cases).first)) > best;
        }

        /// Every zone of the block, exactly. `cases`: in its last zone (high) or its first (low).
        void look_closely(std::size_t lane, std::size_t start, std::size_t end, std::int64_t cases) {
            const std::size_t n = scanner_->blocks_.lengths(centre_)[block_];
            const auto cases_of = [&](std::size_t k) {
                const std::uint8_t* row = counts_->rows.data() +
                                          (members()[k] * plan_->n_columns() + start) * scanner_->n_lanes() +
                                          lane;
                std::int64_t sum = 0;
                for (std::size_t t = start; t < end; ++t, row += scanner_->n_lanes()) sum += *row;
                return sum;
            };
            if (direction_->high)
                for (std::size_t k = first_site_ + n - 1; k > first_site_; --k) cases -= cases_of(k);
            WindowMeasure measure(*plan_, start, end);
            if (plan_->separable()) {
                measure.start_from(scanner_->blocks_.first_weights(centre_)[block_]);
            } else if (direction_->high) {
                measure.start_from(zone_.sums()[start], zone_.sums()[end]);
            } else {
                measure.start_from(zone_.sums()[start], zone_.sums()[end]);
                measure.add(members()[first_site_]);
            }
            const Statistic& statistic = plan_->statistic();
            for (std::size_t k = first_site_;;) {
                const double u = measure.value();
                batch_->improve(lane, direction_->high ? statistic.high(cases, u) : statistic.low(cases, u));
                if (++k == first_site_ + n) break;
                measure.add(members()[k]);
                cases += cases_of(k);
            }
        }

        /// Cases of a lane in a segment, up to each column. Lanes lie in the order in which bytes widen.
        const std::int32_t* prefix_of(const Segment& segment, std::size_t lane) {
            std::int32_t* prefix = prefixes_.data() + lane * (scanner_->longest_ + 1);
            if (prefix_known_[lane]) return prefix;
            prefix_known_[lane] = true;
            const std::size_t n = scanner_->n_lanes();
            const std::size_t half = lane / 8 % 2;
            const std::uint16_t* total =
                scratch_->totals.data() + segment.first * n + half * (n / 2) + lane / 16 * 8 + lane % 8;
            const std::size_t last =
                std::min<std::size_t>(plan_->n_columns() - segment.first,
                                      segment.n_starts + segment.least_length + segment.n_lengths);
            prefix[0] = 0;
            for (std::size_t t = 0; t < last; ++t, total += n) prefix[t + 1] = prefix[t] + *total;
            return prefix;
        }

        static constexpr std::size_t no_segment = ~std::size_t{0};

        const SweepScanner* scanner_;
        const Plan* plan_;
        const SweepTables* tables_;
        std::size_t place_;
        std::size_t centre_;
        const SweepCounts* counts_;
        SweepScratch* scratch_;
        Batch* batch_;
        const RunControl* control_;
        std::vector<bool> lost_;
        ZoneMeasure zone_;
        std::size_t block_ = 0;
        std::size_t first_site_ = 0;  ///< of the block
        const Direction* direction_ = nullptr;
        const ZoneMeasure* tested_ = nullptr;
        int scale_ = 0;
        std::size_t prefix_segment_ = no_segment;  ///< whose prefixes are known
        std::vector<bool> prefix_known_;           ///< by lane
        std::vector<std::int32_t> prefixes_;
    };

    const Plan* plan_;
    Rates rates_;
    const Kernels* kernels_;
    std::int64_t n_cases_;
    double ratio_;
    double greatest_;
    const Blocks& blocks_;
    std::vector<Segment> segments_;
    std::size_t n_thresholds_ = 0;
    std::vector<std::size_t> first_threshold_;  ///< of each segment
    std::size_t longest_ = 0;
    std::vector<MeasureRange> course_ranges_;
};

}  // namespace

std::unique_ptr<BatchScanner> sweep_scanner(const Plan& plan, Rates rates, const Kernels& kernels,
                                            std::int64_t n_cases, std::size_t n_threads,
                                            const RunControl& control) {
    return std::make_unique<SweepScanner>(plan, rates, kernels, n_cases, n_threads, control);
}

}  // namespace enteroscan
