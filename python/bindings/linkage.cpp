#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "enteroscan/linkage/groups.hpp"
#include "enteroscan/linkage/links.hpp"
#include "run.hpp"

namespace enteroscan::python {

namespace {

using Numbers = Array<double>;
using Indices = Array<std::int32_t>;

CaseReports reports_from(const py::dict& given) {
    const auto numbers = [&](const char* name) { return copy(given[name].cast<Numbers>()); };
    const auto indices = [&](const char* name) { return copy(given[name].cast<Indices>()); };
    CaseReports reports;
    reports.onset = numbers("onset");
    reports.reported = numbers("reported");
    reports.stratum = indices("stratum");
    reports.context = indices("context");
    reports.latitude = numbers("latitude");
    reports.longitude = numbers("longitude");
    reports.case_evidence = numbers("case_evidence");
    reports.exposed_case = indices("exposed_case");
    reports.value = indices("value");
    reports.meal = indices("meal");
    reports.lag = numbers("lag");
    reports.lag_evidence = numbers("lag_evidence");
    reports.report_evidence = numbers("report_evidence");
    reports.kind = indices("kind");
    reports.pseudo_count = numbers("pseudo_count");
    reports.pseudo_total = numbers("pseudo_total");
    reports.concentration = numbers("concentration");
    reports.agreement = numbers("agreement");
    reports.longest = numbers("longest");
    reports.fashion = numbers("fashion");
    reports.contagion = numbers("contagion");
    reports.infectious = numbers("infectious");
    reports.serial_interval = numbers("serial_interval");
    reports.log_prior = numbers("log_prior");
    return reports;
}

py::dict to_dict(Group&& group) {
    py::list others;
    for (const auto& [value, statistic, n_shared] : group.others) {
        others.append(py::make_tuple(value, statistic, n_shared));
    }
    py::dict result;
    result["value"] = group.value;
    result["first"] = group.first;
    result["last"] = group.last;
    result["statistic"] = group.statistic;
    result["sharing"] = group.sharing;
    result["incubation"] = group.incubation;
    result["symptoms"] = group.symptoms;
    result["report"] = group.report;
    result["contagion"] = group.contagion;
    result["expected"] = group.expected;
    result["attributable"] = group.attributable;
    result["agents"] = to_array(std::move(group.agents));
    result["cases"] = to_array(std::move(group.cases));
    result["probabilities"] = to_array(std::move(group.probabilities));
    result["others"] = others;
    return result;
}

py::list find_groups(const SharedSources& sources, double at_least, std::size_t at_most, const Indices& aside,
                     int n_threads, const py::object& progress) {
    std::vector<Group> groups;
    run_interruptibly(n_threads, progress, [&](RunControl& control) {
        groups = sources.groups(at_least, at_most, view(aside), n_threads, control);
    });
    py::list result;
    for (Group& group : groups) result.append(to_dict(std::move(group)));
    return result;
}

Array<double> simulate(const SharedSources& sources, std::int64_t begin, std::int64_t end, std::uint64_t seed,
                       const Indices& aside, int n_threads, const py::object& progress) {
    std::vector<double> maxima;
    run_interruptibly(n_threads, progress, [&](RunControl& control) {
        maxima = sources.simulate(begin, end, seed, view(aside), n_threads, control);
    });
    const auto n_kinds = static_cast<py::ssize_t>(sources.reports().n_kinds());
    return to_array(std::move(maxima)).reshape({py::ssize_t{-1}, n_kinds});
}

template <typename T>
Array<T> column(const std::vector<Link>& links, T Link::*member) {
    std::vector<T> numbers;
    numbers.reserve(links.size());
    for (const Link& link : links) numbers.push_back(link.*member);
    return to_array(std::move(numbers));
}

py::dict find_links(const SharedSources& sources, const LinkOptions& options, int n_threads,
                    const py::object& progress) {
    std::vector<Link> found;
    run_interruptibly(n_threads, progress, [&](RunControl& control) {
        found = links(sources.reports(), options, n_threads, control);
    });
    py::dict result;
    result["first"] = column(found, &Link::first);
    result["second"] = column(found, &Link::second);
    result["value"] = column(found, &Link::value);
    result["sharing"] = column(found, &Link::sharing);
    result["time"] = column(found, &Link::time);
    result["symptoms"] = column(found, &Link::symptoms);
    result["incubation"] = column(found, &Link::incubation);
    result["report"] = column(found, &Link::report);
    result["space"] = column(found, &Link::space);
    result["contagion"] = column(found, &Link::contagion);
    result["total"] = column(found, &Link::total);
    return result;
}

}  // namespace

void bind_linkage(py::module_& module) {
    py::class_<SharedSources>(module, "SharedSources")
        .def(py::init([](const py::dict& reports, double from, double until, double fresh_since,
                         std::vector<double> durations, std::int32_t min_cases, std::int64_t max_reports) {
                 GroupOptions options{from, until, fresh_since, std::move(durations), min_cases, max_reports};
                 return std::make_unique<SharedSources>(reports_from(reports), std::move(options));
             }),
             py::arg("reports"), py::kw_only(), py::arg("first"), py::arg("last"), py::arg("fresh_since"),
             py::arg("durations"), py::arg("min_cases"), py::arg("max_reports"))
        .def("groups", &find_groups, py::kw_only(), py::arg("at_least"), py::arg("at_most"), py::arg("aside"),
             py::arg("n_threads"), py::arg("progress") = py::none())
        .def("simulate", &simulate, py::arg("begin"), py::arg("end"), py::kw_only(), py::arg("seed"),
             py::arg("aside"), py::arg("n_threads"), py::arg("progress") = py::none())
        .def(
            "permutation",
            [](const SharedSources& sources, std::uint64_t seed, std::int64_t replicate,
               const Indices& aside) { return to_array(sources.permutation(seed, replicate, view(aside))); },
            py::kw_only(), py::arg("seed"), py::arg("replicate"), py::arg("aside"))
        .def(
            "links",
            [](const SharedSources& sources, double max_gap, double at_least, double same_meal_share,
               double same_meal_hours, double sale_hours, std::vector<double> distance_km,
               std::vector<double> distance_evidence, int n_threads, const py::object& progress) {
                const LinkOptions options{sources.options().from,
                                          sources.options().until,
                                          max_gap,
                                          at_least,
                                          same_meal_share,
                                          same_meal_hours,
                                          sale_hours,
                                          std::move(distance_km),
                                          std::move(distance_evidence)};
                return find_links(sources, options, n_threads, progress);
            },
            py::kw_only(), py::arg("max_gap"), py::arg("at_least"), py::arg("same_meal_share"),
            py::arg("same_meal_hours"), py::arg("sale_hours"), py::arg("distance_km"),
            py::arg("distance_evidence"), py::arg("n_threads"), py::arg("progress") = py::none());
}

}  // namespace enteroscan::python
