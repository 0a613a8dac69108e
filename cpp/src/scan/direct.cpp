#include "scan/direct.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/parallel.hpp"
#include "scan/blocks.hpp"
#include "scan/scan_memory.hpp"

namespace enteroscan {
namespace {

using detail::DirectPass;
using detail::Kernels;

/// Bytes of counts that a pass over all zones should keep in the second-level cache.
constexpr std::size_t cached_bytes = 1'000'000;
constexpr std::size_t most_vectors = 8;

/// Windows that are scanned in one pass, beside each other in a row of vectors.
struct Tile {
    std::size_t first_window;
    std::size_t n_windows;
    std::size_t n_vectors;
    std::size_t offset;  ///< of its counts, in bytes
};

/// What does not depend on the level: windows and how counts are laid out.
struct Layout {
    std::size_t n_sites;
    std::size_t vector_bytes;
    std::size_t count_bytes;             ///< 1 or 2
    std::size_t n_groups;                ///< vectors of lanes beside each other for a single window
    std::vector<std::size_t> starts;     ///< columns in which windows begin, shortest window first
    std::vector<std::size_t> window_of;  ///< of each column: the shortest window with it
    std::vector<Tile> tiles;
    std::size_t total_bytes = 0;

    std::size_t lanes_per_vector() const noexcept { return vector_bytes / count_bytes; }
    std::size_t n_lanes() const noexcept { return lanes_per_vector() * n_groups; }
};

Layout make_layout(const Plan& plan, const Kernels& kernels, std::size_t count_bytes,
                   std::size_t n_replicates) {
    Layout layout{plan.n_sites(), kernels.vector_bytes, count_bytes, 1, {}, {}, {}};
    for (const IntervalRun& run : plan.runs())
        layout.starts.push_back(static_cast<std::size_t>(run.first_start));
    layout.window_of.assign(plan.n_columns(), 0);
    for (std::size_t w = layout.starts.size(); w-- > 0;)
        std::fill(layout.window_of.begin() + static_cast<std::ptrdiff_t>(layout.starts[w]),
                  layout.window_of.end(), w);

    const std::size_t vector_rows = std::max<std::size_t>(1, layout.n_sites * layout.vector_bytes);
    const std::size_t fitting = std::clamp<std::size_t>(cached_bytes / vector_rows, 1, most_vectors);
    const std::size_t n_windows = layout.starts.size();
    if (n_windows == 1) {
        const std::size_t needed = (n_replicates + layout.lanes_per_vector() - 1) / layout.lanes_per_vector();
        layout.n_groups = std::clamp<std::size_t>(needed, 1, fitting);
    }
    const std::size_t n_tiles = (n_windows + fitting - 1) / fitting;
    for (std::size_t i = 0; i < n_tiles; ++i) {
        const std::size_t first = i * n_windows / n_tiles;
        const std::size_t n = (i + 1) * n_windows / n_tiles - first;
        layout.tiles.push_back({first, n, n * layout.n_groups, layout.total_bytes});
        layout.total_bytes += n * layout.n_groups * vector_rows;
    }
    return layout;
}

/// The greatest statistic that a window of high rates can have of which a counter only says: so many cases
/// more than the threshold of its block. Tabulated for few of them; many lie below the chord of a convex
/// function.
class Bounds {
  public:
    Bounds(const Statistic& statistic, const Thresholds& thresholds, std::int64_t n_cases, double greatest,
           bool with_classes)
        : statistic_(&statistic), thresholds_(&thresholds), n_cases_(n_cases) {
        const auto last = static_cast<std::size_t>(thresholds.cases(greatest));
        for (std::size_t row = 0; row <= last; ++row) {
            const auto threshold = static_cast<std::int64_t>(row);
            if (row < tabulated) {
                for (std::size_t more = 0; more < width; ++more)
                    values_.push_back(compute(threshold, static_cast<std::int64_t>(more)));
                continue;
            }
            for (std::size_t i = 0; i <= n_chords; ++i)
                corners_.push_back(convex(threshold, static_cast<std::int64_t>(corner(row, i))) * (1 + 1e-9));
        }
        if (with_classes) find_greatest(last);
    }

