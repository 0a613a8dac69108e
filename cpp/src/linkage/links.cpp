#include "enteroscan/linkage/links.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <span>
#include <tuple>

#include "../base/parallel.hpp"
#include "contagion.hpp"
#include "enteroscan/base/error.hpp"
#include "habits.hpp"

namespace enteroscan {

namespace {

constexpr double earth_radius_km = 6371.0088;

double distance_km(double latitude_a, double longitude_a, double latitude_b, double longitude_b) {
    constexpr double degree = std::numbers::pi / 180.0;
    const double dx = std::sin((latitude_b - latitude_a) * degree / 2);
    const double dy = std::sin((longitude_b - longitude_a) * degree / 2);
    const double h = dx * dx + std::cos(latitude_a * degree) * std::cos(latitude_b * degree) * dy * dy;
    return 2.0 * earth_radius_km * std::asin(std::min(std::sqrt(h), 1.0));  // NaN stays: it comes first
}

void check_options(const LinkOptions& options) {
    if (!(options.from <= options.until)) throw InvalidInput("'from' must not be after 'until'");
    if (!(options.max_gap > 0.0)) throw InvalidInput("max_gap must be positive");
    const bool times_are_good = options.same_meal_hours > 0.0 && options.sale_hours > 0.0;
    const bool share_is_good = options.same_meal_share > 0.0 && options.same_meal_share < 1.0;
    if (!times_are_good || !share_is_good) {
        throw InvalidInput("mean times between exposures must be positive, the share between 0 and 1");
    }
    if (options.distance_km.size() != options.distance_evidence.size() ||
        !std::is_sorted(options.distance_km.begin(), options.distance_km.end())) {
        throw InvalidInput("distances must be ascending, each with its evidence");
    }
}

/// A case that reports the value in the time that is looked at.
struct Exposed {
    double time;
    std::int32_t person;
    std::size_t exposure;
    double log_share;  // of the value among what such a case reports
    double reach;      // more than this a case cannot add to the total of a pair
};

class Linker {
  public:
    Linker(const CaseReports& reports, const LinkOptions& options)
        : reports_(reports), options_(options), by_value_(reports), habits_(reports) {
        std::vector<std::int32_t> owner(reports.n_cases());
        std::iota(owner.begin(), owner.end(), 0);
        habits_.fill(owner, std::vector<std::uint8_t>(reports.n_cases(), 0), options.from, options.until);
        const double log_sum = log_sum_exp(reports.log_prior);
        log_prior_ = reports.log_prior;
        for (double& prior : log_prior_) prior -= log_sum;
        nearest_ = log_time_ratio(0.0);
        if (!options.distance_evidence.empty()) {
            closest_ = std::max(
                0.0, *std::max_element(options.distance_evidence.begin(), options.distance_evidence.end()));
        }
    }

    void link(std::size_t value, std::vector<Link>& out) const {
        const auto exposed = exposed_to(value);
        if (exposed.size() < 2) return;
        const auto kind = static_cast<std::size_t>(reports_.kind[value]);
        const double agreement = std::log(reports_.agreement[kind]);
        for (std::size_t i = 0; i < exposed.size(); ++i) {
            for (std::size_t j = i + 1; j < exposed.size(); ++j) {
                const double gap = exposed[j].time - exposed[i].time;
                if (gap > options_.max_gap) break;
                const double sharing = agreement - (exposed[i].log_share + exposed[j].log_share) / 2;
                const double possible = sharing + nearest_ + closest_ + exposed[i].reach + exposed[j].reach;
                if (possible < options_.at_least) continue;
                const Link link = weigh(exposed[i], exposed[j], gap, sharing);
                if (link.total >= options_.at_least) out.push_back(link);
            }
        }
    }

  private:
    static double log_sum_exp(std::span<const double> logs) {
        const double greatest = *std::max_element(logs.begin(), logs.end());
        double sum = 0.0;
        for (const double x : logs) sum += std::exp(x - greatest);
        return greatest + std::log(sum);
    }

