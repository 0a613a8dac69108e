#include "enteroscan/windows/intervals.hpp"

#include <pybind11/stl.h>

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings.hpp"

namespace enteroscan::python {

namespace {

using Run = std::tuple<std::int32_t, std::int32_t, std::int32_t>;

std::vector<Run> runs_of(const Intervals& intervals) {
    std::vector<Run> runs;
    for (const auto& run : intervals.runs()) {
        runs.emplace_back(run.length, run.first_start, run.last_start);
    }
    return runs;
}

Intervals from_runs(std::int32_t n_intervals, const std::vector<Run>& tuples) {
    std::vector<IntervalRun> runs;
    runs.reserve(tuples.size());
    for (const auto& [length, first_start, last_start] : tuples) {
        runs.push_back({length, first_start, last_start});
    }
    return {n_intervals, std::move(runs)};
}

}  // namespace

void bind_intervals(py::module_& module) {
    py::class_<Intervals>(module, "Intervals", "When to look: windows [start, start + length) of intervals.")
        .def_property_readonly("n_intervals", &Intervals::n_intervals)
        .def_property_readonly("runs", &runs_of, "(length, first start, last start), ascending by length.")
        .def("__len__", &Intervals::size);

    module.def("intervals_from_runs", &from_runs, py::arg("n_intervals"), py::arg("runs"));
    module.def("whole_period", &whole_period, py::arg("n_intervals"));
    module.def("all_intervals", &all_intervals, py::arg("n_intervals"), py::kw_only(), py::arg("min_length"),
               py::arg("max_length"));
    module.def("open_intervals", &open_intervals, py::arg("n_intervals"), py::kw_only(),
               py::arg("min_length"), py::arg("max_length"), py::arg("first_end"));
}

}  // namespace enteroscan::python