    double operator()(std::size_t threshold, std::size_t more) const noexcept {
        if (threshold < tabulated) {
            if (more < width && threshold * width < values_.size()) return values_[threshold * width + more];
        } else if (more < corner(threshold, n_chords) &&
                   (threshold - tabulated) * (n_chords + 1) < corners_.size()) {
            const double* corners = corners_.data() + (threshold - tabulated) * (n_chords + 1);
            std::size_t i = 0;
            while (more >= corner(threshold, i + 1)) ++i;
            const auto from = static_cast<double>(corner(threshold, i));
            const auto to = static_cast<double>(corner(threshold, i + 1));
            if (corners[i + 1] < std::numeric_limits<double>::infinity())
                return corners[i] +
                       (corners[i + 1] - corners[i]) * (static_cast<double>(more) - from) / (to - from);
        }
        return compute(static_cast<std::int64_t>(threshold), static_cast<std::int64_t>(more));
    }

    /// So many cases more than the threshold, or one less, are no better than `best`, whatever the threshold
    /// in a class.
    std::size_t harmless(std::size_t threshold_class, double best) const noexcept {
        const std::vector<double>& greatest = greatest_in_class_[threshold_class];
        const auto n = std::upper_bound(greatest.begin(), greatest.end(), best) - greatest.begin();
        return n == 0 ? 0 : steps[static_cast<std::size_t>(n - 1)] + 1;
    }

    /// Classes of thresholds: 0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 11, 12 to 15, 16 to 23, ...
    static std::size_t class_of(std::size_t threshold) noexcept {
        const auto bits = static_cast<std::size_t>(std::bit_width(threshold));
        return bits < 3 ? bits / 2 : 2 * (bits - 2) + (threshold >> (bits - 2) & 1);
    }
    static constexpr std::size_t n_classes = 64;

  private:
    static constexpr std::size_t tabulated = 512;
    static constexpr std::size_t width = 24;
    static constexpr std::size_t n_chords = 5;

    static constexpr std::array<std::size_t, 24> steps{0,  1,  2,  3,  4,  5,  6,  8,  10, 12,  15,  18,
                                                       22, 26, 31, 37, 44, 53, 64, 77, 92, 110, 132, 158};

    void find_greatest(std::size_t last) {
        greatest_in_class_.assign(n_classes, std::vector<double>(steps.size(), 0.0));
        for (std::size_t threshold = 0; threshold <= last; ++threshold) {
            std::vector<double>& greatest = greatest_in_class_[class_of(threshold)];
            double most = 0.0;
            for (std::size_t i = 0; i < steps.size(); ++i) {
                // A bound that is dear to compute is left out; no more cases are harmless then.
                const bool cheap =
                    threshold < tabulated ? steps[i] < width : steps[i] < corner(threshold, n_chords);
                most = cheap ? std::max(most, (*this)(threshold, steps[i]))
                             : std::numeric_limits<double>::infinity();
                greatest[i] = std::max(greatest[i], most);
            }
        }
    }

    /// Where chords meet: 0, 1, 2, 4, 8, 16 times a distance over which the curve bends little.
    static std::size_t corner(std::size_t threshold, std::size_t i) noexcept {
        std::size_t distance = 12;
        if (threshold >= 2048) distance = 24;
        if (threshold >= 8192) distance = 48;
        return i == 0 ? 0 : distance << (i - 1);
    }

    double compute(std::int64_t threshold, std::int64_t more) const noexcept {
        const std::int64_t cases = std::min(threshold + more, n_cases_);
        const double measure =
            std::max(thresholds_->measure_beyond(threshold), statistic_->possible_measures(cases).first);
        return measure > 0.0 ? statistic_->high(cases, measure) : std::numeric_limits<double>::infinity();
    }

