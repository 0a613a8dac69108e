#include <pybind11/stl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "arrays.hpp"
#include "bindings.hpp"
#include "enteroscan/timeseries/cusum.hpp"
#include "enteroscan/timeseries/ears.hpp"
#include "enteroscan/timeseries/essence.hpp"
#include "enteroscan/timeseries/farrington.hpp"
#include "enteroscan/timeseries/glr.hpp"
#include "enteroscan/timeseries/historical.hpp"
#include "enteroscan/timeseries/negative_binomial.hpp"
#include "enteroscan/timeseries/outbreak_p.hpp"
#include "enteroscan/timeseries/serfling.hpp"
#include "run.hpp"

namespace enteroscan::python {

namespace {

struct DetectorHandle {
    std::shared_ptr<const Detector> detector;
};

using Positions = Array<std::int64_t>;

constexpr std::array<Named<EarsMethod>, 3> ears_names{
    {{"C1", EarsMethod::c1}, {"C2", EarsMethod::c2}, {"C3", EarsMethod::c3}}};
constexpr std::array<Named<CountTransformation>, 7> transformation_names{
    {{"none", CountTransformation::none},
     {"standard", CountTransformation::standard},
     {"rossi", CountTransformation::rossi},
     {"anscombe", CountTransformation::anscombe},
     {"anscombe2nd", CountTransformation::anscombe2nd},
     {"pearson_neg_bin", CountTransformation::pearson_neg_bin},
     {"anscombe_neg_bin", CountTransformation::anscombe_neg_bin}}};
constexpr std::array<Named<MeanModel>, 3> mean_names{
    {{"training", MeanModel::training}, {"given", MeanModel::given}, {"seasonal", MeanModel::seasonal}}};
constexpr std::array<Named<ShiftDirection>, 2> direction_names{
    {{"increase", ShiftDirection::increase}, {"decrease", ShiftDirection::decrease}}};
constexpr std::array<Named<MeanChange>, 2> change_names{
    {{"shift", MeanChange::shift}, {"epidemic", MeanChange::epidemic}}};
constexpr std::array<Named<EssenceMethod>, 3> essence_names{{{"ewma", EssenceMethod::ewma},
                                                             {"regression", EssenceMethod::regression},
                                                             {"switch", EssenceMethod::switching}}};
constexpr std::array<Named<PowerTransformation>, 3> power_names{{{"none", PowerTransformation::none},
                                                                 {"1/2", PowerTransformation::half},
                                                                 {"2/3", PowerTransformation::two_thirds}}};
constexpr std::array<Named<BoundMethod>, 3> bound_names{
    {{"delta", BoundMethod::delta}, {"nb_plugin", BoundMethod::nb_plugin}, {"muan", BoundMethod::muan}}};

/// positions[row, years - 1] of the points from first_point on.
YearsBack years_back(const Positions& positions, std::size_t first_point) {
    if (positions.ndim() != 2) throw InvalidInput("positions of earlier years must be a table");
    YearsBack years;
    years.first_point = first_point;
    years.n_years = static_cast<std::size_t>(positions.shape(1));
    years.positions = copy(positions);
    return years;
}

ReferenceOptions reference(const Positions& positions, std::size_t first_point, std::size_t half_window,
                           bool current_year) {
    return {half_window, current_year, years_back(positions, first_point)};
}

/// Judgements as arrays [n_series, n_points], one for each member.
class Columns {
  public:
    Columns(std::size_t n_series, std::size_t n_points)
        : size_(n_series * n_points),
          n_points_(n_points),
          numbers_(shape(numbers.size(), n_series, n_points)),
          alarm_(shape(n_series, n_points)),
          reason_(shape(n_series, n_points)),
          to_numbers_(numbers_.mutable_data()),
          to_alarm_(alarm_.mutable_data()),
          to_reason_(reason_.mutable_data()) {}

    /// Needs no GIL.
    void set(std::size_t series, std::span<const Judgement> judgements) const {
        const std::size_t begin = series * n_points_;
        for (std::size_t i = 0; i < judgements.size(); ++i) {
            for (std::size_t j = 0; j < numbers.size(); ++j)
                to_numbers_[j * size_ + begin + i] = judgements[i].*numbers[j].second;
            to_alarm_[begin + i] = judgements[i].alarm;
            to_reason_[begin + i] = static_cast<std::uint8_t>(judgements[i].reason);
        }
    }

    py::dict to_dict() const {
        py::dict result;
        for (std::size_t j = 0; j < numbers.size(); ++j)
            result[py::str(std::string(numbers[j].first))] = numbers_[py::int_(j)];
        result["alarm"] = alarm_;
        result["reason"] = reason_;
        return result;
    }

