#pragma once
// Sorting points by their distance from another: the largest part of making circles.

#include <cstddef>
#include <cstdint>
#include <span>

#include "enteroscan/windows/zones.hpp"

namespace enteroscan {

/// Sorts points by their distance from one centre, as far as asked for, in nearly linear time. Equal
/// distances keep the order in which the points are given.
///
/// A point is one number: the leading bits of its squared distance above its place in the given order.
/// Such numbers go into rings first, and each ring is sorted when it is asked for: by its own buckets, small
/// enough for the first-level cache, then by insertion. Only two that are next to each other in their leading
/// bits need their distances computed, because different squares may have the same root.
class RadialSort {
  public:
    /// @param axes     coordinates of n points, one array per axis; at least one point
    /// @param centre   as many coordinates as there are axes
    /// @param scratch  work space; it and the coordinates must outlive this object
    RadialSort(std::span<const double> axes, std::size_t n, std::span<const double> centre,
               Neighbourhood::Scratch& scratch);

    /// Sorts some more, and returns how many are in their final places altogether. Not to be called when
    /// that are all.
    std::size_t advance();

    /// Number of the k-th nearest point.
    std::uint32_t operator[](std::size_t k) const { return point(scratch_.sorted[k]); }

    double distance_of(std::size_t k) const { return distance((*this)[k]); }

  private:
    using Item = std::uint64_t;

    std::uint32_t point(Item item) const {
        return static_cast<std::uint32_t>(item & ((Item{1} << point_bits_) - 1));
    }
    double square(std::size_t point) const;
    double distance(std::size_t point) const;
    bool before(Item a, Item b) const;
    double typical_square() const;
    void make_items();
    void fill_rings();
    void sort_ring(std::size_t begin, std::size_t end);
    bool spread(std::size_t begin, std::size_t end);
    void bubble(std::size_t begin, std::size_t end);
    void insertion_sort(std::size_t begin, std::size_t end);
    std::size_t before_last_distance(std::size_t sorted) const;

    std::span<const double> axes_;
    std::size_t n_;
    std::span<const double> centre_;
    Neighbourhood::Scratch& scratch_;
    int point_bits_;   // of an item
    int octave_bits_;  // there are 2^octave_bits_ rings from one doubling of the square to the next
    std::uint32_t last_ring_ = 0;
    std::size_t ring_ = 0;     // rings before this one are sorted
    std::size_t settled_ = 0;  // points before this one are in their final places
};

}  // namespace enteroscan