    /// The same where it is convex: as long as so many cases are possible with that measure.
    double convex(std::int64_t threshold, std::int64_t more) const noexcept {
        const bool possible =
            threshold + more <= n_cases_ &&
            thresholds_->measure_beyond(threshold) >= statistic_->possible_measures(threshold + more).first;
        return possible ? compute(threshold, more) : std::numeric_limits<double>::infinity();
    }

    const Statistic* statistic_;
    const Thresholds* thresholds_;
    std::int64_t n_cases_;
    std::vector<double> values_;
    std::vector<double> corners_;
    std::vector<std::vector<double>> greatest_in_class_;  ///< at `steps`; only if asked for
};

/// Thresholds of one direction for one level.
struct Direction {
    bool high;
    std::unique_ptr<const Thresholds> thresholds;
    std::unique_ptr<const Bounds> bounds;     ///< high rates only
    std::vector<std::size_t> offsets;         ///< of a centre's numbers below, by place in `centres`
    std::vector<unsigned char> changes;       ///< tile after tile, block after block, window after window
    std::vector<std::uint32_t> counted_from;  ///< what a counter stands for at `reach` + 1, in the same order
    std::vector<std::uint8_t>
        classes;  ///< of the thresholds, in the same order; 0 if there are several windows
};

class DirectTables final : public BatchScanner::Tables {
  public:
    std::vector<std::size_t> centres;
    std::vector<Direction> directions;
};

class DirectCounts final : public BatchScanner::Counts {
  public:
    explicit DirectCounts(const Layout& layout)
        : rows(layout.total_bytes + 64),
          carried(layout.n_sites * layout.vector_bytes),
          limits(Bounds::n_classes * most_vectors * layout.vector_bytes) {}
    ScanMemory<unsigned char> rows;
    std::vector<unsigned char> carried;
    std::vector<unsigned char> limits;  ///< see DirectPass
    std::vector<double> known_best;     ///< of each lane, when its limits were set
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
          layout_(make_layout(plan, kernels, sizeof(Count), n_replicates)) {}

    std::size_t n_lanes() const noexcept override { return layout_.n_lanes(); }
    std::unique_ptr<Counts> make_counts() const override { return std::make_unique<DirectCounts>(layout_); }

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

    void scan(const Tables& tables, std::size_t begin, std::size_t end, Counts& counts, Batch& batch,
              const RunControl& control) const override {
        const auto& direct = static_cast<const DirectTables&>(tables);
        auto& own = static_cast<DirectCounts&>(counts);
        for (const Direction& direction : direct.directions) {
            reset_limits(own);
            for (const Tile& tile : layout_.tiles) {
                for (std::size_t i = begin; i < end; ++i) {
                    if (i % 16 == 0) {
                        control.check();
                        raise_limits(direction, batch, own);
                    }
                    scan_centre(direct, direction, tile, i, own, batch);
                }
            }
        }
        // Few: centres whose smallest zone is not a single site.
        for (std::size_t i = begin; i < end; ++i) {
            const std::size_t centre = direct.centres[i];
            if (plan_->first_zone(centre) == 1) continue;
            for (std::size_t lane = 0; lane < batch.size(); ++lane) {
                control.check();
                batch.walk(centre, lane);
            }
        }
    }

  private:
    std::size_t n_blocks(std::size_t centre) const noexcept {
        return plan_->first_zone(centre) == 1 ? blocks_.count(centre) : 0;
    }

    /// With one window, what lanes know of their best spares most reports. With several it is not worth it.
    bool has_classes() const noexcept { return layout_.starts.size() == 1; }

