#include "enteroscan/scan/scan.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "enteroscan/inference/clusters.hpp"
#include "run.hpp"

namespace enteroscan::python {

namespace {

constexpr std::array<Named<Overlap>, 6> overlap_names{{
    {"none", Overlap::none},
    {"no_centres_in_other", Overlap::no_centres_in_other},
    {"no_centres_in_more_likely", Overlap::no_centres_in_more_likely},
    {"no_centres_in_less_likely", Overlap::no_centres_in_less_likely},
    {"no_pairs_in_each_other", Overlap::no_pairs_in_each_other},
    {"any", Overlap::any},
}};

constexpr std::array<Named<RandomEngine>, 2> engine_names{
    {{"philox", RandomEngine::philox}, {"satscan", RandomEngine::satscan}}};

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

/// Windows as columns.
struct WindowTable {
    Array<std::int64_t> centre;
    Array<std::int64_t> size;
    Array<std::int64_t> start;
    Array<std::int64_t> end;
    Array<std::int64_t> observed;
    Array<double> measure;
    Array<double> statistic;
    Array<bool> high;
    Array<double> radius;
    Array<double> span;
    Array<std::int64_t> offsets;
    Array<std::int64_t> members;
};

/// One column of the table, from one property of every window.
template <typename T, typename Property>
Array<T> column(const std::vector<Window>& windows, Property property) {
    Array<T> numbers(static_cast<py::ssize_t>(windows.size()));
    std::transform(windows.begin(), windows.end(), numbers.mutable_data(),
                   [&](const Window& window) { return static_cast<T>(property(window)); });
    return numbers;
}

/// What the zones know of windows: members one after the other, and sizes of the zones on the map.
struct Extents {
    std::vector<std::int64_t> offsets{0};
    std::vector<std::int64_t> members;
    std::vector<double> radius;
    std::vector<double> span;
};

/// Greatest distance between two of the places, in km along the arc for great-circle points.
double span_of(const Points& places, const std::int64_t* begin, const std::int64_t* end) {
    double widest = 0.0;
    for (const auto* a = begin; a != end; ++a) {
        for (const auto* b = begin; b != a; ++b) {
            widest = std::max(
                widest, distance(places, static_cast<std::size_t>(*a), places, static_cast<std::size_t>(*b)));
        }
    }
    return places.metric() == Metric::great_circle ? arc_from_chord(widest) : widest;
}

Extents extents_of(const std::vector<Window>& windows, const Zones& zones, const Points* places,
                   const RunControl& control) {
    Extents extents;
    Neighbourhood around;
    for (const auto& window : windows) {
        control.check();
        zones.neighbourhood(window.centre, around);
        const auto first = extents.members.size();
        extents.members.insert(extents.members.end(), around.members.begin(),
                               around.members.begin() + window.size);
        extents.offsets.push_back(static_cast<std::int64_t>(extents.members.size()));
        const double radius = zones.radius(window.centre, around.members[window.size - 1]);
        extents.radius.push_back(radius);
        const bool has_span = places != nullptr && radius == radius;  // NaN: a zone without a shape
        extents.span.push_back(has_span ? span_of(*places, extents.members.data() + first,
                                                  extents.members.data() + extents.members.size())
                                        : std::numeric_limits<double>::quiet_NaN());
    }
    return extents;
}

WindowTable table_of(const std::vector<Window>& windows, Extents extents) {
    return {column<std::int64_t>(windows, [](const Window& w) { return w.centre; }),
            column<std::int64_t>(windows, [](const Window& w) { return w.size; }),
            column<std::int64_t>(windows, [](const Window& w) { return w.start; }),
            column<std::int64_t>(windows, [](const Window& w) { return w.end; }),
            column<std::int64_t>(windows, [](const Window& w) { return w.observed; }),
            column<double>(windows, [](const Window& w) { return w.measure; }),
            column<double>(windows, [](const Window& w) { return w.statistic; }),
            column<bool>(windows, [](const Window& w) { return w.high; }),
            to_array(std::move(extents.radius)),
            to_array(std::move(extents.span)),
            to_array(std::move(extents.offsets)),
            to_array(std::move(extents.members))};
}

/// A scan with the places of its zones.
class ScanHandle {
  public:
    ScanHandle(const ModelHandle& model, const ZonesHandle& zones, Intervals intervals)
        : scan_(model.model, zones.zones, std::move(intervals)), places_(zones.places) {}

