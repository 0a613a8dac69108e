#include "scan/direct.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "base/parallel.hpp"
#include "scan/blocks.hpp"
#include "scan/bounds.hpp"
#include "scan/scan_memory.hpp"

namespace enteroscan {
namespace {

using detail::DirectPass;
using detail::Kernels;

/// Counters that are scanned in one pass, beside each other in a row of vectors.
struct Tile {
    std::size_t first_counter;
    std::size_t n_counters;
    std::size_t offset;  ///< of its counts, in bytes
};

/// What does not depend on the level: windows, and how what is counted in them lies in memory.
struct Layout {
    std::size_t vector_bytes;
    std::size_t count_bytes;             ///< 1 or 2
    std::size_t n_groups;                ///< vectors of lanes beside each other for a single window
    std::vector<std::size_t> starts;     ///< columns in which windows begin, shortest window first
    std::vector<std::size_t> window_of;  ///< of each column: the shortest window with it
    std::vector<Tile> tiles;
    std::size_t total_bytes = 0;

    std::size_t n_counters() const noexcept { return starts.size() * n_groups; }
    std::size_t lanes_per_vector() const noexcept { return vector_bytes / count_bytes; }
    std::size_t n_lanes() const noexcept { return lanes_per_vector() * n_groups; }
};

Layout make_layout(const Plan& plan, const Kernels& kernels, std::size_t count_bytes,
                   std::size_t n_replicates) {
    Layout layout{kernels.vector_bytes, count_bytes, 1, {}, {}, {}};
    for (const IntervalRun& run : plan.runs())
        layout.starts.push_back(static_cast<std::size_t>(run.first_start));
    layout.window_of.assign(plan.n_columns(), 0);
    for (std::size_t w = layout.starts.size(); w-- > 0;)
        std::fill(layout.window_of.begin() + static_cast<std::ptrdiff_t>(layout.starts[w]),
                  layout.window_of.end(), w);

    // A pass over all zones should find its counts in the cache. Several windows may take all of it, for each
    // pass reads all members anew; with more lanes, more blocks have one that is reported.
    const bool one_window = layout.starts.size() == 1;
    const std::size_t counter_bytes = std::max<std::size_t>(1, plan.n_sites() * layout.vector_bytes);
    const std::size_t fitting = std::clamp<std::size_t>(
        cache_bytes() / 4 * (one_window ? 3 : 4) / counter_bytes, 1, detail::most_counters);
    if (one_window) {
        const std::size_t lanes = layout.lanes_per_vector();
        const std::size_t needed = std::max<std::size_t>(1, (n_replicates + lanes - 1) / lanes);
        const std::size_t n_batches = (needed + fitting - 1) / fitting;
        layout.n_groups = (needed + n_batches - 1) / n_batches;
    }
    const std::size_t n = layout.n_counters();
    const std::size_t n_tiles = (n + fitting - 1) / fitting;
    for (std::size_t i = 0; i < n_tiles; ++i) {
        const std::size_t first = i * n / n_tiles;
        const std::size_t n_here = (i + 1) * n / n_tiles - first;
        layout.tiles.push_back({first, n_here, layout.total_bytes});
        layout.total_bytes += n_here * counter_bytes;
    }
    return layout;
}

/// Thresholds of one direction for one level.
struct Direction {
    bool high;
    std::unique_ptr<const Thresholds> thresholds;
    std::unique_ptr<const Bounds> bounds;  ///< high rates only
    std::vector<std::size_t> offsets;      ///< of a centre's numbers below, by place in `centres`
    ScanMemory<unsigned char> changes;     ///< tile after tile, block after block, window after window
    ScanMemory<std::uint8_t> classes;      ///< of the thresholds, in the same order
};

class DirectTables final : public BatchScanner::Tables {
  public:
    std::vector<std::size_t> centres;
    std::vector<Direction> directions;
};

class DirectCounts final : public BatchScanner::Counts {
  public:
    DirectCounts(const Layout& layout, std::size_t n_sites)
        : rows(layout.total_bytes + 64), carried(n_sites * layout.vector_bytes) {}
    ScanMemory<unsigned char> rows;
    std::vector<unsigned char> carried;
};

class DirectScratch final : public BatchScanner::Scratch {
  public:
    explicit DirectScratch(const Layout& layout)
        : limits(Bounds::most_classes * layout.n_groups * layout.vector_bytes) {}
    const Direction* direction = nullptr;  ///< that the limits are for
    std::vector<unsigned char> limits;     ///< see DirectPass
    KnownBest known_best;
};

template <class Count>
class DirectScanner final : public BatchScanner {
  public:
    DirectScanner(const Plan& plan, Rates rates, const Kernels& kernels, std::int64_t n_cases,
                  std::size_t n_replicates, double greatest)
        : plan_(&plan),
          rates_(rates),
          kernels_(&kernels),
          n_cases_(n_cases),
          greatest_(greatest),
          blocks_(plan.blocks()),
          layout_(make_layout(plan, kernels, sizeof(Count), n_replicates)) {
        if (!plan.separable()) return;
        for (const std::size_t start : layout_.starts)
            per_weight_.push_back((plan.course()[plan.n_columns()] - plan.course()[start]) / plan.divisor());
    }