    double log_time_ratio(double gap) const {
        const double meal =
            options_.same_meal_share / options_.same_meal_hours * std::exp(-gap / options_.same_meal_hours);
        const double sale =
            (1.0 - options_.same_meal_share) / options_.sale_hours * std::exp(-gap / options_.sale_hours);
        return std::log((meal + sale) * options_.max_gap);
    }

    std::size_t meal_of(std::size_t exposure) const {
        return static_cast<std::size_t>(reports_.meal[exposure]);
    }

    double space(std::int32_t a, std::int32_t b) const {
        if (options_.distance_km.empty()) return 0.0;
        const auto i = static_cast<std::size_t>(a);
        const auto j = static_cast<std::size_t>(b);
        const double km = distance_km(reports_.latitude[i], reports_.longitude[i], reports_.latitude[j],
                                      reports_.longitude[j]);
        if (std::isnan(km)) return 0.0;  // a home is unknown
        const auto& distances = options_.distance_km;
        const auto at = std::lower_bound(distances.begin(), distances.end(), km) - distances.begin();
        return options_.distance_evidence[std::min(static_cast<std::size_t>(at), distances.size() - 1)];
    }

    std::vector<Exposed> exposed_to(std::size_t value) const;
    double log_share(std::size_t kind, std::size_t context, double n, double n_in_context) const;
    double contagion(std::size_t kind, const Exposed& a, const Exposed& b, double gap) const;
    Link weigh(const Exposed& a, const Exposed& b, double gap, double sharing) const;

