#include "scan/bits.hpp"

#include <algorithm>
#include <bit>

#include "base/parallel.hpp"
#include "scan/blocks.hpp"
#include "scan/bounds.hpp"
#include "scan/rows.hpp"
#include "scan/scan_memory.hpp"

namespace enteroscan {
namespace {

using detail::Kernels;

/// Rows for each site, on average, from which on counting in bytes is as fast.
constexpr std::size_t most_rows_per_site = 3;

/// Thresholds of one direction for one level.
struct Direction {
    bool high;
    std::unique_ptr<const Thresholds> thresholds;
    std::unique_ptr<const Bounds> bounds;  ///< high rates only
    std::vector<std::size_t> offsets;      ///< of a centre's blocks below, by place in `centres`
    std::vector<std::uint32_t> of_blocks;  ///< high: least cases, low: one more than the greatest number
    std::vector<std::uint8_t> classes;     ///< of those, see Bounds
};

class BitTables final : public BatchScanner::Tables {
  public:
    std::vector<std::size_t> centres;
    std::vector<Direction> directions;
};

class BitCounts final : public BatchScanner::Counts {
  public:
    explicit BitCounts(std::size_t n_bytes) : rows(n_bytes) {}
    ScanMemory<unsigned char> rows;
};

class BitScratch final : public BatchScanner::Scratch {
  public:
    explicit BitScratch(std::size_t vector_bytes)
        : offsets(Bounds::most_classes * detail::offset_digits * vector_bytes) {}
    std::vector<unsigned char> offsets;  ///< see BitPass
    KnownBest known_best;
};

class BitScanner final : public BatchScanner {
  public:
    BitScanner(const Plan& plan, Rates rates, const Kernels& kernels, std::int64_t n_cases, double greatest,
               std::size_t n_threads, const RunControl& control)
        : plan_(&plan),
          rates_(rates),
          kernels_(&kernels),
          n_cases_(n_cases),
          greatest_(greatest),
          rows_(plan, rates != Rates::high, n_threads, control),
          n_digits_(std::max(detail::least_digits, static_cast<std::size_t>(std::bit_width(rows_.size())))) {}

    std::size_t n_lanes() const noexcept override { return 8 * kernels_->vector_bytes; }
    std::unique_ptr<Counts> make_counts() const override {
        return std::make_unique<BitCounts>((rows_.size() + 1) * kernels_->vector_bytes);
    }
    std::unique_ptr<Scratch> make_scratch() const override {
        return std::make_unique<BitScratch>(kernels_->vector_bytes);
    }

    std::unique_ptr<Tables> make_tables(double level, std::span<const std::size_t> centres,
                                        std::size_t n_threads, const RunControl& control) const override {
        auto tables = std::make_unique<BitTables>();
        tables->centres.assign(centres.begin(), centres.end());
        for (const bool high : {true, false})
            if (rates_ != (high ? Rates::low : Rates::high))
                tables->directions.push_back(make_direction(high, level, centres, n_threads, control));
        return tables;
    }

    void load(Batch& batch, Counts& counts, const RunControl& control) const override {
        auto& own = static_cast<BitCounts&>(counts);
        std::fill(own.rows.begin(), own.rows.end(), 0);
        std::vector<std::uint32_t> used(plan_->n_sites());
        for (std::size_t lane = 0; lane < batch.size(); ++lane) {
            std::fill(used.begin(), used.end(), 0);
            if (!set_bits(batch.cells(lane), lane, own, used)) batch.walk_all(lane, control);
        }
    }

    /// One direction after the other.
    std::size_t n_steps(std::size_t n_centres) const noexcept override {
        return n_centres * (rates_ == Rates::both ? 2 : 1);
    }

    void begin(Scratch& scratch) const override {
        auto& own = static_cast<BitScratch&>(scratch);
        std::fill(own.offsets.begin(), own.offsets.end(), 0);
        own.known_best.reset(n_lanes());
    }

    void scan(const Tables& tables, std::size_t first, std::size_t last, const Counts& counts,
              Scratch& scratch, Batch& batch, const RunControl& control) const override {
        const auto& bits = static_cast<const BitTables&>(tables);
        const auto& shared = static_cast<const BitCounts&>(counts);
        auto& own = static_cast<BitScratch&>(scratch);
        for (std::size_t step = first; step < last; ++step) {
            const Direction& direction = bits.directions[step / bits.centres.size()];
            const std::size_t i = step % bits.centres.size();
            if (step == first || i % 8 == 0) {
                control.check();
                raise_offsets(direction, batch, own);
            }
            scan_centre(bits, direction, i, shared, own, batch);
            if (step < bits.centres.size()) walk_later_first_zone(*plan_, bits.centres[i], batch, control);
        }
    }