    std::size_t n_lanes() const noexcept override { return layout_.n_lanes(); }
    std::unique_ptr<Counts> make_counts() const override {
        return std::make_unique<DirectCounts>(layout_, plan_->n_sites());
    }
    std::unique_ptr<Scratch> make_scratch() const override {
        return std::make_unique<DirectScratch>(layout_);
    }

    std::unique_ptr<Tables> make_tables(double level, std::span<const std::size_t> centres,
                                        std::size_t n_threads, const RunControl& control) const override {
        auto tables = std::make_unique<DirectTables>();
        tables->centres.assign(centres.begin(), centres.end());
        if (rates_ != Rates::low)
            tables->directions.push_back(make_direction(true, level, centres, n_threads, control));
        if (rates_ != Rates::high)
            tables->directions.push_back(make_direction(false, level, centres, n_threads, control));
        return tables;
    }

    void load(Batch& batch, Counts& counts, const RunControl& control) const override {
        auto& direct = static_cast<DirectCounts&>(counts);
        std::fill(direct.rows.begin(), direct.rows.end(), 0);
        std::vector<bool> full(batch.size(), false);
        for (std::size_t lane = 0; lane < batch.size(); ++lane)
            full[lane] = !scatter(batch.cells(lane), lane, direct);
        cumulate(direct);
        for (std::size_t lane = 0; lane < batch.size(); ++lane)
            if (full[lane] || is_full(lane, direct)) batch.walk_all(lane, control);
    }

    /// One direction after the other, and in it one tile after the other.
    std::size_t n_steps(std::size_t n_centres) const noexcept override {
        return n_centres * layout_.tiles.size() * (rates_ == Rates::both ? 2 : 1);
    }

    void begin(Scratch& scratch) const override { static_cast<DirectScratch&>(scratch).direction = nullptr; }

    void scan(const Tables& tables, std::size_t first, std::size_t last, const Counts& counts,
              Scratch& scratch, Batch& batch, const RunControl& control) const override {
        const auto& direct = static_cast<const DirectTables&>(tables);
        const auto& shared = static_cast<const DirectCounts&>(counts);
        auto& own = static_cast<DirectScratch&>(scratch);
        const std::size_t n_centres = direct.centres.size();
        const std::size_t n_tiles = layout_.tiles.size();
        for (std::size_t step = first; step < last; ++step) {
            const Direction& direction = direct.directions[step / n_centres / n_tiles];
            const std::size_t i = step % n_centres;
            if (step == first || i % 16 == 0) {
                control.check();
                set_limits(direction, batch, own);
            }
            scan_centre(direct, direction, layout_.tiles[step / n_centres % n_tiles], i, shared, own, batch);
            if (step < n_centres) walk_later_first_zone(*plan_, direct.centres[i], batch, control);
        }
    }

