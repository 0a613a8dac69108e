#include "windows/radial_sort.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace enteroscan {
namespace {

// How finely to divide is a matter of speed alone; these were found by measurement.
constexpr int greatest_octave_bits = 12;
constexpr std::uint32_t n_octaves = 4;
constexpr int ring_bits = 7;  // rings of about 2^ring_bits points
constexpr std::size_t small_ring = 12;
constexpr std::size_t buckets_per_point = 2;
constexpr std::uint32_t large_bucket = 24;
constexpr std::size_t chunk = 256;
constexpr std::size_t n_sampled = 64;

// Squares with the same root are at most 4 units in the last place apart. With at least this many bits cut
// off, their leading bits differ by 1 at most.
constexpr int least_point_bits = 8;

int width(std::size_t n) { return static_cast<int>(std::bit_width(n)); }

}  // namespace

RadialSort::RadialSort(std::span<const double> axes, std::size_t n, std::span<const double> centre,
                       Neighbourhood::Scratch& scratch)
    : axes_(axes),
      n_(n),
      centre_(centre),
      scratch_(scratch),
      point_bits_(std::max(width(n), least_point_bits)),
      octave_bits_(std::clamp(width(n) - ring_bits, 0, greatest_octave_bits)) {
    make_items();
    fill_rings();
}

std::size_t RadialSort::advance() {
    std::size_t sorted = settled_;
    while (sorted == settled_) {
        const std::size_t begin = ring_ == 0 ? 0 : scratch_.ring_ends[ring_ - 1];
        const std::size_t end = scratch_.ring_ends[ring_++];
        if (begin == end) continue;
        sort_ring(begin, end);
        insertion_sort(settled_, end);
        settled_ = end == n_ ? n_ : before_last_distance(end);
        if (settled_ > sorted) break;
    }
    return settled_;
}

double RadialSort::square(std::size_t point) const {
    double sum = 0.0;
    for (std::size_t d = 0; d < centre_.size(); ++d) {
        const double difference = axes_[d * n_ + point] - centre_[d];
        sum += difference * difference;
    }
    return sum;
}

double RadialSort::distance(std::size_t point) const { return std::sqrt(square(point)); }

/// Whether a's point is nearer than b's, or as near and given earlier.
bool RadialSort::before(Item a, Item b) const {
    const Item leading_a = a >> point_bits_;
    const Item leading_b = b >> point_bits_;
    if (leading_a + 1 < leading_b) return true;
    if (leading_b + 1 < leading_a) return false;
    const double distance_a = distance(point(a));
    const double distance_b = distance(point(b));
    return distance_a < distance_b || (distance_a == distance_b && point(a) < point(b));
}

/// About the median of the squares, and positive.
double RadialSort::typical_square() const {
    std::array<double, n_sampled> sample{};
    for (std::size_t k = 0; k < n_sampled; ++k) sample[k] = square(k * n_ / n_sampled);
    auto* const middle = sample.data() + n_sampled / 2;
    std::nth_element(sample.data(), middle, sample.data() + n_sampled);
    return std::max(*middle, 1e-300);
}

/// Makes the items and finds their rings. A greater ring means a greater square. Rings are equally wide in
/// the square up to its typical value, and twice as wide after every doubling; the last one takes all that is
/// beyond.
void RadialSort::make_items() {
    constexpr auto bits_of_one = std::bit_cast<std::uint64_t>(1.0);
    const double per_typical = 1.0 / typical_square();
    const int shift = 52 - octave_bits_;
    const std::uint32_t greatest = n_octaves << octave_bits_;
    const Item leading = ~((Item{1} << point_bits_) - 1);
    scratch_.unsorted.resize(n_);
    scratch_.rings.resize(n_);

    std::array<double, chunk> squares{};
    std::uint16_t last = 0;
    for (std::size_t begin = 0; begin < n_; begin += chunk) {
        const std::size_t n = std::min(chunk, n_ - begin);
        squares.fill(0.0);
        for (std::size_t d = 0; d < centre_.size(); ++d) {
            const double* const axis = axes_.data() + d * n_ + begin;
            const double origin = centre_[d];
            for (std::size_t k = 0; k < n; ++k) {
                const double difference = axis[k] - origin;
                squares[k] += difference * difference;
            }
        }
        Item* const items = scratch_.unsorted.data() + begin;
        for (std::size_t k = 0; k < n; ++k) {
            items[k] = (std::bit_cast<Item>(squares[k]) & leading) | (begin + k);
        }
        std::uint16_t* const rings = scratch_.rings.data() + begin;
        for (std::size_t k = 0; k < n; ++k) {
            const auto bits = std::bit_cast<std::uint64_t>(1.0 + squares[k] * per_typical) - bits_of_one;
            const auto ring = static_cast<std::uint32_t>(bits >> shift);
            rings[k] = static_cast<std::uint16_t>(std::min(ring, greatest));
            last = std::max(last, rings[k]);
        }
    }
    last_ring_ = last;
}

