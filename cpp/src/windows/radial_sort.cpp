#include "windows/radial_sort.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace enteroscan {
namespace {

// How finely to divide is a matter of speed alone; these were found by measurement.
constexpr int least_octave_bits = 1;
constexpr int greatest_octave_bits = 13;
constexpr std::uint32_t n_octaves = 4;
constexpr std::uint32_t large_bucket = 24;
constexpr std::size_t buckets_at_a_time = 256;
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
      octave_bits_(std::clamp(width(n) - 2, least_octave_bits, greatest_octave_bits)) {
    make_items();
    fill_buckets();
}

std::size_t RadialSort::advance() {
    const auto& ends = scratch_.bucket_ends;
    const std::size_t first_bucket = bucket_;
    std::size_t sorted = settled_;
    while (sorted == settled_) {
        bucket_ = std::min(bucket_ + buckets_at_a_time, ends.size());
        sorted = ends[bucket_ - 1];
    }
    if (has_large_bucket_) sort_large_buckets(first_bucket, bucket_);
    bubble(settled_, sorted);
    insertion_sort(settled_, sorted);
    settled_ = sorted == n_ ? n_ : before_last_distance(sorted);
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

/// Makes the items and finds their buckets. A greater bucket means a greater square. Buckets are equally
/// wide in the square up to its typical value, and twice as wide after every doubling; the last one takes
/// all that is beyond.
void RadialSort::make_items() {
    constexpr auto bits_of_one = std::bit_cast<std::uint64_t>(1.0);
    const double per_typical = 1.0 / typical_square();
    const int shift = 52 - octave_bits_;
    const std::uint32_t greatest = n_octaves << octave_bits_;
    const Item leading = ~((Item{1} << point_bits_) - 1);
    scratch_.unsorted.resize(n_);
    scratch_.buckets.resize(n_);

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
        std::uint16_t* const buckets = scratch_.buckets.data() + begin;
        for (std::size_t k = 0; k < n; ++k) {
            const auto bits = std::bit_cast<std::uint64_t>(1.0 + squares[k] * per_typical) - bits_of_one;
            const auto bucket = static_cast<std::uint32_t>(bits >> shift);
            buckets[k] = static_cast<std::uint16_t>(std::min(bucket, greatest));
            last = std::max(last, buckets[k]);
        }
    }
    last_bucket_ = last;
}

void RadialSort::fill_buckets() {
    scratch_.sorted.resize(n_);
    scratch_.bucket_ends.assign(std::size_t{last_bucket_} + 1, 0);
    std::uint32_t* const ends = scratch_.bucket_ends.data();
    for (std::size_t i = 0; i < n_; ++i) ++ends[scratch_.buckets[i]];
    std::uint32_t begin = 0;
    std::uint32_t largest = 0;
    for (std::uint32_t& end : scratch_.bucket_ends) {
        const std::uint32_t count = end;
        largest = std::max(largest, count);
        end = begin;  // and up to the real end while the bucket is filled
        begin += count;
    }
    has_large_bucket_ = largest >= large_bucket;
    for (std::size_t i = 0; i < n_; ++i) {
        scratch_.sorted[ends[scratch_.buckets[i]]++] = scratch_.unsorted[i];
    }
}

/// For data that lie so unevenly that insertion would be slow.
void RadialSort::sort_large_buckets(std::size_t first, std::size_t end) {
    Item* const items = scratch_.sorted.data();
    std::uint32_t begin_item = first == 0 ? 0 : scratch_.bucket_ends[first - 1];
    for (std::size_t b = first; b < end; ++b) {
        const std::uint32_t end_item = scratch_.bucket_ends[b];
        if (end_item - begin_item >= large_bucket) {
            std::sort(items + begin_item, items + end_item, [this](Item x, Item y) { return before(x, y); });
        }
        begin_item = end_item;
    }
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
