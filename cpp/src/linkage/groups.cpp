#include "enteroscan/linkage/groups.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "../base/parallel.hpp"
#include "enteroscan/base/error.hpp"
#include "exposure_index.hpp"
#include "mixture.hpp"
#include "search.hpp"

namespace enteroscan {

namespace {

constexpr std::size_t most_others = 5;
constexpr std::size_t values_per_task = 64;

/// One number a case, 1 for those in the list.
std::vector<std::uint8_t> flags(const CaseReports& reports, std::span<const std::int32_t> cases) {
    std::vector<std::uint8_t> result(reports.n_cases(), 0);
    for (const std::int32_t i : cases) {
        if (i < 0 || std::cmp_greater_equal(i, result.size())) throw InvalidInput("there is no such case");
        result[static_cast<std::size_t>(i)] = 1;
    }
    return result;
}

}  // namespace

SharedSources::SharedSources(CaseReports reports, GroupOptions options)
    : index_(std::make_unique<const ExposureIndex>(std::move(reports), std::move(options))) {}
SharedSources::~SharedSources() = default;
SharedSources::SharedSources(SharedSources&&) noexcept = default;
SharedSources& SharedSources::operator=(SharedSources&&) noexcept = default;

const CaseReports& SharedSources::reports() const noexcept { return index_->reports; }
const GroupOptions& SharedSources::options() const noexcept { return index_->options; }

std::vector<std::int32_t> SharedSources::permutation(std::uint64_t seed, std::int64_t replicate,
                                                     std::span<const std::int32_t> aside) const {
    std::vector<std::int32_t> source;
    index_->shuffle(seed, replicate, flags(index_->reports, aside), source);
    return source;
}

std::vector<double> SharedSources::simulate(std::int64_t begin, std::int64_t end, std::uint64_t seed,
                                            std::span<const std::int32_t> aside, int n_threads,
                                            RunControl& control) const {
    if (begin > end) throw InvalidInput("replicates must not end before they begin");
    const auto n = static_cast<std::size_t>(end - begin);
    const auto set_aside = flags(index_->reports, aside);
    const std::size_t n_kinds = index_->reports.n_kinds();
    std::vector<double> maxima(n * n_kinds, 0.0);
    const std::size_t threads = resolve_threads(n_threads);
    std::vector<std::unique_ptr<Search>> searches(threads);
    control.expect(n);
    parallel_for(n, threads, control, [&](std::size_t task, std::size_t worker) {
        auto& search = searches[worker];
        if (!search) search = std::make_unique<Search>(*index_, set_aside);
        std::vector<std::int32_t> source;
        index_->shuffle(seed, begin + static_cast<std::int64_t>(task), set_aside, source);
        search->assign(source);
        search->prepare();
        const auto greatest = std::span(maxima).subspan(task * n_kinds, n_kinds);
        for (std::size_t value = 0; value < index_->reports.n_values(); ++value) {
            double& most = greatest[static_cast<std::size_t>(index_->reports.kind[value])];
            if (const auto found = search->best(value, most)) most = found->statistic;
        }
        control.advance(1);
    });
    return maxima;
}

namespace {

/// The best source of a value as it is remembered between groups.
struct Candidate {
    double statistic = 0.0;
    double first = 0.0;
    double last = 0.0;
};

/// Finds groups one after the other.
class Grouping {
  public:
    Grouping(const ExposureIndex& data, std::span<const std::uint8_t> aside, double at_least, int n_threads,
             RunControl& control)
        : data_(data),
          searches_(resolve_threads(n_threads), Search(data, aside)),
          at_least_(at_least),
          control_(control) {
        first_exposure_.assign(data.reports.n_cases() + 1, 0);
        for (const std::int32_t c : data.reports.exposed_case)
            ++first_exposure_[static_cast<std::size_t>(c) + 1];
        std::partial_sum(first_exposure_.begin(), first_exposure_.end(), first_exposure_.begin());
        for (Search& search : searches_) search.prepare();
        all_.resize(data.reports.n_values());
        std::vector<std::int32_t> every(all_.size());
        std::iota(every.begin(), every.end(), 0);
        look_at(every, 0.0, values_per_task, all_);
        left_ = all_;
        exhausted_.assign(all_.size(), 0);
    }