  private:
    const Blocks& blocks() const noexcept { return plan_->blocks(); }
    std::size_t n_blocks(std::size_t centre) const noexcept {
        return plan_->first_zone(centre) == 1 ? blocks().count(centre) : 0;
    }

    void raise_offsets(const Direction& direction, const Batch& batch, BitScratch& scratch) const {
        if (!direction.high) return;
        constexpr std::size_t most = (std::size_t{1} << detail::offset_digits) - 1;
        scratch.known_best.update(
            batch, *direction.bounds, [&](std::size_t c, std::size_t lane, std::size_t harmless) {
                const std::size_t offset = std::min(harmless, most);
                for (std::size_t i = 0; i < detail::offset_digits; ++i)
                    set_bit(byte_of(scratch.offsets, c * detail::offset_digits + i, lane), lane % 8,
                            offset >> i & 1);
            });
    }

    static void set_bit(unsigned char& byte, std::size_t bit, std::size_t value) {
        byte = static_cast<unsigned char>((byte & ~(1u << bit)) | value << bit);
    }

    unsigned char& byte_of(std::vector<unsigned char>& vectors, std::size_t i, std::size_t lane) const {
        return vectors[i * kernels_->vector_bytes + lane / 8];
    }

    Direction make_direction(bool high, double level, std::span<const std::size_t> centres,
                             std::size_t n_threads, const RunControl& control) const {
        Direction direction{high, nullptr, nullptr, {0}, {}, {}};
        direction.thresholds = std::make_unique<const Thresholds>(plan_->statistic(), high, level, greatest_,
                                                                  n_cases_, n_threads, control);
        if (high)
            direction.bounds = std::make_unique<const Bounds>(plan_->statistic(), *direction.thresholds,
                                                              n_cases_, greatest_, n_threads, control);
        for (const std::size_t centre : centres)
            direction.offsets.push_back(direction.offsets.back() + n_blocks(centre));
        direction.of_blocks.resize(direction.offsets.back());
        direction.classes.resize(direction.offsets.back());
        parallel_for(centres.size(), n_threads, control, [&](std::size_t i, std::size_t) {
            for (std::size_t b = 0; b < n_blocks(centres[i]); ++b) {
                const std::uint32_t cases = threshold(direction, centres[i], b);
                direction.of_blocks[direction.offsets[i] + b] = cases;
                direction.classes[direction.offsets[i] + b] =
                    static_cast<std::uint8_t>(Bounds::class_of(cases));
            }
        });
        return direction;
    }

    /// Of the zone by which a block is tested: its first (high) or last (low).
    std::uint32_t threshold(const Direction& direction, std::size_t centre, std::size_t block) const {
        ZoneMeasure zone(*plan_);
        zone.set_weight(direction.high ? blocks().first_weights(centre)[block]
                                       : blocks().last_weights(centre)[block]);
        const std::int64_t cases = direction.thresholds->cases(zone.between(0, plan_->n_columns()));
        const std::int64_t most = (std::int64_t{1} << n_digits_) - 1;  // more than there are rows
        return static_cast<std::uint32_t>(
            std::clamp<std::int64_t>(cases + (direction.high ? 0 : 1), 0, most));
    }

    /// False if a site has more cases than rows.
    bool set_bits(const std::vector<Cell>& cells, std::size_t lane, BitCounts& counts,
                  std::vector<std::uint32_t>& used) const {
        const auto bit = static_cast<unsigned char>(1u << lane % 8);
        const std::span<const std::uint32_t> first = rows_.first();
        for (const Cell& cell : cells) {
            const std::uint32_t site = plan_->site_of(cell.location);
            for (std::uint32_t i = 0; i < cell.count; ++i) {
                const std::uint32_t row = first[site] + used[site]++;
                if (row == first[site + 1]) return false;
                counts.rows[row * kernels_->vector_bytes + lane / 8] |= bit;
            }
        }
        return true;
    }

    /// One centre, and what its kernel reports.
    struct Pass {
        const BitScanner* scanner;
        const Direction* direction;
        std::size_t centre;
        const unsigned char* rows;
        Batch* batch;
        std::size_t next_block = 0;
        std::size_t first_site = 0;  ///< sites before the last block reported

