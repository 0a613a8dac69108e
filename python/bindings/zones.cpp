#include "enteroscan/windows/zones.hpp"

#include <pybind11/stl.h>

#include <limits>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "run.hpp"

namespace enteroscan::python {

namespace {

using SizeLimits = std::vector<std::pair<Array<double>, double>>;

constexpr double no_limit = std::numeric_limits<double>::infinity();

ZoneLimits limits_from(const SizeLimits& sizes, double max_radius) {
    ZoneLimits limits;
    limits.max_radius = max_radius;
    for (const auto& [weights, limit] : sizes) limits.sizes.push_back({copy(weights), limit});
    return limits;
}

Points points_from(const Array<double>& coordinates, Metric metric) {
    if (coordinates.ndim() != 2) {
        throw InvalidInput("coordinates must be an array with a row for each point");
    }
    return {view(coordinates), static_cast<std::size_t>(coordinates.shape(1)), metric};
}

ZonesHandle make_circles(const Array<double>& locations, const Array<double>& centres, bool great_circle,
                         const SizeLimits& limits, double max_radius, const SizeLimits& reported_limits,
                         double reported_max_radius) {
    const Metric metric = great_circle ? Metric::great_circle : Metric::cartesian;
    auto places = std::make_shared<const Points>(points_from(locations, metric));
    auto around = points_from(centres, metric);
    auto evaluated = limits_from(limits, max_radius);
    auto reported = limits_from(reported_limits, reported_max_radius);
    const py::gil_scoped_release without_gil;
    return {circles(*places, std::move(around), std::move(evaluated), std::move(reported)), places};
}

ZonesHandle make_neighbour_lists(std::size_t n_locations, const Array<std::int64_t>& offsets,
                                 const Array<std::uint32_t>& members, const Array<std::uint32_t>& centres,
                                 const SizeLimits& limits, const SizeLimits& reported_limits) {
    return {neighbour_lists(n_locations, copy(offsets), copy(members), copy(centres),
                            limits_from(limits, no_limit), limits_from(reported_limits, no_limit)),
            nullptr};
}

ZonesHandle make_combined(const std::vector<ZonesHandle>& families) {
    std::vector<std::shared_ptr<const Zones>> zones;
    std::shared_ptr<const Points> places;
    for (const auto& family : families) {
        zones.push_back(family.zones);
        if (!places) places = family.places;
    }
    return {combined(std::move(zones)), std::move(places)};
}

std::tuple<Array<std::uint32_t>, std::size_t, std::size_t> neighbourhood(const ZonesHandle& handle,
                                                                         std::size_t centre) {
    if (centre >= handle.zones->n_centres()) throw py::index_error("there is no such centre");
    Neighbourhood around;
    handle.zones->neighbourhood(centre, around);
    return {to_array(std::move(around.members)), around.first_zone, around.reported};
}

}  // namespace

void bind_zones(py::module_& module) {
    py::class_<ZonesHandle>(module, "Zones", "Where to look: zones that grow around centres.")
        .def_property_readonly("n_locations",
                               [](const ZonesHandle& self) { return self.zones->n_locations(); })
        .def_property_readonly("n_centres", [](const ZonesHandle& self) { return self.zones->n_centres(); })
        .def("neighbourhood", &neighbourhood, py::arg("centre"),
             "Members in order of entry, size of the smallest zone, size of the largest reported zone.");

    module.def("circles", &make_circles, py::arg("locations"), py::arg("centres"), py::kw_only(),
               py::arg("great_circle"), py::arg("limits") = SizeLimits{}, py::arg("max_radius") = no_limit,
               py::arg("reported_limits") = SizeLimits{}, py::arg("reported_max_radius") = no_limit);
    module.def("neighbour_lists", &make_neighbour_lists, py::arg("n_locations"), py::arg("offsets"),
               py::arg("members"), py::arg("centres"), py::kw_only(), py::arg("limits") = SizeLimits{},
               py::arg("reported_limits") = SizeLimits{});
    module.def(
        "whole_area",
        [](std::size_t n_locations) {
            return ZonesHandle{whole_area(n_locations), nullptr};
        },
        py::arg("n_locations"));
    module.def("combined", &make_combined, py::arg("families"));
}

}  // namespace enteroscan::python