    const CaseReports& reports_;
    const LinkOptions& options_;
    ByValue by_value_;
    Habits habits_;
    std::vector<double> log_prior_;
    double nearest_ = 0.0;
    double closest_ = 0.0;
};

/// Share of the value among the reports of others in this context, shrunk towards its share in all.
double Linker::log_share(std::size_t kind, std::size_t context, double n, double n_in_context) const {
    const double concentration = reports_.concentration[kind];
    const double anywhere =
        (n - 1.0 + reports_.pseudo_count[kind]) / (habits_.total(kind) - 1.0 + reports_.pseudo_total[kind]);
    return std::log((n_in_context - 1.0 + concentration * anywhere) /
                    (habits_.total(kind, context) - 1.0 + concentration));
}

std::vector<Exposed> Linker::exposed_to(std::size_t value) const {
    const auto exposures = by_value_.exposures(value);
    const auto kind = static_cast<std::size_t>(reports_.kind[value]);
    const std::size_t n_agents = reports_.n_agents();
    std::vector<std::pair<std::int32_t, double>> in_context;
    for (const std::int32_t exposure : exposures) {
        const auto person =
            static_cast<std::size_t>(reports_.exposed_case[static_cast<std::size_t>(exposure)]);
        in_context.emplace_back(reports_.context[person], 1.0);
    }
    std::sort(in_context.begin(), in_context.end());
    std::vector<Exposed> result;
    for (const std::int32_t exposure : exposures) {
        const auto i = static_cast<std::size_t>(exposure);
        const std::int32_t person = reports_.exposed_case[i];
        const auto p = static_cast<std::size_t>(person);
        const double time = reports_.time(p, i);
        if (time < options_.from || time > options_.until) continue;
        const auto same =
            std::equal_range(in_context.begin(), in_context.end(), std::pair(reports_.context[p], 1.0));
        double most = -std::numeric_limits<double>::infinity();
        for (std::size_t a = 0; a < n_agents; ++a) {
            most = std::max(most, reports_.case_evidence[p * n_agents + a] +
                                      reports_.lag_evidence[meal_of(i) * n_agents + a]);
        }
        result.push_back(
            {time, person, i,
             log_share(kind, static_cast<std::size_t>(reports_.context[p]),
                       static_cast<double>(exposures.size()), static_cast<double>(same.second - same.first)),
             most + reports_.report_evidence[i]});
    }
    std::sort(result.begin(), result.end(), [](const Exposed& a, const Exposed& b) {
        return std::tie(a.time, a.person) < std::tie(b.time, b.person);
    });
    return result;
}

/// What the pair loses because one may have infected the other: so many infections to one that chance brings.
double Linker::contagion(std::size_t kind, const Exposed& a, const Exposed& b, double gap) const {
    const double density = reports_.contagion[kind] * serial_density(reports_, gap);
    if (density == 0.0) return 0.0;
    const std::size_t n_agents = reports_.n_agents();
    const double* case_a = &reports_.case_evidence[static_cast<std::size_t>(a.person) * n_agents];
    const double* case_b = &reports_.case_evidence[static_cast<std::size_t>(b.person) * n_agents];
    double alike = 0.0;
    for (std::size_t k = 0; k < n_agents; ++k) {
        alike += reports_.infectious[k] * std::exp(case_a[k] + case_b[k]);
    }
    const double of_kind_per_hour =
        static_cast<double>(habits_.times(kind).size()) / (options_.until - options_.from);
    const double by_chance = of_kind_per_hour * std::exp((a.log_share + b.log_share) / 2);
    return -std::log1p(density * alike / by_chance);
}

Link Linker::weigh(const Exposed& a, const Exposed& b, double gap, double sharing) const {
    const std::size_t n_agents = reports_.n_agents();
    const double* case_a = &reports_.case_evidence[static_cast<std::size_t>(a.person) * n_agents];
    const double* case_b = &reports_.case_evidence[static_cast<std::size_t>(b.person) * n_agents];
    const double* lag_a = &reports_.lag_evidence[meal_of(a.exposure) * n_agents];
    const double* lag_b = &reports_.lag_evidence[meal_of(b.exposure) * n_agents];
    std::vector<double> symptoms(n_agents);
    std::vector<double> both(n_agents);
    for (std::size_t k = 0; k < n_agents; ++k) {
        symptoms[k] = log_prior_[k] + case_a[k] + case_b[k];
        both[k] = symptoms[k] + lag_a[k] + lag_b[k];
    }
    Link link;
    link.first = std::min(a.person, b.person);
    link.second = std::max(a.person, b.person);
    link.sharing = sharing;
    link.time = log_time_ratio(gap);
    link.symptoms = log_sum_exp(symptoms);
    link.incubation = log_sum_exp(both) - link.symptoms;
    link.report = reports_.report_evidence[a.exposure] + reports_.report_evidence[b.exposure];
    link.space = space(a.person, b.person);
    const std::int32_t value = reports_.value[a.exposure];
    const auto kind = static_cast<std::size_t>(reports_.kind[static_cast<std::size_t>(value)]);
    link.value = value;
    link.contagion = contagion(kind, a, b, gap);
    link.total = link.sharing + link.time + link.symptoms + link.incubation + link.report + link.space +
                 link.contagion;
    return link;
}

}  // namespace

std::vector<Link> links(const CaseReports& reports, const LinkOptions& options, int n_threads,
                        RunControl& control) {
    check(reports);
    check_options(options);
    const Linker linker(reports, options);
    constexpr std::size_t values_per_task = 64;
    const std::size_t n_tasks = (reports.n_values() + values_per_task - 1) / values_per_task;
    std::vector<std::vector<Link>> parts(n_tasks);
    control.expect(n_tasks);
    parallel_for(n_tasks, resolve_threads(n_threads), control, [&](std::size_t task, std::size_t) {
        const std::size_t end = std::min(reports.n_values(), (task + 1) * values_per_task);
        for (std::size_t value = task * values_per_task; value < end; ++value) {
            control.check();
            linker.link(value, parts[task]);
        }
        control.advance(1);
    });
    std::vector<Link> all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    std::sort(all.begin(), all.end(), [](const Link& a, const Link& b) {
        return std::tuple(a.first, a.second, -a.total, a.value) <
               std::tuple(b.first, b.second, -b.total, b.value);
    });
    const auto end = std::unique(all.begin(), all.end(), [](const Link& a, const Link& b) {
        return a.first == b.first && a.second == b.second;
    });
    all.erase(end, all.end());
    return all;
}

}  // namespace enteroscan