    /// Raises the limits of lanes that have found better.
    void raise_limits(const Direction& direction, const Batch& batch, DirectCounts& counts) const {
        if (!has_classes() || !direction.high) return;
        for (std::size_t lane = 0; lane < batch.size(); ++lane) {
            if (batch.best(lane) <= counts.known_best[lane]) continue;
            counts.known_best[lane] = batch.best(lane);
            for (std::size_t c = 0; c < Bounds::n_classes; ++c) {
                const std::size_t limit =
                    detail::reach<Count> + direction.bounds->harmless(c, batch.best(lane));
                const auto clipped =
                    static_cast<Count>(std::min<std::size_t>(limit, std::numeric_limits<Count>::max() - 1));
                std::memcpy(
                    counts.limits.data() + c * layout_.n_groups * layout_.vector_bytes + lane * sizeof(Count),
                    &clipped, sizeof(Count));
            }
        }
    }

    void reset_limits(DirectCounts& counts) const {
        counts.known_best.assign(layout_.n_lanes(), 0.0);
        const Count limit = detail::reach<Count>;
        for (std::size_t i = 0; i < counts.limits.size(); i += sizeof(Count))
            std::memcpy(counts.limits.data() + i, &limit, sizeof(Count));
    }

    Direction make_direction(bool high, double level, std::span<const std::size_t> centres,
                             std::size_t n_threads, const RunControl& control) const {
        Direction direction;
        direction.high = high;
        direction.thresholds =
            std::make_unique<const Thresholds>(plan_->statistic(), high, level, greatest_, n_cases_);
        if (high)
            direction.bounds = std::make_unique<const Bounds>(plan_->statistic(), *direction.thresholds,
                                                              n_cases_, greatest_, has_classes());
        direction.offsets.push_back(0);
        for (const std::size_t centre : centres)
            direction.offsets.push_back(direction.offsets.back() + n_blocks(centre) * layout_.starts.size());
        direction.changes.resize(direction.offsets.back() * sizeof(Count));
        direction.counted_from.resize(direction.offsets.back());
        direction.classes.resize(direction.offsets.back());
        auto* changes = reinterpret_cast<Count*>(direction.changes.data());
        parallel_for(centres.size(), n_threads, control, [&](std::size_t i, std::size_t) {
            set_changes(direction, centres[i], changes + direction.offsets[i],
                        direction.counted_from.data() + direction.offsets[i],
                        direction.classes.data() + direction.offsets[i]);
        });
        return direction;
    }

    /// Measure of every window in the zone by which a block is tested: its first (high) or last (low).
    template <class Consume>
    void tested_measures(std::size_t centre, bool high, Consume&& consume) const {
        const std::size_t end = plan_->n_columns();
        ZoneMeasure zone(*plan_);
        std::vector<double> measures(layout_.starts.size());
        const std::span<const std::uint32_t> lengths = blocks_.lengths(centre);
        const std::span<const std::uint32_t> members = plan_->members(centre);
        std::size_t k = 0;
        for (std::size_t block = 0; block < n_blocks(centre); ++block) {
            if (plan_->separable()) {
                zone.set_weight(high ? blocks_.first_weights(centre)[block]
                                     : blocks_.last_weights(centre)[block]);
            } else {
                const std::size_t tested = high ? k + 1 : k + lengths[block];
                for (; k < tested; ++k) zone.add(members[k]);
            }
            for (std::size_t w = 0; w < measures.size(); ++w)
                measures[w] = zone.between(layout_.starts[w], end);
            consume(block, measures);
            if (!plan_->separable() && high)
                for (std::size_t rest = lengths[block] - 1; rest > 0; --rest) zone.add(members[k++]);
        }
    }