  private:
    std::size_t n_blocks(std::size_t centre) const noexcept {
        return plan_->first_zone(centre) == 1 ? blocks_.count(centre) : 0;
    }
    bool has_groups() const noexcept { return layout_.starts.size() == 1; }
    std::size_t n_windows(const Tile& tile) const noexcept { return has_groups() ? 1 : tile.n_counters; }
    std::size_t limit_row_bytes() const noexcept { return layout_.n_groups * layout_.vector_bytes; }

    void set_limits(const Direction& direction, const Batch& batch, DirectScratch& scratch) const {
        if (scratch.direction != &direction) {
            scratch.direction = &direction;
            scratch.known_best.reset(layout_.n_lanes());
            const Count limit = detail::reach<Count>;
            for (std::size_t i = 0; i < scratch.limits.size(); i += sizeof(Count))
                std::memcpy(scratch.limits.data() + i, &limit, sizeof(Count));
        }
        if (!direction.high) return;
        scratch.known_best.update(
            batch, *direction.bounds, [&](std::size_t c, std::size_t lane, std::size_t harmless) {
                constexpr std::size_t most = std::numeric_limits<Count>::max() - 1;
                const auto limit = static_cast<Count>(std::min(detail::reach<Count> + harmless, most));
                std::memcpy(scratch.limits.data() + c * limit_row_bytes() + lane * sizeof(Count), &limit,
                            sizeof(Count));
            });
    }

    Direction make_direction(bool high, double level, std::span<const std::size_t> centres,
                             std::size_t n_threads, const RunControl& control) const {
        Direction direction;
        direction.high = high;
        direction.thresholds = std::make_unique<const Thresholds>(plan_->statistic(), high, level, greatest_,
                                                                  n_cases_, n_threads, control);
        if (high)
            direction.bounds = std::make_unique<const Bounds>(plan_->statistic(), *direction.thresholds,
                                                              n_cases_, greatest_, n_threads, control);
        direction.offsets.push_back(0);
        for (const std::size_t centre : centres)
            direction.offsets.push_back(direction.offsets.back() + n_blocks(centre) * layout_.starts.size());
        direction.changes.resize(direction.offsets.back() * sizeof(Count));
        direction.classes.resize(direction.offsets.back());
        auto* changes = reinterpret_cast<Count*>(direction.changes.data());
        parallel_for(centres.size(), n_threads, control, [&](std::size_t i, std::size_t) {
            set_changes(direction, centres[i], changes + direction.offsets[i],
                        direction.classes.data() + direction.offsets[i]);
        });
        return direction;
    }

    /// Measure of every window in the zone by which a block is tested: its first (high) or last (low).
    /// Correct but for rounding, of which thresholds take no notice.
    template <class Consume>
    void tested_measures(std::size_t centre, bool high, Consume&& consume) const {
        const std::size_t end = plan_->n_columns();
        std::vector<double> measures(layout_.starts.size());
        if (plan_->separable()) {
            const std::span<const double> weights =
                high ? blocks_.first_weights(centre) : blocks_.last_weights(centre);
            for (std::size_t block = 0; block < n_blocks(centre); ++block) {
                for (std::size_t w = 0; w < measures.size(); ++w)
                    measures[w] = weights[block] * per_weight_[w];
                consume(block, measures);
            }
            return;
        }
        ZoneMeasure zone(*plan_);
        const std::span<const std::uint32_t> lengths = blocks_.lengths(centre);
        const std::span<const std::uint32_t> members = plan_->members(centre);
        std::size_t k = 0;
        for (std::size_t block = 0; block < n_blocks(centre); ++block) {
            const std::size_t block_end = k + lengths[block];
            for (const std::size_t tested = high ? k + 1 : block_end; k < tested; ++k) zone.add(members[k]);
            for (std::size_t w = 0; w < measures.size(); ++w)
                measures[w] = zone.between(layout_.starts[w], end);
            consume(block, measures);
            for (; k < block_end; ++k) zone.add(members[k]);
        }
    }