        static void report(void* self, std::size_t block, const void* lanes, const void* digits) {
            static_cast<Pass*>(self)->look(block, static_cast<const unsigned char*>(lanes),
                                           static_cast<const unsigned char*>(digits));
        }

        void look(std::size_t block, const unsigned char* lanes, const unsigned char* digits) {
            const std::span<const std::uint32_t> lengths = scanner->blocks().lengths(centre);
            for (; next_block < block; ++next_block) first_site += lengths[next_block];
            for (std::size_t byte = 0; byte < scanner->kernels_->vector_bytes; ++byte) {
                for (unsigned int set = lanes[byte]; set != 0; set &= set - 1) {
                    const std::size_t lane = 8 * byte + static_cast<std::size_t>(std::countr_zero(set));
                    if (lane >= batch->size() || batch->walked(lane)) continue;
                    look_at(lengths[block], block, lane, count(digits, lane));
                }
            }
        }

        std::int64_t count(const unsigned char* digits, std::size_t lane) const {
            std::int64_t sum = 0;
            for (std::size_t place = 0; place < scanner->n_digits_; ++place)
                sum +=
                    std::int64_t{digits[place * scanner->kernels_->vector_bytes + lane / 8] >> lane % 8 & 1}
                    << place;
            return sum;
        }

        /// `cases`: in the zone by which the block is tested.
        void look_at(std::size_t n_sites, std::size_t block, std::size_t lane, std::int64_t cases) const {
            const Plan& plan = *scanner->plan_;
            const Statistic& statistic = plan.statistic();
            const std::span<const std::uint32_t> sites = plan.members(centre).subspan(first_site, n_sites);
            WindowMeasure measure(plan, 0, plan.n_columns());
            measure.start_from(scanner->blocks().first_weights(centre)[block]);
            if (direction->high) {
                const double u = std::max(measure.value(), statistic.possible_measures(cases).first);
                if (statistic.high(cases, u) <= batch->best(lane)) return;
                for (std::size_t k = n_sites - 1; k > 0; --k) cases -= cases_of(sites[k], lane);
            }
            for (std::size_t k = 0;;) {
                const double u = measure.value();
                batch->improve(lane, direction->high ? statistic.high(cases, u) : statistic.low(cases, u));
                if (++k == n_sites) return;
                measure.add(sites[k]);
                cases += cases_of(sites[k], lane);
            }
        }

        std::int64_t cases_of(std::uint32_t site, std::size_t lane) const {
            const std::span<const std::uint32_t> first = scanner->rows_.first();
            std::int64_t sum = 0;
            for (std::uint32_t row = first[site]; row < first[site + 1]; ++row)
                sum += rows[row * scanner->kernels_->vector_bytes + lane / 8] >> lane % 8 & 1;
            return sum;
        }
    };

    void scan_centre(const BitTables& tables, const Direction& direction, std::size_t i,
                     const BitCounts& counts, const BitScratch& scratch, Batch& batch) const {
        const std::size_t centre = tables.centres[i];
        if (n_blocks(centre) == 0) return;
        Pass pass{this, &direction, centre, counts.rows.data(), &batch};
        kernels_->bits[direction.high ? 0 : 1](
            {counts.rows.data(), rows_.members(centre).data(), rows_.lengths(centre),
             rows_.first_lengths(centre), n_blocks(centre), direction.of_blocks.data() + direction.offsets[i],
             n_digits_, scratch.offsets.data(), direction.classes.data() + direction.offsets[i],
             &Pass::report, &pass});
    }

    const Plan* plan_;
    Rates rates_;
    const Kernels* kernels_;
    std::int64_t n_cases_;
    double greatest_;
    Rows rows_;
    std::size_t n_digits_;  ///< enough to count all rows
};

}  // namespace

std::unique_ptr<BatchScanner> bit_scanner(const Plan& plan, Rates rates, const Kernels& kernels,
                                          std::int64_t n_cases, std::size_t n_threads,
                                          const RunControl& control) {
    if (plan.runs().size() != 1 || !plan.separable() ||
        Rows::count(plan) > most_rows_per_site * plan.n_sites())
        return nullptr;
    return std::make_unique<BitScanner>(plan, rates, kernels, n_cases,
                                        greatest_measure(plan, n_threads, control), n_threads, control);
}

}  // namespace enteroscan
