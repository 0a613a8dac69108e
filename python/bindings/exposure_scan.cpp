#include "enteroscan/scan/exposure_scan.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "run.hpp"
#include "trees.hpp"

namespace enteroscan::python {

namespace {

/// A scan with its zones.
class ExposureScanHandle {
  public:
    ExposureScanHandle(const Tree& tree, const Array<std::uint32_t>& offsets,
                       const Array<std::uint32_t>& nodes, const ZonesHandle& zones,
                       const Intervals& intervals, const Array<std::uint32_t>& location,
                       const Array<std::uint32_t>& interval, const Array<std::uint32_t>& stratum,
                       std::int64_t min_cases)
        : zones_(zones.zones) {
        const std::vector<Cut> cuts(tree.n_nodes(), Cut::simple);
        auto sets = tree_sets(tree, lists_of(offsets, nodes), cuts);
        ExposureModel model{copy(location), copy(interval), copy(stratum)};
        run_interruptibly(1, py::none(), [&](RunControl& control) {
            scan_ = std::make_unique<ExposureScan>(std::move(model), std::move(sets), *zones_, intervals,
                                                   min_cases, control);
        });
    }

    py::dict best() const {
        std::vector<ExposureWindow> windows;
        run_interruptibly(1, py::none(),
                          [&](RunControl& control) { windows = scan_->best_of_nodes(control); });
        using Window = const ExposureWindow&;
        py::dict table;
        table["node"] = column<std::int64_t>(windows, [&](Window w) { return scan_->sets().nodes[w.set]; });
        table["centre"] = column<std::int64_t>(windows, [](Window w) { return w.centre; });
        table["size"] = column<std::int64_t>(windows, [](Window w) { return w.size; });
        table["radius"] = column<double>(windows, [&](Window w) { return radius(w); });
        table["start"] = column<std::int64_t>(windows, [](Window w) { return w.start; });
        table["end"] = column<std::int64_t>(windows, [](Window w) { return w.end; });
        table["node_cases"] = column<std::int64_t>(windows, [](Window w) { return w.set_cases; });
        table["inside"] = column<std::int64_t>(windows, [](Window w) { return w.inside; });
        table["cases"] = column<std::int64_t>(windows, [](Window w) { return w.cases; });
        table["expected"] = column<double>(windows, [](Window w) { return w.expected; });
        table["statistic"] = column<double>(windows, [](Window w) { return w.statistic; });
        return table;
    }

    Array<double> simulate(std::uint64_t begin, std::uint64_t end, std::uint64_t seed, int n_threads,
                           const py::object& progress) const {
        std::vector<double> maxima;
        run_interruptibly(n_threads, progress, [&](RunControl& control) {
            maxima = scan_->simulate(begin, end, seed, n_threads, control);
        });
        return to_array(std::move(maxima));
    }

    Array<std::uint32_t> permutation(std::uint64_t seed, std::uint64_t replicate) const {
        return to_array(scan_->permutation(seed, replicate));
    }

  private:
    template <typename T, typename Property>
    static Array<T> column(const std::vector<ExposureWindow>& windows, Property property) {
        std::vector<T> numbers;
        numbers.reserve(windows.size());
        for (const auto& window : windows) numbers.push_back(static_cast<T>(property(window)));
        return to_array(std::move(numbers));
    }

    double radius(const ExposureWindow& window) const {
        Neighbourhood around;
        zones_->neighbourhood(window.centre, around);
        return zones_->radius(window.centre, around.members[window.size - 1]);
    }

    std::shared_ptr<const Zones> zones_;
    std::unique_ptr<const ExposureScan> scan_;
};

}  // namespace

void bind_exposure_scan(py::module_& module) {
    py::class_<ExposureScanHandle>(
        module, "ExposureScan",
        "A scan of tree nodes in zones and intervals, cases exchanging all their exposures. Verbs release "
        "the GIL, call `progress` with shares of the work done, and raise KeyboardInterrupt on Ctrl-C.")
        .def(py::init<const Tree&, const Array<std::uint32_t>&, const Array<std::uint32_t>&,
                      const ZonesHandle&, const Intervals&, const Array<std::uint32_t>&,
                      const Array<std::uint32_t>&, const Array<std::uint32_t>&, std::int64_t>(),
             py::arg("tree"), py::arg("case_offsets"), py::arg("case_nodes"), py::arg("zones"),
             py::arg("intervals"), py::kw_only(), py::arg("location"), py::arg("interval"),
             py::arg("stratum"), py::arg("min_cases"))
        .def("best", &ExposureScanHandle::best, "The best window of every node, as columns.")
        .def("simulate", &ExposureScanHandle::simulate, py::arg("begin"), py::arg("end"), py::kw_only(),
             py::arg("seed"), py::arg("n_threads") = 0, py::arg("progress") = py::none(),
             "The greatest statistics of the replicates begin, ..., end - 1.")
        .def("permutation", &ExposureScanHandle::permutation, py::kw_only(), py::arg("seed"),
             py::arg("replicate"), "For every case the one whose exposures it gets.");
}

}  // namespace enteroscan::python