    void set_changes(const Direction& direction, std::size_t centre, Count* changes,
                     std::uint8_t* classes) const {
        // In low rates thresholds begin at -1; all are kept two greater.
        const std::int64_t raise = direction.high ? 0 : 2;
        std::vector<std::int64_t> counted(layout_.starts.size(), 1);
        std::vector<std::int64_t> thresholds(layout_.starts.size(), direction.high ? 0 : -1);
        tested_measures(centre, direction.high, [&](std::size_t block, const std::vector<double>& measures) {
            for (const Tile& tile : layout_.tiles) {
                // Tile after tile: a pass reads its changes in a row.
                const std::size_t place = first_change(tile, centre) + block * n_windows(tile);
                for (std::size_t i = 0; i < n_windows(tile); ++i) {
                    const std::size_t w = has_groups() ? 0 : tile.first_counter + i;
                    std::int64_t& from = counted[w];
                    // In narrow windows a zone may have no more measure than the one before it.
                    thresholds[w] = std::max(thresholds[w], direction.thresholds->cases(measures[w]));
                    const std::int64_t change = std::clamp<std::int64_t>(thresholds[w] + raise - from, 0,
                                                                         std::numeric_limits<Count>::max());
                    from += change;
                    changes[place + i] = static_cast<Count>(change);
                    classes[place + i] =
                        static_cast<std::uint8_t>(Bounds::class_of(static_cast<std::size_t>(from)));
                }
                if (has_groups()) break;
            }
        });
    }

    std::size_t first_change(const Tile& tile, std::size_t centre) const noexcept {
        return has_groups() ? 0 : tile.first_counter * n_blocks(centre);
    }

    /// Adds a lane's cases to the shortest windows with them. False if some count is full.
    bool scatter(const std::vector<Cell>& cells, std::size_t lane, DirectCounts& counts) const {
        const std::size_t group_offset = lane / layout_.lanes_per_vector() * layout_.vector_bytes +
                                         lane % layout_.lanes_per_vector() * sizeof(Count);
        std::vector<std::size_t> offset_of(plan_->n_columns());
        std::vector<std::size_t> stride_of(plan_->n_columns());
        for (std::size_t t = 0; t < offset_of.size(); ++t) {
            const std::size_t counter = layout_.window_of[t] * layout_.n_groups;
            for (const Tile& tile : layout_.tiles) {
                if (counter - tile.first_counter >= tile.n_counters) continue;
                offset_of[t] =
                    tile.offset + (counter - tile.first_counter) * layout_.vector_bytes + group_offset;
                stride_of[t] = tile.n_counters * layout_.vector_bytes;
            }
        }
        bool fits = true;
        for (const Cell& cell : cells) {
            const std::size_t column = cell.interval - static_cast<std::uint32_t>(plan_->first_interval());
            const std::size_t site = plan_->site_of(cell.location);
            unsigned char* place = counts.rows.data() + offset_of[column] + site * stride_of[column];
            Count count = 0;
            std::memcpy(&count, place, sizeof(Count));
            const std::uint64_t sum = std::uint64_t{count} + cell.count;
            fits = fits && sum < std::numeric_limits<Count>::max();
            count = static_cast<Count>(std::min<std::uint64_t>(sum, std::numeric_limits<Count>::max()));
            std::memcpy(place, &count, sizeof(Count));
        }
        return fits;
    }

    void cumulate(DirectCounts& counts) const {
        if (has_groups()) return;
        std::fill(counts.carried.begin(), counts.carried.end(), 0);
        const auto add_up = sizeof(Count) == 1 ? kernels_->cumulate8 : kernels_->cumulate16;
        for (const Tile& tile : layout_.tiles)
            add_up(counts.rows.data() + tile.offset, plan_->n_sites(), tile.n_counters,
                   counts.carried.data());
    }

    /// Whether a sum over the windows filled a count.
    bool is_full(std::size_t lane, const DirectCounts& counts) const {
        if (has_groups()) return false;
        for (std::size_t site = 0; site < plan_->n_sites(); ++site)
            if (at(counts.carried.data() + site * layout_.vector_bytes, lane) ==
                std::numeric_limits<Count>::max())
                return true;
        return false;
    }

    static Count at(const unsigned char* vector, std::size_t lane) noexcept {
        Count count = 0;
        std::memcpy(&count, vector + lane * sizeof(Count), sizeof(Count));
        return count;
    }

