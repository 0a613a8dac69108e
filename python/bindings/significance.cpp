#include "enteroscan/inference/significance.hpp"

#include <algorithm>
#include <cstdint>

#include "arrays.hpp"
#include "bindings.hpp"

namespace enteroscan::python {

namespace {

/// function(x) for every number x of an array.
template <typename Result, typename Function>
Array<Result> map(const Array<double>& numbers, Function function) {
    const auto from = view(numbers);
    Array<Result> to(static_cast<py::ssize_t>(from.size()));
    std::transform(from.begin(), from.end(), to.mutable_data(), function);
    return to;
}

}  // namespace

void bind_significance(py::module_& module) {
    module.def(
        "ranks",
        [](const Array<double>& statistic, const Array<double>& maxima) {
            return map<std::int64_t>(statistic, [&](double x) { return rank_of(x, view(maxima)); });
        },
        py::arg("statistic"), py::arg("maxima"));
    module.def(
        "gumbel_p",
        [](const Array<double>& statistic, const Array<double>& maxima) {
            const Gumbel tail = fit_gumbel(view(maxima));
            return map<double>(statistic, [&](double x) { return tail.p(x); });
        },
        py::arg("statistic"), py::arg("maxima"));
    module.def(
        "sequential_stop",
        [](double statistic, const Array<double>& maxima, std::int64_t threshold) {
            return sequential_stop(statistic, view(maxima), threshold);
        },
        py::arg("statistic"), py::arg("maxima"), py::kw_only(), py::arg("threshold"));
    module.def(
        "critical_value",
        [](const Array<double>& maxima, double alpha) { return critical_value(view(maxima), alpha); },
        py::arg("maxima"), py::arg("alpha"));
    module.def(
        "gumbel_critical_value",
        [](const Array<double>& maxima, double alpha) {
            return fit_gumbel(view(maxima)).critical_value(alpha);
        },
        py::arg("maxima"), py::arg("alpha"));
    module.def(
        "recurrence_interval",
        [](const Array<double>& p, double period, std::int64_t analyses) {
            return map<double>(p, [&](double x) { return recurrence_interval(x, period, analyses); });
        },
        py::arg("p"), py::kw_only(), py::arg("period"), py::arg("analyses") = 1);
}

}  // namespace enteroscan::python
