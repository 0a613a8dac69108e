#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace enteroscan {

/// Lists of numbers, one after the other: list i is items[offsets[i]] ... items[offsets[i + 1] - 1].
struct Lists {
    std::vector<std::uint32_t> offsets{0};
    std::vector<std::uint32_t> items;

    std::size_t size() const noexcept { return offsets.size() - 1; }
    std::span<const std::uint32_t> operator[](std::size_t i) const noexcept {
        return std::span(items).subspan(offsets[i], offsets[i + 1] - offsets[i]);
    }
    void append(std::span<const std::uint32_t> list);
};

/// Nodes in a hierarchy: foods in classes, branches in chains, types in species. A node may have several
/// parents, and there may be several roots; there are no cycles. Immutable.
class Tree {
  public:
    /// @param children, parents  one pair for each edge; those of a child stand in the order given
    /// @throws InvalidInput for nodes that do not exist and for cycles
    Tree(std::size_t n_nodes, std::span<const std::uint32_t> children,
         std::span<const std::uint32_t> parents);

    std::size_t n_nodes() const noexcept { return levels_.size(); }
    std::span<const std::uint32_t> parents(std::size_t node) const noexcept { return parents_[node]; }
    std::span<const std::uint32_t> children(std::size_t node) const noexcept { return children_[node]; }
    /// The node and everything above it, each once.
    std::span<const std::uint32_t> upwards(std::size_t node) const noexcept { return upwards_[node]; }
    /// 1 for a root, else 1 + the least level of a parent.
    std::uint32_t level(std::size_t node) const noexcept { return levels_[node]; }

  private:
    Lists parents_;
    Lists children_;
    Lists upwards_;
    std::vector<std::uint32_t> levels_;
};

/// What is looked at below a node, beside the node itself.
enum class Cut : std::uint8_t {
    none,      ///< nothing, not even the node
    simple,    ///< the node
    pairs,     ///< two of its children
    triplets,  ///< two or three of its children
    ordinal    ///< children that follow each other, in the order of the edges
};

/// Where a tree scan looks: sets of units, each below a node. A unit is what is counted at one place of the
/// tree, or a case that was exposed to several nodes; it is once in a set, however many ways lead there.
struct TreeSets {
    std::vector<std::uint32_t> nodes;  ///< of every set, the node it belongs to
    Lists of_unit;                     ///< of every unit, the sets that hold it, ascending
};

/// @param units  of every unit, the nodes it is at
/// @param cuts   one for each node
/// @throws InvalidInput for nodes that do not exist
TreeSets tree_sets(const Tree& tree, const Lists& units, std::span<const Cut> cuts);

}  // namespace enteroscan