    std::vector<Group> find(std::size_t at_most) {
        std::vector<Group> groups;
        while (groups.size() < at_most) {
            control_.check();
            const auto best = std::max_element(
                left_.begin(), left_.end(),
                [](const Candidate& a, const Candidate& b) { return a.statistic < b.statistic; });
            if (best == left_.end() || best->statistic <= 0.0 || best->statistic < at_least_) break;
            groups.push_back(group(static_cast<std::size_t>(best - left_.begin())));
            take_away(groups.back());
        }
        return groups;
    }

  private:
    /// Sets the candidates of these values.
    void look_at(std::span<const std::int32_t> values, double above, std::size_t per_task,
                 std::vector<Candidate>& candidates);
    static Candidate candidate(Search& search, std::size_t value, double above) {
        const auto found = search.best(value, above);
        if (!found) return {};
        const auto exposed = search.exposed();
        return {found->statistic, exposed[found->begin].time, exposed[found->end - 1].time};
    }

    Group group(std::size_t value);
    void take_away(const Group& group);
    void exhaust(std::int32_t value) {
        exhausted_[static_cast<std::size_t>(value)] = 1;
        left_[static_cast<std::size_t>(value)] = {};
    }
    std::vector<Explanation> others(const Group& group) const;
    bool exposed_between(std::int32_t person, std::size_t value, const Candidate& time) const;
    std::span<const std::int32_t> values_of(std::int32_t person) const {
        const auto p = static_cast<std::size_t>(person);
        return std::span(data_.reports.value)
            .subspan(first_exposure_[p], first_exposure_[p + 1] - first_exposure_[p]);
    }

    const ExposureIndex& data_;
    std::vector<Search> searches_;  // one a thread, with the same cases taken away
    double at_least_;
    RunControl& control_;
    std::vector<std::size_t> first_exposure_;
    std::vector<Candidate> all_;           // best source of each value
    std::vector<Candidate> left_;          // ... among cases that are in no group yet
    std::vector<std::uint8_t> exhausted_;  // not 0: the value is not looked at any more
};

void Grouping::look_at(std::span<const std::int32_t> values, double above, std::size_t per_task,
                       std::vector<Candidate>& candidates) {
    const std::size_t n_tasks = (values.size() + per_task - 1) / per_task;
    parallel_for(n_tasks, searches_.size(), control_, [&](std::size_t task, std::size_t worker) {
        const std::size_t begin = task * per_task;
        for (const std::int32_t value : values.subspan(begin, std::min(per_task, values.size() - begin))) {
            const auto v = static_cast<std::size_t>(value);
            candidates[v] = candidate(searches_[worker], v, above);
        }
    });
}

bool is_member(double probability) { return probability >= 0.5; }

Group Grouping::group(std::size_t value) {
    Search& search = searches_.front();
    const Source source = search.best(value, 0.0).value_or(Source{});
    const auto exposed = search.exposed();
    const std::size_t n = source.end - source.begin;
    const std::size_t n_agents = data_.prior.size();
    Group result;
    result.value = static_cast<std::int32_t>(value);
    result.first = exposed[source.begin].time;
    result.last = exposed[source.end - 1].time;
    result.statistic = source.statistic;
    result.expected = source.expected;
    const auto with = [&](Search::Evidence evidence) {
        return search.statistic(source.begin, source.end, source.expected, evidence);
    };
    const double sharing =
        with({.incubation = false, .symptoms = false, .report = false, .contagion = false});
    const double incubation = with({.symptoms = false, .report = false, .contagion = false});
    const double symptoms = with({.report = false, .contagion = false});
    const double report = with({.contagion = false});
    result.sharing = sharing;
    result.incubation = incubation - sharing;
    result.symptoms = symptoms - incubation;
    result.report = report - symptoms;
    result.contagion = source.statistic - report;
    result.agents.resize(n_agents);
    std::vector<double> belongs(n, 0.0);
    double likeliest = 0.0;
    for (std::size_t a = 0; a < n_agents; ++a) {
        const auto ratios = search.ratios(source.begin, source.end, a, source.expected);
        const SourceFit fit = fit_source(ratios);
        const double share = data_.prior[a] * std::exp(fit.log_likelihood_ratio - source.statistic);
        result.agents[a] = share;
        if (share > likeliest) {
            likeliest = share;
            result.attributable = fit.amount;
        }
        for (std::size_t i = 0; i < n; ++i) {
            belongs[i] += share * fit.amount * ratios[i] / (1.0 + fit.amount * ratios[i]);
        }
    }
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
        return std::pair(-belongs[i], i) < std::pair(-belongs[j], j);
    });
    for (const std::size_t i : order) {
        result.cases.push_back(exposed[source.begin + i].person);
        result.probabilities.push_back(std::min(belongs[i], 1.0));
    }
    result.others = others(result);
    return result;
}