    void set_changes(const Direction& direction, std::size_t centre, Count* changes,
                     std::uint32_t* counted_from, std::uint8_t* classes) const {
        // In low rates thresholds begin at -1; all are kept two greater.
        const std::int64_t raise = direction.high ? 0 : 2;
        std::vector<std::int64_t> counted(layout_.starts.size(), 1);
        std::vector<std::int64_t> thresholds(layout_.starts.size(), direction.high ? 0 : -1);
        tested_measures(centre, direction.high, [&](std::size_t block, const std::vector<double>& measures) {
            for (const Tile& tile : layout_.tiles) {
                // Tile after tile: a pass reads its changes in a row.
                const std::size_t place = tile.first_window * n_blocks(centre) + block * tile.n_windows;
                for (std::size_t i = 0; i < tile.n_windows; ++i) {
                    const std::size_t w = tile.first_window + i;
                    std::int64_t& from = counted[w];
                    // In narrow windows a zone may have no more measure than the one before it.
                    thresholds[w] = std::max(thresholds[w], direction.thresholds->cases(measures[w]));
                    const std::int64_t change = std::clamp<std::int64_t>(thresholds[w] + raise - from, 0,
                                                                         std::numeric_limits<Count>::max());
                    from += change;
                    changes[place + i] = static_cast<Count>(change);
                    counted_from[place + i] = static_cast<std::uint32_t>(from);
                    if (has_classes())
                        classes[place + i] =
                            static_cast<std::uint8_t>(Bounds::class_of(static_cast<std::size_t>(from)));
                }
            }
        });
    }