void RadialSort::fill_rings() {
    scratch_.sorted.resize(n_);
    scratch_.ring_ends.assign(std::size_t{last_ring_} + 1, 0);
    std::uint32_t* const ends = scratch_.ring_ends.data();
    for (std::size_t i = 0; i < n_; ++i) ++ends[scratch_.rings[i]];
    std::uint32_t begin = 0;
    for (std::uint32_t& end : scratch_.ring_ends) {
        const std::uint32_t count = end;
        end = begin;  // and up to the real end while the ring is filled
        begin += count;
    }
    for (std::size_t i = 0; i < n_; ++i) {
        scratch_.sorted[ends[scratch_.rings[i]]++] = scratch_.unsorted[i];
    }
}

/// Leaves little for insertion to do.
void RadialSort::sort_ring(std::size_t begin, std::size_t end) {
    if (end - begin <= small_ring) return;
    if (spread(begin, end)) {
        bubble(begin, end);
    } else {
        Item* const items = scratch_.sorted.data();
        std::sort(items + begin, items + end, [this](Item x, Item y) { return before(x, y); });
    }
}

/// Puts the items of a ring into buckets equally wide in the square. False if they lie so unevenly that
/// insertion would be slow.
bool RadialSort::spread(std::size_t begin, std::size_t end) {
    Item* const items = scratch_.sorted.data() + begin;
    const std::size_t n = end - begin;
    auto least = std::bit_cast<double>(items[0]);
    double greatest = least;
    for (std::size_t k = 1; k < n; ++k) {
        const auto item = std::bit_cast<double>(items[k]);
        least = std::min(least, item);
        greatest = std::max(greatest, item);
    }
    const std::size_t n_buckets = buckets_per_point * n;
    const double per_bucket = static_cast<double>(n_buckets - 1) / (greatest - least);
    if (!(per_bucket < 1e300)) return false;
    scratch_.places.resize(n);
    scratch_.bucket_ends.assign(n_buckets, 0);
    std::uint32_t* const places = scratch_.places.data();
    std::uint32_t* const ends = scratch_.bucket_ends.data();
    for (std::size_t k = 0; k < n; ++k) {
        places[k] = static_cast<std::uint32_t>(
            static_cast<std::int32_t>((std::bit_cast<double>(items[k]) - least) * per_bucket));
    }
    for (std::size_t k = 0; k < n; ++k) ++ends[places[k]];
    std::uint32_t first = 0;
    std::uint32_t largest = 0;
    for (std::size_t b = 0; b < n_buckets; ++b) {
        const std::uint32_t count = ends[b];
        largest = std::max(largest, count);
        ends[b] = first;
        first += count;
    }
    if (largest >= large_bucket) return false;
    std::copy(items, items + n, scratch_.unsorted.data());
    for (std::size_t k = 0; k < n; ++k) items[ends[places[k]]++] = scratch_.unsorted[k];
    return true;
}

/// One pass of bubble sort, which leaves little to do. As doubles, which are in the same order, items have
/// a minimum and a maximum without a branch to mispredict.
void RadialSort::bubble(std::size_t begin, std::size_t end) {
    Item* const items = scratch_.sorted.data();
    auto greatest = std::bit_cast<double>(items[begin]);
    for (std::size_t k = begin + 1; k < end; ++k) {
        const auto item = std::bit_cast<double>(items[k]);
        items[k - 1] = std::bit_cast<Item>(std::min(greatest, item));
        greatest = std::max(greatest, item);
    }
    items[end - 1] = std::bit_cast<Item>(greatest);
}

void RadialSort::insertion_sort(std::size_t begin, std::size_t end) {
    Item* const items = scratch_.sorted.data();
    const Item clear_gap = Item{2} << point_bits_;
    for (std::size_t k = begin + 1; k < end; ++k) {
        const Item item = items[k];
        if (item > items[k - 1] + clear_gap) continue;
        std::size_t hole = k;
        for (; hole > begin && before(item, items[hole - 1]); --hole) items[hole] = items[hole - 1];
        items[hole] = item;
    }
}

/// How many of the first `sorted` points are nearer than the last of them. Those that are not may have to
/// make way for points of later buckets, whose squares are greater, but whose distances may be equal.
std::size_t RadialSort::before_last_distance(std::size_t sorted) const {
    const double last = distance_of(sorted - 1);
    while (sorted > settled_ && distance_of(sorted - 1) == last) --sorted;
    return sorted;
}

}  // namespace enteroscan