  private:
    template <typename... Sizes>
    static std::vector<py::ssize_t> shape(Sizes... sizes) {
        return {static_cast<py::ssize_t>(sizes)...};
    }

    static constexpr std::array<Named<double Judgement::*>, 7> numbers{
        {{"observed", &Judgement::observed},
         {"expected", &Judgement::expected},
         {"upper_bound", &Judgement::upper_bound},
         {"p_value", &Judgement::p_value},
         {"score", &Judgement::score},
         {"trend", &Judgement::trend},
         {"dispersion", &Judgement::dispersion}}};

    std::size_t size_;
    std::size_t n_points_;
    Array<double> numbers_;  // one block: large pages are had for it
    Array<bool> alarm_;
    Array<std::uint8_t> reason_;
    double* to_numbers_;
    bool* to_alarm_;
    std::uint8_t* to_reason_;
};

py::dict judge(const DetectorHandle& handle, const Array<double>& counts,
               const std::optional<Array<double>>& population, std::size_t begin, std::size_t end,
               int n_threads, const py::object& progress) {
    if (counts.ndim() != 2) throw InvalidInput("counts must be a table [series, time]");
    const auto n_series = static_cast<std::size_t>(counts.shape(0));
    const auto numbers = view(counts);
    const auto people = population ? view(*population) : std::span<const double>{};
    Columns columns(n_series, end > begin ? end - begin : 0);
    run_interruptibly(n_threads, progress, [&](RunControl& control) {
        detect(*handle.detector, numbers, n_series, people, {begin, end}, n_threads, control,
               [&](std::size_t series, std::span<const Judgement> judgements) {
                   columns.set(series, judgements);
               });
    });
    return columns.to_dict();
}

void bind_means(py::module_& module) {
    module.def(
        "ears",
        [](std::string_view method, std::size_t baseline, double min_sigma, double alpha, bool student,
           bool compat) {
            return DetectorHandle{ears({choose<EarsMethod>("method", method, ears_names), baseline, min_sigma,
                                        alpha, student, compat})};
        },
        py::kw_only(), py::arg("method"), py::arg("baseline"), py::arg("min_sigma"), py::arg("alpha"),
        py::arg("student"), py::arg("compat"));
    module.def(
        "rki",
        [](const Positions& years, std::size_t first_point, std::size_t half_window, bool current_year) {
            return DetectorHandle{rki({reference(years, first_point, half_window, current_year)})};
        },
        py::arg("years"), py::arg("first_point"), py::kw_only(), py::arg("half_window"),
        py::arg("current_year"));
    module.def(
        "bayes",
        [](const Positions& years, std::size_t first_point, std::size_t half_window, bool current_year,
           double alpha) {
            return DetectorHandle{bayes({reference(years, first_point, half_window, current_year), alpha})};
        },
        py::arg("years"), py::arg("first_point"), py::kw_only(), py::arg("half_window"),
        py::arg("current_year"), py::arg("alpha"));
    module.def(
        "stroup",
        [](const Positions& years, std::size_t first_point, std::size_t blocks_beside, double alpha) {
            return DetectorHandle{stroup({blocks_beside, alpha, years_back(years, first_point)})};
        },
        py::arg("years"), py::arg("first_point"), py::kw_only(), py::arg("blocks_beside"), py::arg("alpha"));
    module.def(
        "essence",
        [](std::string_view method, std::size_t baseline, std::size_t guard, double weight_slow,
           double weight_quick, double alpha, double min_r_squared, const Array<std::uint8_t>& weekdays,
           bool scale_proportions) {
            return DetectorHandle{
                essence({choose<EssenceMethod>("method", method, essence_names), baseline, guard, weight_slow,
                         weight_quick, alpha, min_r_squared, copy(weekdays), scale_proportions})};
        },
        py::kw_only(), py::arg("method"), py::arg("baseline"), py::arg("guard"), py::arg("weight_slow"),
        py::arg("weight_quick"), py::arg("alpha"), py::arg("min_r_squared"), py::arg("weekdays"),
        py::arg("scale_proportions"));
}

void bind_charts(py::module_& module) {
    module.def(
        "cusum",
        [](double k, double h, std::string_view transformation, std::string_view mean_model, double mean,
           double period, double alpha, bool reset, std::size_t training, bool compat) {
            return DetectorHandle{cusum(
                {k, h, choose<CountTransformation>("transformation", transformation, transformation_names),
                 choose<MeanModel>("mean", mean_model, mean_names), mean, period, alpha, reset, training,
                 compat})};
        },
        py::kw_only(), py::arg("k"), py::arg("h"), py::arg("transformation"), py::arg("mean_model"),
        py::arg("mean"), py::arg("period"), py::arg("alpha"), py::arg("reset"), py::arg("training"),
        py::arg("compat"));
    module.def(
        "glr",
        [](double threshold, std::optional<double> alpha, std::optional<double> log_shift,
           std::string_view direction, std::string_view change, std::size_t window, std::size_t min_window,
           double period, std::size_t harmonics, bool trend, bool refit, std::size_t training, bool compat) {
            return DetectorHandle{glr({threshold, alpha, log_shift,
                                       choose<ShiftDirection>("direction", direction, direction_names),
                                       choose<MeanChange>("change", change, change_names), window, min_window,
                                       period, harmonics, trend, refit, training, compat})};
        },
        py::kw_only(), py::arg("threshold"), py::arg("alpha"), py::arg("log_shift"), py::arg("direction"),
        py::arg("change"), py::arg("window"), py::arg("min_window"), py::arg("period"), py::arg("harmonics"),
        py::arg("trend"), py::arg("refit"), py::arg("training"), py::arg("compat"));
    module.def(
        "outbreak_p", [](double threshold) { return DetectorHandle{outbreak_p({threshold})}; }, py::kw_only(),
        py::arg("threshold"));
    module.def(
        "negative_binomial",
        [](double alpha, double period, std::size_t harmonics, bool trend, std::size_t training,
           const Array<std::uint8_t>& weekdays) {
            return DetectorHandle{
                negative_binomial({alpha, period, harmonics, trend, training, copy(weekdays)})};
        },
        py::kw_only(), py::arg("alpha"), py::arg("period"), py::arg("harmonics"), py::arg("trend"),
        py::arg("training"), py::arg("weekdays"));
    module.def(
        "serfling",
        [](double alpha, double period, std::size_t harmonics, std::size_t training,
           const Array<std::uint8_t>& without_epidemics) {
            return DetectorHandle{serfling({alpha, period, harmonics, training, copy(without_epidemics)})};
        },
        py::kw_only(), py::arg("alpha"), py::arg("period"), py::arg("harmonics"), py::arg("training"),
        py::arg("without_epidemics"));
}

void bind_farrington(py::module_& module) {
    module.def(
        "farrington",
        [](const Positions& years, std::size_t first_point, std::size_t half_window, double alpha, bool trend,
           double max_trend_p, bool reweight, std::string_view power, std::pair<double, std::size_t> recent,
           const Array<double>& time, bool compat) {
            return DetectorHandle{farrington({years_back(years, first_point),
                                              half_window,
                                              alpha,
                                              trend,
                                              max_trend_p,
                                              reweight,
                                              choose<PowerTransformation>("power", power, power_names),
                                              {recent.first, recent.second},
                                              copy(time),
                                              compat})};
        },
        py::arg("years"), py::arg("first_point"), py::kw_only(), py::arg("half_window"), py::arg("alpha"),
        py::arg("trend"), py::arg("max_trend_p"), py::arg("reweight"), py::arg("power"), py::arg("recent"),
        py::arg("time"), py::arg("compat"));
    module.def(
        "farrington_flexible",
        [](const Positions& years, std::size_t first_point, std::size_t half_window, std::size_t n_levels,
           std::size_t excluded, double alpha, bool trend, double max_trend_p, bool reweight,
           double weights_threshold, std::string_view bound, std::string_view power,
           std::pair<double, std::size_t> recent, bool population_offset, const Array<double>& time,
           const Array<std::uint8_t>& weekdays, bool compat) {
            FarringtonFlexibleOptions options;
            options.years = years_back(years, first_point);
            options.half_window = half_window;
            options.n_levels = n_levels;
            options.excluded = excluded;
            options.alpha = alpha;
            options.trend = trend;
            options.max_trend_p = max_trend_p;
            options.reweight = reweight;
            options.weights_threshold = weights_threshold;
            options.bound = choose<BoundMethod>("bound", bound, bound_names);
            options.power = choose<PowerTransformation>("power", power, power_names);
            options.recent = {recent.first, recent.second};
            options.population_offset = population_offset;
            options.time = copy(time);
            options.weekdays = copy(weekdays);
            options.compat = compat;
            return DetectorHandle{farrington_flexible(std::move(options))};
        },
        py::arg("years"), py::arg("first_point"), py::kw_only(), py::arg("half_window"), py::arg("n_levels"),
        py::arg("excluded"), py::arg("alpha"), py::arg("trend"), py::arg("max_trend_p"), py::arg("reweight"),
        py::arg("weights_threshold"), py::arg("bound"), py::arg("power"), py::arg("recent"),
        py::arg("population_offset"), py::arg("time"), py::arg("weekdays"), py::arg("compat"));
}

/// Defaults of the options, by the names that the specs of Python have for them.
py::dict defaults() {
    py::dict all;
    const auto of = [&all](const char* method) {
        all[method] = py::dict();
        return py::dict(all[method]);
    };
    const EarsOptions ears;
    py::dict options = of("ears-c1");
    options["baseline_steps"] = ears.baseline;
    options["min_sigma"] = ears.min_sigma;
    options["alpha"] = ears.alpha;
    options["student"] = ears.student;
    const EssenceOptions essence;
    options = of("essence-switch");
    options["baseline_steps"] = essence.baseline;
    options["guard_steps"] = essence.guard;
    options["alpha"] = essence.alpha;
    options["weight_slow"] = essence.weight_slow;
    options["weight_quick"] = essence.weight_quick;
    options["min_r_squared"] = essence.min_r_squared;
    options = of("bayes");
    options["alpha"] = BayesOptions{}.alpha;
    options = of("historical-limits");
    options["blocks_beside"] = StroupOptions{}.blocks_beside;
    options["alpha"] = StroupOptions{}.alpha;
    options = of("outbreak-p");
    options["threshold"] = OutbreakPOptions{}.threshold;
    const FarringtonOptions farrington;
    options = of("farrington");
    options["half_window_steps"] = farrington.half_window;
    options["alpha"] = farrington.alpha;
    options["trend"] = farrington.trend;
    options["max_trend_p"] = farrington.max_trend_p;
    options["reweight"] = farrington.reweight;
    options["power"] = name_of<PowerTransformation>(farrington.power, power_names);
    options["min_recent_cases"] = farrington.recent.cases;
    options["min_recent_steps"] = farrington.recent.points;
    options["compat"] = farrington.compat;
    const FarringtonFlexibleOptions flexible;
    options = of("farrington-flexible");
    options["half_window_steps"] = flexible.half_window;
    options["season_levels"] = flexible.n_levels;
    options["recent_steps_excluded"] = flexible.excluded;
    options["alpha"] = flexible.alpha;
    options["trend"] = flexible.trend;
    options["max_trend_p"] = flexible.max_trend_p;
    options["reweight"] = flexible.reweight;
    options["reweight_above"] = flexible.weights_threshold;
    options["bound"] = name_of<BoundMethod>(flexible.bound, bound_names);
    options["power"] = name_of<PowerTransformation>(flexible.power, power_names);
    options["min_recent_cases"] = flexible.recent.cases;
    options["min_recent_steps"] = flexible.recent.points;
    options["population_offset"] = flexible.population_offset;
    options["compat"] = flexible.compat;
    const CusumOptions cusum;
    options = of("cusum");
    options["k"] = cusum.k;
    options["h"] = cusum.h;
    options["transformation"] = name_of<CountTransformation>(cusum.transformation, transformation_names);
    options["mean"] = name_of<MeanModel>(cusum.mean_model, mean_names);
    options["overdispersion"] = cusum.alpha;
    options["reset"] = cusum.reset;
    options["compat"] = cusum.compat;
    const GlrOptions glr;
    options = of("glr");
    options["threshold"] = glr.threshold;
    options["overdispersion"] = glr.alpha;
    options["log_shift"] = glr.log_shift;
    options["direction"] = name_of<ShiftDirection>(glr.direction, direction_names);
    options["change"] = name_of<MeanChange>(glr.change, change_names);
    options["min_window_steps"] = glr.min_window;
    options["harmonics"] = glr.harmonics;
    options["trend"] = glr.trend;
    options["refit"] = glr.refit;
    options["compat"] = glr.compat;
    const NegativeBinomialOptions regression;
    options = of("negative-binomial");
    options["alpha"] = regression.alpha;
    options["harmonics"] = regression.harmonics;
    options["trend"] = regression.trend;
    const SerflingOptions cyclical;
    options = of("serfling");
    options["alpha"] = cyclical.alpha;
    options["harmonics"] = cyclical.harmonics;
    return all;
}

}  // namespace

void bind_timeseries(py::module_& module) {
    py::class_<DetectorHandle>(module, "Detector", "A method that judges time points of series of counts.")
        .def("judge", &judge, py::arg("counts"), py::arg("population"), py::kw_only(), py::arg("begin"),
             py::arg("end"), py::arg("n_threads") = 0, py::arg("progress") = py::none(),
             "Judges the points begin, ..., end - 1 of counts [series, time]. Releases the GIL, calls "
             "`progress` with shares of the work done, and raises KeyboardInterrupt on Ctrl-C.");
    bind_means(module);
    bind_charts(module);
    bind_farrington(module);
    module.def("detector_defaults", &defaults,
               "Defaults of the options as the C++ headers have them, by method.");
}

}  // namespace enteroscan::python
