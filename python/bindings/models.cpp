#include <pybind11/stl.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "enteroscan/data/cases.hpp"
#include "enteroscan/model/model.hpp"

namespace enteroscan::python {

namespace {

using Numbers = Array<std::int32_t>;
using Counts = Array<std::int64_t>;

constexpr std::array<Named<Rates>, 3> rate_names{
    {{"high", Rates::high}, {"low", Rates::low}, {"both", Rates::both}}};

std::vector<CaseRow> rows_from(const Numbers& location, const Numbers& interval, const Counts& count,
                               const std::optional<Numbers>& stratum = std::nullopt) {
    check_equal_lengths("location, interval and count", location, interval, count);
    if (stratum) check_equal_lengths("location and stratum", location, *stratum);
    const auto locations = view(location);
    const auto intervals = view(interval);
    const auto counts = view(count);
    std::vector<CaseRow> rows(locations.size());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = {locations[i], intervals[i], counts[i]};
    if (stratum) {
        const auto strata = view(*stratum);
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i].stratum = strata[i];
    }
    return rows;
}

Eligibility eligibility_from(std::string_view rates, std::int64_t min_cases_high, std::int64_t min_cases_low,
                             double min_relative_risk, double max_relative_risk) {
    return {choose<Rates>("rates", rates, rate_names), min_cases_high, min_cases_low, min_relative_risk,
            max_relative_risk};
}

ModelHandle make_permutation(const Numbers& location, const Numbers& interval, const Counts& count,
                             const std::optional<Numbers>& stratum, std::size_t n_locations,
                             std::int32_t n_intervals, std::string_view rates, std::int64_t min_cases_high,
                             std::int64_t min_cases_low, double min_relative_risk, double max_relative_risk) {
    auto rows = rows_from(location, interval, count, stratum);
    const auto eligibility =
        eligibility_from(rates, min_cases_high, min_cases_low, min_relative_risk, max_relative_risk);
    const py::gil_scoped_release without_gil;
    return {space_time_permutation(std::move(rows), n_locations, n_intervals, eligibility)};
}

ModelHandle make_poisson(const Numbers& location, const Numbers& interval, const Counts& count,
                         const Array<double>& expected, std::string_view rates, std::int64_t min_cases_high,
                         std::int64_t min_cases_low, double min_relative_risk, double max_relative_risk) {
    if (expected.ndim() != 2) throw InvalidInput("expected must have a row for each location");
    const auto n_locations = static_cast<std::size_t>(expected.shape(0));
    const auto n_intervals = static_cast<std::int32_t>(expected.shape(1));
    auto rows = rows_from(location, interval, count);
    const auto eligibility =
        eligibility_from(rates, min_cases_high, min_cases_low, min_relative_risk, max_relative_risk);
    const auto cells = view(expected);
    const py::gil_scoped_release without_gil;
    return {poisson(std::move(rows), cells, n_locations, n_intervals, eligibility)};
}

ModelHandle make_bernoulli(const Numbers& location, const Numbers& interval, const Counts& count,
                           const Numbers& control_location, const Numbers& control_interval,
                           const Counts& control_count, std::size_t n_locations, std::int32_t n_intervals,
                           std::string_view rates, std::int64_t min_cases_high, std::int64_t min_cases_low,
                           double min_relative_risk, double max_relative_risk) {
    auto cases = rows_from(location, interval, count);
    auto controls = rows_from(control_location, control_interval, control_count);
    const auto eligibility =
        eligibility_from(rates, min_cases_high, min_cases_low, min_relative_risk, max_relative_risk);
    const py::gil_scoped_release without_gil;
    return {bernoulli(std::move(cases), std::move(controls), n_locations, n_intervals, eligibility)};
}

/// The model's measure of one location in the intervals [start, end).
double measure_of(const Measure& measure, std::size_t n_intervals, std::size_t location, std::size_t start,
                  std::size_t end) {
    if (measure.separable) {
        return measure.location[location] * (measure.cumulative[end] - measure.cumulative[start]) /
               measure.divisor;
    }
    const double* row = measure.cumulative.data() + location * (n_intervals + 1);
    return row[end] - row[start];
}

std::pair<Counts, Array<double>> location_totals(const ModelHandle& handle, std::int32_t start,
                                                 std::int32_t end) {
    const Model& model = *handle.model;
    if (start < 0 || end < start || end > model.n_intervals()) {
        throw InvalidInput("[start, end) must lie within the study period");
    }
    std::vector<std::int64_t> observed(model.n_locations());
    for (const auto& row : model.cases()) {
        if (row.interval >= start && row.interval < end) {
            observed[static_cast<std::size_t>(row.location)] += row.count;
        }
    }
    std::vector<double> measure(model.n_locations());
    for (std::size_t i = 0; i < measure.size(); ++i) {
        measure[i] = measure_of(model.measure(), static_cast<std::size_t>(model.n_intervals()), i,
                                static_cast<std::size_t>(start), static_cast<std::size_t>(end));
    }
    return {to_array(std::move(observed)), to_array(std::move(measure))};
}

/// Adds the options that all models have.
template <typename Function, typename... Arguments>
void define_model(py::module_& module, const char* name, Function function, const Arguments&... arguments) {
    const Eligibility defaults;
    module.def(name, function, arguments..., py::arg("rates") = name_of<Rates>(defaults.rates, rate_names),
               py::arg("min_cases_high") = defaults.min_cases_high,
               py::arg("min_cases_low") = defaults.min_cases_low,
               py::arg("min_relative_risk") = defaults.min_relative_risk,
               py::arg("max_relative_risk") = defaults.max_relative_risk);
}

}  // namespace

void bind_models(py::module_& module) {
    py::class_<ModelHandle>(module, "Model", "What is expected, what is extreme, what is chance.")
        .def_property_readonly("n_locations",
                               [](const ModelHandle& self) { return self.model->n_locations(); })
        .def_property_readonly("n_intervals",
                               [](const ModelHandle& self) { return self.model->n_intervals(); })
        .def_property_readonly("n_cases", [](const ModelHandle& self) { return self.model->n_cases(); })
        .def_property_readonly("total_measure",
                               [](const ModelHandle& self) { return self.model->total_measure(); })
        .def("location_totals", &location_totals, py::arg("start"), py::arg("end"),
             "Observed and measure of every location in the intervals [start, end).");

    define_model(module, "space_time_permutation", &make_permutation, py::arg("location"),
                 py::arg("interval"), py::arg("count"), py::arg("stratum") = py::none(), py::kw_only(),
                 py::arg("n_locations"), py::arg("n_intervals"));
    define_model(module, "poisson", &make_poisson, py::arg("location"), py::arg("interval"), py::arg("count"),
                 py::arg("expected"), py::kw_only());
    define_model(module, "bernoulli", &make_bernoulli, py::arg("location"), py::arg("interval"),
                 py::arg("count"), py::arg("control_location"), py::arg("control_interval"),
                 py::arg("control_count"), py::kw_only(), py::arg("n_locations"), py::arg("n_intervals"));
    module.def(
        "scan_defaults",
        [] {
            const Eligibility defaults;
            py::dict options;
            options["rates"] = name_of<Rates>(defaults.rates, rate_names);
            options["min_cases_high"] = defaults.min_cases_high;
            options["min_cases_low"] = defaults.min_cases_low;
            options["min_relative_risk"] = defaults.min_relative_risk;
            options["max_relative_risk"] = defaults.max_relative_risk;
            return options;
        },
        "Defaults of the options as the C++ headers have them.");
}

}  // namespace enteroscan::python
