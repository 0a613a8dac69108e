#include "enteroscan/scan/tree_scan.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "run.hpp"
#include "trees.hpp"

namespace enteroscan::python {

namespace {

constexpr std::array<Named<TreeModel::Null>, 7> null_names{{
    {"poisson", TreeModel::Null::poisson},
    {"poisson_free", TreeModel::Null::poisson_free},
    {"bernoulli", TreeModel::Null::bernoulli},
    {"bernoulli_free", TreeModel::Null::bernoulli_free},
    {"uniform", TreeModel::Null::uniform},
    {"permutation", TreeModel::Null::permutation},
    {"bernoulli_time", TreeModel::Null::bernoulli_time},
}};

constexpr std::array<Named<Rates>, 3> rates_names{
    {{"high", Rates::high}, {"low", Rates::low}, {"both", Rates::both}}};

/// Rows of unit, day and count.
std::vector<TreeCell> cells_of(const Array<std::int64_t>& rows) {
    if (rows.ndim() != 2 || rows.shape(1) != 3) {
        throw InvalidInput("tree: cases and controls have three columns: unit, day, count");
    }
    std::vector<TreeCell> cells;
    const auto numbers = view(rows);
    for (std::size_t i = 0; i < numbers.size(); i += 3) {
        cells.push_back({static_cast<std::uint32_t>(numbers[i]), static_cast<std::uint32_t>(numbers[i + 1]),
                         numbers[i + 2]});
    }
    return cells;
}

TreeSets sets_of(const Tree& tree, const Array<std::uint32_t>& offsets, const Array<std::uint32_t>& nodes,
                 const Array<std::uint8_t>& cuts) {
    std::vector<Cut> kinds;
    for (const auto cut : view(cuts)) kinds.push_back(static_cast<Cut>(std::min<std::uint8_t>(cut, 4)));
    return tree_sets(tree, lists_of(offsets, nodes), kinds);
}

TreeScan make(const Tree& tree, const Array<std::uint32_t>& offsets, const Array<std::uint32_t>& nodes,
              const Array<std::uint8_t>& cuts, const Intervals& intervals, std::string_view null,
              const Array<std::int64_t>& cases, const Array<std::int64_t>& controls,
              const Array<double>& expected, double probability, const Array<std::uint32_t>& kinds_of_day,
              std::string_view rates, std::int64_t min_cases) {
    auto sets = sets_of(tree, offsets, nodes, cuts);
    TreeModel model{choose<TreeModel::Null>("null", null, null_names),
                    sets.of_unit.size(),
                    static_cast<std::uint32_t>(intervals.n_intervals()),
                    cells_of(cases),
                    cells_of(controls),
                    copy(expected),
                    probability,
                    copy(kinds_of_day)};
    return {std::move(model), std::move(sets), intervals, choose<Rates>("rates", rates, rates_names),
            min_cases};
}

template <typename T, typename Property>
Array<T> column(const std::vector<TreeWindow>& windows, Property property) {
    Array<T> numbers(static_cast<py::ssize_t>(windows.size()));
    std::transform(windows.begin(), windows.end(), numbers.mutable_data(),
                   [&](const TreeWindow& window) { return static_cast<T>(property(window)); });
    return numbers;
}

py::dict table_of(const TreeScan& scan, const std::vector<TreeWindow>& windows) {
    using Window = const TreeWindow&;
    py::dict table;
    table["set"] = column<std::int64_t>(windows, [](Window w) { return w.set; });
    table["node"] = column<std::int64_t>(windows, [&](Window w) { return scan.sets().nodes[w.set]; });
    table["start"] = column<std::int64_t>(windows, [](Window w) { return w.start; });
    table["end"] = column<std::int64_t>(windows, [](Window w) { return w.end; });
    table["node_cases"] = column<std::int64_t>(windows, [](Window w) { return w.set_cases; });
    table["cases"] = column<std::int64_t>(windows, [](Window w) { return w.cases; });
    table["node_measure"] = column<double>(windows, [](Window w) { return w.set_measure; });
    table["measure"] = column<double>(windows, [](Window w) { return w.measure; });
    table["expected"] = column<double>(windows, [](Window w) { return w.expected; });
    table["statistic"] = column<double>(windows, [](Window w) { return w.statistic; });
    table["high"] = column<bool>(windows, [](Window w) { return w.high; });
    return table;
}

py::dict best(const TreeScan& scan, bool of_ends) {
    std::vector<TreeWindow> windows;
    run_interruptibly(1, py::none(), [&](RunControl& control) {
        windows = of_ends ? scan.best_of_ends(control) : scan.best_of_nodes(control);
    });
    return table_of(scan, windows);
}

Array<double> simulate(const TreeScan& scan, std::uint64_t begin, std::uint64_t end, std::uint64_t seed,
                       int n_threads, const py::object& progress) {
    std::vector<double> maxima;
    run_interruptibly(n_threads, progress, [&](RunControl& control) {
        maxima = scan.simulate(begin, end, seed, n_threads, control);
    });
    return to_array(std::move(maxima));
}

}  // namespace

void bind_tree_scan(py::module_& module) {
    py::class_<Tree>(module, "Tree", "Nodes in a hierarchy; several parents and several roots are allowed.")
        .def(py::init([](std::size_t n_nodes, const Array<std::uint32_t>& children,
                         const Array<std::uint32_t>& parents) {
                 return Tree(n_nodes, view(children), view(parents));
             }),
             py::arg("n_nodes"), py::arg("children"), py::arg("parents"))
        .def("levels",
             [](const Tree& tree) {
                 std::vector<std::uint32_t> levels(tree.n_nodes());
                 for (std::size_t node = 0; node < levels.size(); ++node) levels[node] = tree.level(node);
                 return to_array(std::move(levels));
             })
        .def(
            "children",
            [](const Tree& tree, std::size_t node) {
                if (node >= tree.n_nodes()) throw InvalidInput("tree: there is no such node");
                const auto children = tree.children(node);
                return to_array(std::vector<std::uint32_t>(children.begin(), children.end()));
            },
            py::arg("node"));

    py::class_<TreeScan>(module, "TreeScan",
                         "A scan of the nodes of a tree, and of days. Verbs release the GIL, call `progress` "
                         "with shares of the work done, and raise KeyboardInterrupt on Ctrl-C.")
        .def(py::init(&make), py::arg("tree"), py::arg("unit_offsets"), py::arg("unit_nodes"),
             py::arg("cuts"), py::arg("intervals"), py::kw_only(), py::arg("null"), py::arg("cases"),
             py::arg("controls"), py::arg("expected"), py::arg("probability"), py::arg("kinds_of_day"),
             py::arg("rates"), py::arg("min_cases"))
        .def("best", &best, py::kw_only(), py::arg("of_ends"),
             "The best window of every node, or of every end, as columns.")
        .def("simulate", &simulate, py::arg("begin"), py::arg("end"), py::kw_only(), py::arg("seed"),
             py::arg("n_threads") = 0, py::arg("progress") = py::none(),
             "The greatest statistics of the replicates begin, ..., end - 1.");
}

}  // namespace enteroscan::python