bool Grouping::exposed_between(std::int32_t person, std::size_t value, const Candidate& time) const {
    const auto p = static_cast<std::size_t>(person);
    const auto values = values_of(person);
    const auto found = std::lower_bound(values.begin(), values.end(), static_cast<std::int32_t>(value));
    if (found == values.end() || std::cmp_not_equal(*found, value)) return false;
    const std::size_t exposure = first_exposure_[p] + static_cast<std::size_t>(found - values.begin());
    const double at = data_.reports.time(p, exposure);
    return at >= time.first && at <= time.last;
}

std::vector<Explanation> Grouping::others(const Group& group) const {
    std::vector<std::int32_t> shared;
    for (std::size_t i = 0; i < group.cases.size(); ++i) {
        if (!is_member(group.probabilities[i])) continue;
        for (const std::int32_t value : values_of(group.cases[i])) {
            const auto v = static_cast<std::size_t>(value);
            if (value != group.value && all_[v].statistic > 0.0 &&
                exposed_between(group.cases[i], v, all_[v])) {
                shared.push_back(value);
            }
        }
    }
    std::sort(shared.begin(), shared.end());
    std::vector<Explanation> found;
    for (std::size_t i = 0; i < shared.size();) {
        std::size_t j = i;
        while (j < shared.size() && shared[j] == shared[i]) ++j;
        if (j - i >= 2) {
            found.push_back({shared[i], all_[static_cast<std::size_t>(shared[i])].statistic,
                             static_cast<std::int32_t>(j - i)});
        }
        i = j;
    }
    std::sort(found.begin(), found.end(), [](const Explanation& a, const Explanation& b) {
        return std::pair(-a.statistic, a.value) < std::pair(-b.statistic, b.value);
    });
    if (found.size() > most_others) found.resize(most_others);
    return found;
}

void Grouping::take_away(const Group& group) {
    std::vector<std::int32_t> touched = {group.value};
    for (std::size_t i = 0; i < group.cases.size(); ++i) {
        if (!is_member(group.probabilities[i])) continue;
        for (Search& search : searches_) search.take(group.cases[i]);
        const auto values = values_of(group.cases[i]);
        touched.insert(touched.end(), values.begin(), values.end());
    }
    // A source without a likely member would come again and again.
    if (!is_member(group.probabilities.front())) exhaust(group.value);
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    std::erase_if(touched,
                  [this](std::int32_t value) { return exhausted_[static_cast<std::size_t>(value)] != 0; });
    look_at(touched, std::nextafter(std::max(at_least_, 0.0), 0.0), 1, left_);  // less is no group
}

}  // namespace

std::vector<Group> SharedSources::groups(double at_least, std::size_t at_most,
                                         std::span<const std::int32_t> aside, int n_threads,
                                         RunControl& control) const {
    const auto set_aside = flags(index_->reports, aside);
    return Grouping(*index_, set_aside, at_least, n_threads, control).find(at_most);
}

}  // namespace enteroscan