    /// Adds a lane's cases to the shortest windows with them. False if some count is full.
    bool scatter(const std::vector<Cell>& cells, std::size_t lane, DirectCounts& counts) const {
        const std::size_t row_lane = lane / layout_.lanes_per_vector() * layout_.vector_bytes +
                                     lane % layout_.lanes_per_vector() * sizeof(Count);
        std::vector<std::size_t> offset_of(plan_->n_columns());
        std::vector<std::size_t> stride_of(plan_->n_columns());
        for (std::size_t t = 0; t < offset_of.size(); ++t) {
            for (const Tile& tile : layout_.tiles) {
                if (layout_.window_of[t] - tile.first_window >= tile.n_windows) continue;
                offset_of[t] =
                    tile.offset +
                    (layout_.window_of[t] - tile.first_window) * layout_.n_groups * layout_.vector_bytes +
                    row_lane;
                stride_of[t] = tile.n_vectors * layout_.vector_bytes;
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
        if (layout_.starts.size() == 1) return;
        std::fill(counts.carried.begin(), counts.carried.end(), 0);
        const auto add_up = sizeof(Count) == 1 ? kernels_->cumulate8 : kernels_->cumulate16;
        for (const Tile& tile : layout_.tiles)
            add_up(counts.rows.data() + tile.offset, layout_.n_sites, tile.n_vectors, counts.carried.data());
    }

    /// Whether a sum over the windows filled a count.
    bool is_full(std::size_t lane, const DirectCounts& counts) const {
        if (layout_.starts.size() == 1) return false;
        for (std::size_t site = 0; site < layout_.n_sites; ++site)
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
        const std::uint32_t* counted_from;
        const unsigned char* rows;
        Batch* batch;
        std::size_t next_block = 0;  ///< first whose sites are not in `first_site`
        std::size_t first_site = 0;  ///< sites before the last block reported
        std::vector<bool> lost{};

        static void report(void* self, std::size_t block, const void* above, const void* beyond) {
            static_cast<Pass*>(self)->look(block, static_cast<const unsigned char*>(above),
                                           static_cast<const unsigned char*>(beyond));
        }

        /// `beyond`: what counters are above `reach`. Nearly all are not, so eight bytes are passed over at
        /// once.
        void look(std::size_t block, const unsigned char* above, const unsigned char* beyond) {
            const std::size_t bytes = tile->n_vectors * scanner->layout_.vector_bytes;
            for (std::size_t word = 0; word < bytes; word += 8) {
                std::uint64_t lanes = 0;
                std::memcpy(&lanes, beyond + word, 8);
                if (lanes == 0) continue;
                for (std::size_t i = word / sizeof(Count); i < (word + 8) / sizeof(Count); ++i)
                    if (at(beyond, i) != 0) look_at(block, i, at(above, i));
            }
        }

        /// `i`: number of the counter in its row.
        void look_at(std::size_t block, std::size_t i, Count count) {
            const Layout& layout = scanner->layout_;
            const std::size_t lanes = layout.lanes_per_vector();
            const std::size_t lane = layout.n_groups > 1 ? i : i % lanes;
            const std::size_t window = layout.n_groups > 1 ? 0 : i / lanes;
            if (lane >= batch->size() || batch->walked(lane) || (!lost.empty() && lost[lane])) return;
            if (count == std::numeric_limits<Count>::max()) {
                lost.resize(batch->size(), false);
                lost[lane] = true;
                batch->walk(centre, lane);
                return;
            }
            if (direction->high) {
                const std::size_t more = static_cast<std::size_t>(count) - detail::reach<Count> - 1;
                if ((*direction->bounds)(counted_from[block * tile->n_windows + window], more) <=
                    batch->best(lane))
                    return;
            }
            advance(block);
            look_closely(block, i / lanes, window, i % lanes, lane);
        }

        void advance(std::size_t block) {
            const std::span<const std::uint32_t> lengths = scanner->blocks_.lengths(centre);
            for (; next_block < block; ++next_block) first_site += lengths[next_block];
        }

        /// Every zone of the block, exactly.
        void look_closely(std::size_t block, std::size_t vector, std::size_t window, std::size_t i,
                          std::size_t lane) {
            const Plan& plan = *scanner->plan_;
            const Layout& layout = scanner->layout_;
            const std::span<const std::uint32_t> members = plan.members(centre);
            const std::size_t row_bytes = tile->n_vectors * layout.vector_bytes;
            const unsigned char* column = rows + vector * layout.vector_bytes;
            const auto cases_of = [&](std::uint32_t site) {
                return std::int64_t{at(column + site * row_bytes, i)};
            };
            const std::size_t start = layout.starts[tile->first_window + window];
            const std::size_t end = plan.n_columns();

            std::int64_t cases = 0;
            for (std::size_t k = 0; k < first_site; ++k) cases += cases_of(members[k]);
            WindowMeasure measure(plan, start, end);
            if (plan.separable()) {
                const double first = scanner->blocks_.first_weights(centre)[block];
                measure.start_from(first);
            } else {
                for (std::size_t k = 0; k <= first_site; ++k) measure.add(members[k]);
            }
            const std::size_t n = scanner->blocks_.lengths(centre)[block];
            for (std::size_t k = first_site; k < first_site + n; ++k) {
                if (k > first_site) measure.add(members[k]);
                cases += cases_of(members[k]);
                const double u = measure.value();
                batch->improve(
                    lane, direction->high ? plan.statistic().high(cases, u) : plan.statistic().low(cases, u));
            }
        }
    };

    void scan_centre(const DirectTables& tables, const Direction& direction, const Tile& tile, std::size_t i,
                     DirectCounts& counts, Batch& batch) const {
        const std::size_t centre = tables.centres[i];
        const std::size_t n = n_blocks(centre);
        if (n == 0) return;
        const std::size_t place = direction.offsets[i] + tile.first_window * n;
        const Count* changes = reinterpret_cast<const Count*>(direction.changes.data()) + place;
        const unsigned char* rows = counts.rows.data() + tile.offset;
        Pass pass{this, &direction, &tile, centre, direction.counted_from.data() + place, rows, &batch};
        const DirectPass kernel_pass{rows,
                                     plan_->members(centre).data(),
                                     blocks_.lengths(centre).data(),
                                     n,
                                     changes,
                                     layout_.n_groups > 1 ? 0u : 1u,
                                     counts.limits.data(),
                                     direction.classes.data() + place,
                                     &Pass::report,
                                     &pass};
        const auto& by_direction = sizeof(Count) == 1 ? kernels_->direct8 : kernels_->direct16;
        by_direction[direction.high ? 0 : 1](kernel_pass, tile.n_vectors);
    }

    const Plan* plan_;
    Rates rates_;
    const Kernels* kernels_;
    std::int64_t n_cases_;
    double greatest_;
    const Blocks& blocks_;
    Layout layout_;
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
