#include <pybind11/pybind11.h>

#include "bindings.hpp"
#include "run.hpp"

PYBIND11_MODULE(_core, module) {
    namespace bindings = enteroscan::python;
    module.doc() =
        "The compiled core: numbers in, numbers out. `enteroscan` wraps it; users need not import it.";
    module.attr("__version__") = ENTEROSCAN_VERSION;
    bindings::bind_zones(module);
    bindings::bind_intervals(module);
    bindings::bind_models(module);
    bindings::bind_scan(module);
    bindings::bind_significance(module);
    bindings::bind_timeseries(module);
    bindings::bind_linkage(module);
    bindings::bind_tree_scan(module);
    bindings::bind_exposure_scan(module);
    bindings::cancel_at_exit();
}