    double maximum(int n_threads) const {
        double result = 0.0;
        run_interruptibly(n_threads, py::none(),
                          [&](RunControl& control) { result = scan_.maximum(n_threads, control); });
        return result;
    }

    Array<double> simulate(std::int64_t begin, std::int64_t end, std::uint64_t seed,
                           std::string_view random_stream, int n_threads, const py::object& progress,
                           double stop_above, std::int64_t stop_after) const {
        const auto engine = choose<RandomEngine>("random_stream", random_stream, engine_names);
        std::vector<double> maxima;
        run_interruptibly(n_threads, progress, [&](RunControl& control) {
            maxima = scan_.simulate(begin, end, seed, engine, n_threads, control, stop_above, stop_after);
        });
        return to_array(std::move(maxima));
    }

    WindowTable clusters(double at_least, std::string_view overlap, std::size_t at_most, int n_threads,
                         const py::object& progress) const {
        const auto criterion = choose<Overlap>("overlap", overlap, overlap_names);
        std::vector<Window> windows;
        Extents extents;
        run_interruptibly(n_threads, progress, [&](RunControl& control) {
            windows = select_clusters(scan_.zones(), scan_.candidates(at_least, n_threads, control),
                                      criterion, at_most);
            extents = extents_of(windows, scan_.zones(), places_.get(), control);
        });
        return table_of(windows, std::move(extents));
    }

  private:
    Scan scan_;
    std::shared_ptr<const Points> places_;
};

}  // namespace

void bind_scan(py::module_& module) {
    py::class_<WindowTable>(module, "WindowTable", "Windows as columns.")
        .def_readonly("centre", &WindowTable::centre)
        .def_readonly("size", &WindowTable::size)
        .def_readonly("start", &WindowTable::start)
        .def_readonly("end", &WindowTable::end)
        .def_readonly("observed", &WindowTable::observed)
        .def_readonly("measure", &WindowTable::measure)
        .def_readonly("statistic", &WindowTable::statistic)
        .def_readonly("high", &WindowTable::high)
        .def_readonly("radius", &WindowTable::radius)
        .def_readonly("span", &WindowTable::span)
        .def_readonly("offsets", &WindowTable::offsets)
        .def_readonly("members", &WindowTable::members);

    py::class_<ScanHandle>(module, "Scan",
                           "A scan. Verbs release the GIL, call `progress` with shares of the work done, "
                           "and raise KeyboardInterrupt on Ctrl-C.")
        .def(py::init<const ModelHandle&, const ZonesHandle&, Intervals>(), py::arg("model"),
             py::arg("zones"), py::arg("intervals"))
        .def("maximum", &ScanHandle::maximum, py::kw_only(), py::arg("n_threads") = 0)
        .def("simulate", &ScanHandle::simulate, py::arg("begin"), py::arg("end"), py::kw_only(),
             py::arg("seed"), py::arg("random_stream") = name_of<RandomEngine>({}, engine_names),
             py::arg("n_threads") = 0, py::arg("progress") = py::none(), py::arg("stop_above") = 0.0,
             py::arg("stop_after") = 0)
        .def("clusters", &ScanHandle::clusters, py::kw_only(), py::arg("at_least"),
             py::arg("overlap") = name_of<Overlap>({}, overlap_names), py::arg("at_most") = no_limit,
             py::arg("n_threads") = 0, py::arg("progress") = py::none(),
             "Clusters in reporting order: the most likely one, and others that reach `at_least`.");
}

}  // namespace enteroscan::python