    /// One centre in one tile, and what its kernel reports.
    struct Pass {
        const DirectScanner* scanner;
        const Direction* direction;
        const Tile* tile;
        std::size_t centre;
        const Count* changes;
        const unsigned char* rows;
        Batch* batch;
        std::size_t next_block = 0;  ///< first that is not in the numbers below
        std::size_t first_site = 0;  ///< sites before the last block reported
        std::array<std::uint32_t, detail::most_counters> counted_from{};  ///< by window, with its changes
        std::vector<bool> lost{};

        static void report(void* self, std::size_t block, const void* above, const void* beyond) {
            static_cast<Pass*>(self)->look(block, static_cast<const unsigned char*>(above),
                                           static_cast<const unsigned char*>(beyond));
        }

        /// Nearly all counters are not above their limits: eight bytes are passed over at once.
        void look(std::size_t block, const unsigned char* above, const unsigned char* beyond) {
            advance(block);
            const std::size_t bytes = tile->n_counters * scanner->layout_.vector_bytes;
            for (std::size_t word = 0; word < bytes; word += 8) {
                std::uint64_t lanes = 0;
                std::memcpy(&lanes, beyond + word, 8);
                if (lanes == 0) continue;
                for (std::size_t i = word / sizeof(Count); i < (word + 8) / sizeof(Count); ++i)
                    if (at(beyond, i) != 0) look_at(block, i, at(above, i));
            }
        }

        void advance(std::size_t block) {
            const std::span<const std::uint32_t> lengths = scanner->blocks_.lengths(centre);
            const std::size_t n = scanner->n_windows(*tile);
            for (; next_block <= block; ++next_block) {
                if (next_block > 0) first_site += lengths[next_block - 1];
                for (std::size_t w = 0; w < n; ++w) counted_from[w] += *changes++;
            }
        }

        /// `i`: number of the lane among those of all counters of the tile.
        void look_at(std::size_t block, std::size_t i, Count count) {
            const std::size_t lanes = scanner->layout_.lanes_per_vector();
            const std::size_t lane = scanner->has_groups() ? i : i % lanes;
            const std::size_t window = scanner->has_groups() ? 0 : i / lanes;
            if (lane >= batch->size() || batch->walked(lane) || (!lost.empty() && lost[lane])) return;
            if (count == std::numeric_limits<Count>::max()) {
                lost.resize(batch->size(), false);
                lost[lane] = true;
                batch->walk(centre, lane);
                return;
            }
            const Window of{window, i / lanes, i % lanes, lane};
            if (direction->high) {
                const std::size_t more = static_cast<std::size_t>(count) - detail::reach<Count> - 1;
                const std::size_t threshold = 1 + counted_from[window];
                if ((*direction->bounds)(threshold, more) <= batch->best(lane)) return;
                if (!may_improve(block, of, static_cast<std::int64_t>(threshold + more))) return;
            }
            look_closely(block, of);
        }

        struct Window {
            std::size_t number;   ///< in the tile
            std::size_t counter;  ///< in the tile
            std::size_t place;    ///< of the lane in the vector
            std::size_t lane;
        };

        /// Cases of a site in a window.
        std::int64_t cases_of(std::uint32_t site, const Window& of) const {
            return at(rows + (site * tile->n_counters + of.counter) * scanner->layout_.vector_bytes,
                      of.place);
        }

        WindowMeasure measure_of_first_zone(std::size_t block, const Window& of) const {
            const Plan& plan = *scanner->plan_;
            WindowMeasure measure(
                plan, scanner->layout_.starts[scanner->has_groups() ? 0 : tile->first_counter + of.number],
                plan.n_columns());
            if (plan.separable()) {
                measure.start_from(scanner->blocks_.first_weights(centre)[block]);
            } else {
                for (std::size_t k = 0; k <= first_site; ++k) measure.add(plan.members(centre)[k]);
            }
            return measure;
        }

