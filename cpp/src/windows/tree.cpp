#include "enteroscan/windows/tree.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <utility>

#include "enteroscan/base/error.hpp"

namespace enteroscan {

namespace {

void check_nodes(std::span<const std::uint32_t> nodes, std::size_t n_nodes) {
    const auto outside =
        std::find_if(nodes.begin(), nodes.end(), [&](std::uint32_t node) { return node >= n_nodes; });
    if (outside != nodes.end()) {
        throw InvalidInput("tree: there is no node " + std::to_string(*outside) + " among " +
                           std::to_string(n_nodes));
    }
}

/// For every key, its values in the order given.
Lists grouped(std::size_t n_keys, std::span<const std::uint32_t> keys,
              std::span<const std::uint32_t> values) {
    Lists lists;
    lists.offsets.assign(n_keys + 1, 0);
    for (const auto key : keys) ++lists.offsets[key + 1];
    std::partial_sum(lists.offsets.begin(), lists.offsets.end(), lists.offsets.begin());
    lists.items.resize(keys.size());
    auto next = lists.offsets;
    for (std::size_t i = 0; i < keys.size(); ++i) lists.items[next[keys[i]]++] = values[i];
    return lists;
}

void sort_unique(std::vector<std::uint32_t>& numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

/// All nodes, parents before their children.
std::vector<std::uint32_t> downward_order(const Lists& parents, const Lists& children) {
    std::vector<std::size_t> waiting(parents.size());
    std::vector<std::uint32_t> order;
    for (std::uint32_t node = 0; node < parents.size(); ++node) {
        waiting[node] = parents[node].size();
        if (waiting[node] == 0) order.push_back(node);
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
        for (const auto child : children[order[i]]) {
            if (--waiting[child] == 0) order.push_back(child);
        }
    }
    if (order.size() < parents.size()) {
        const auto cyclic = std::find_if(waiting.begin(), waiting.end(), [](std::size_t n) { return n > 0; });
        throw InvalidInput("tree: node " + std::to_string(cyclic - waiting.begin()) +
                           " is above itself or below a node that is; remove an edge of the cycle");
    }
    return order;
}

/// Sets as unions of nodes, by the node they belong to.
struct Unions {
    std::vector<std::uint32_t> owners;
    std::vector<std::uint32_t> parts;
    std::vector<std::uint32_t> sets;  // the set of every part

    void add(std::uint32_t owner, std::span<const std::uint32_t> nodes) {
        const auto set = static_cast<std::uint32_t>(owners.size());
        owners.push_back(owner);
        parts.insert(parts.end(), nodes.begin(), nodes.end());
        sets.insert(sets.end(), nodes.size(), set);
    }
};

void add_combinations(Unions& unions, std::uint32_t node, std::span<const std::uint32_t> children,
                      bool triplets) {
    for (std::size_t a = 0; a < children.size(); ++a) {
        for (std::size_t b = a + 1; b < children.size(); ++b) {
            unions.add(node, std::array{children[a], children[b]});
            for (std::size_t c = b + 1; triplets && c < children.size(); ++c) {
                unions.add(node, std::array{children[a], children[b], children[c]});
            }
        }
    }
}

void add_runs(Unions& unions, std::uint32_t node, std::span<const std::uint32_t> children) {
    for (std::size_t first = 0; first < children.size(); ++first) {
        for (std::size_t n = 2; first + n <= children.size(); ++n) {
            unions.add(node, children.subspan(first, n));
        }
    }
}

}  // namespace

void Lists::append(std::span<const std::uint32_t> list) {
    items.insert(items.end(), list.begin(), list.end());
    offsets.push_back(static_cast<std::uint32_t>(items.size()));
}

Tree::Tree(std::size_t n_nodes, std::span<const std::uint32_t> children,
           std::span<const std::uint32_t> parents)
    : levels_(n_nodes, 1) {
    if (children.size() != parents.size()) {
        throw InvalidInput("tree: there must be a parent for every child");
    }
    check_nodes(children, n_nodes);
    check_nodes(parents, n_nodes);
    parents_ = grouped(n_nodes, children, parents);
    children_ = grouped(n_nodes, parents, children);
    std::vector<std::vector<std::uint32_t>> upwards(n_nodes);
    for (const auto node : downward_order(parents_, children_)) {
        auto& above = upwards[node];
        above.push_back(node);
        if (!parents_[node].empty()) levels_[node] = static_cast<std::uint32_t>(n_nodes) + 1;
        for (const auto parent : parents_[node]) {
            above.insert(above.end(), upwards[parent].begin(), upwards[parent].end());
            levels_[node] = std::min(levels_[node], levels_[parent] + 1);
        }
        sort_unique(above);
    }
    for (const auto& above : upwards) upwards_.append(above);
}

TreeSets tree_sets(const Tree& tree, const Lists& units, std::span<const Cut> cuts) {
    if (cuts.size() != tree.n_nodes()) throw InvalidInput("tree: there must be a cut for every node");
    check_nodes(units.items, tree.n_nodes());
    Unions unions;
    for (std::uint32_t node = 0; node < tree.n_nodes(); ++node) {
        if (cuts[node] != Cut::none) unions.add(node, std::array{node});
    }
    for (std::uint32_t node = 0; node < tree.n_nodes(); ++node) {
        const auto cut = cuts[node];
        const auto children = tree.children(node);
        if (cut == Cut::pairs || cut == Cut::triplets) {
            add_combinations(unions, node, children, cut == Cut::triplets);
        } else if (cut == Cut::ordinal) {
            add_runs(unions, node, children);
        }
    }
    const auto sets_of_node = grouped(tree.n_nodes(), unions.parts, unions.sets);
    TreeSets result{std::move(unions.owners), {}};
    std::vector<std::uint32_t> sets;
    for (std::size_t unit = 0; unit < units.size(); ++unit) {
        sets.clear();
        for (const auto node : units[unit]) {
            for (const auto above : tree.upwards(node)) {
                const auto found = sets_of_node[above];
                sets.insert(sets.end(), found.begin(), found.end());
            }
        }
        sort_unique(sets);
        result.of_unit.append(sets);
    }
    return result;
}

}  // namespace enteroscan
