#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>

#include "enteroscan/geo/points.hpp"
#include "enteroscan/model/model.hpp"
#include "enteroscan/windows/zones.hpp"

namespace enteroscan::python {

namespace py = pybind11;

/// Zones as Python holds them, with the places they are made of (null where they have no coordinates).
struct ZonesHandle {
    std::shared_ptr<const Zones> zones;
    std::shared_ptr<const Points> places;
};

struct ModelHandle {
    std::shared_ptr<const Model> model;
};

// One function per concept, each in the file of its name.
void bind_zones(py::module_& module);
void bind_intervals(py::module_& module);
void bind_models(py::module_& module);
void bind_scan(py::module_& module);
void bind_significance(py::module_& module);
void bind_timeseries(py::module_& module);
void bind_linkage(py::module_& module);
void bind_tree_scan(py::module_& module);
void bind_exposure_scan(py::module_& module);

}  // namespace enteroscan::python