        /// Whether some zone of the block beats the lane's best, if so many cases are in the last one. There
        /// may be fewer: a counter far below its threshold stands too high afterwards.
        bool may_improve(std::size_t block, const Window& of, std::int64_t cases) const {
            const Statistic& statistic = scanner->plan_->statistic();
            const std::span<const std::uint32_t> sites =
                scanner->plan_->members(centre).subspan(first_site, scanner->blocks_.lengths(centre)[block]);
            for (std::size_t k = sites.size() - 1; k > 0; --k) cases -= cases_of(sites[k], of);
            WindowMeasure measure = measure_of_first_zone(block, of);
            for (std::size_t k = 0;;) {
                if (statistic.high(cases, measure.value()) > batch->best(of.lane)) return true;
                if (++k == sites.size()) return false;
                measure.add(sites[k]);
                cases += cases_of(sites[k], of);
            }
        }

        /// Every zone of the block, exactly.
        void look_closely(std::size_t block, const Window& of) {
            const Statistic& statistic = scanner->plan_->statistic();
            const std::span<const std::uint32_t> members = scanner->plan_->members(centre);
            std::int64_t cases = 0;
            for (std::size_t k = 0; k < first_site; ++k) cases += cases_of(members[k], of);
            WindowMeasure measure = measure_of_first_zone(block, of);
            const std::size_t n = scanner->blocks_.lengths(centre)[block];
            for (std::size_t k = first_site; k < first_site + n; ++k) {
                if (k > first_site) measure.add(members[k]);
                cases += cases_of(members[k], of);
                const double u = measure.value();
                batch->improve(of.lane, direction->high ? statistic.high(cases, u) : statistic.low(cases, u));
            }
        }
    };

    void scan_centre(const DirectTables& tables, const Direction& direction, const Tile& tile, std::size_t i,
                     const DirectCounts& counts, const DirectScratch& scratch, Batch& batch) const {
        const std::size_t centre = tables.centres[i];
        const std::size_t n = n_blocks(centre);
        if (n == 0) return;
        const std::size_t place = direction.offsets[i] + first_change(tile, centre);
        const Count* changes = reinterpret_cast<const Count*>(direction.changes.data()) + place;
        const unsigned char* rows = counts.rows.data() + tile.offset;
        Pass pass{this, &direction, &tile, centre, changes, rows, &batch};
        const DirectPass kernel_pass{rows,
                                     plan_->members(centre).data(),
                                     plan_->members(centre).size(),
                                     blocks_.lengths(centre).data(),
                                     n,
                                     changes,
                                     has_groups(),
                                     scratch.limits.data(),
                                     limit_row_bytes(),
                                     direction.classes.data() + place,
                                     &Pass::report,
                                     &pass};
        const auto& by_direction = sizeof(Count) == 1 ? kernels_->direct8 : kernels_->direct16;
        by_direction[direction.high ? 0 : 1](kernel_pass, tile.n_counters);
    }

    const Plan* plan_;
    Rates rates_;
    const Kernels* kernels_;
    std::int64_t n_cases_;
    double greatest_;
    const Blocks& blocks_;
    Layout layout_;
    std::vector<double> per_weight_;  ///< separable: measure of each window for one of weight
};

}  // namespace

std::unique_ptr<BatchScanner> direct_scanner(const Plan& plan, Rates rates, const Kernels& kernels,
                                             std::int64_t n_cases, std::size_t n_replicates,
                                             std::size_t n_threads, const RunControl& control) {
    const double greatest = greatest_measure(plan, n_threads, control);
    // Bytes can follow a count while it wanders little more than `reach` from its threshold, and hold the
    // cases of a site.
    double greatest_site = 0.0;
    ZoneMeasure site(plan);
    for (std::uint32_t s = 0; s < plan.n_sites(); ++s) {
        site.clear();
        site.add(s);
        greatest_site = std::max(
            greatest_site,
            site.between(static_cast<std::size_t>(plan.runs().back().first_start), plan.n_columns()));
    }
    const double ratio = plan.statistic().expected(1.0);
    if (greatest * ratio < 6000.0 && greatest_site * ratio < 100.0)
        return std::make_unique<DirectScanner<std::uint8_t>>(plan, rates, kernels, n_cases, n_replicates,
                                                             greatest);
    return std::make_unique<DirectScanner<std::uint16_t>>(plan, rates, kernels, n_cases, n_replicates,
                                                          greatest);
}

}  // namespace enteroscan
