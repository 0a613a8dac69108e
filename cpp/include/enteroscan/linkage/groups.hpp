#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/linkage/reports.hpp"

namespace enteroscan {

/// Where and when common sources are looked for.
struct GroupOptions {
    double from = 0.0;         ///< first exposure time that is looked at
    double until = 0.0;        ///< last one
    double fresh_since = 0.0;  ///< at least one exposed case was reported at this time or later
    /// Longest times from the first to the last exposure to a source, ascending.
    std::vector<double> durations = {2.0, 6.0, 24.0, 48.0, 96.0, 168.0, 336.0};
    std::int32_t min_cases = 2;  ///< fewest cases exposed in that time
    /// Values that more cases report, at any time, are passed over; 0: none is.
    std::int64_t max_reports = 0;
};

/// Another source that explains cases of a group.
struct Explanation {
    std::int32_t value = 0;
    double statistic = 0.0;
    std::int32_t n_shared = 0;  ///< cases of the group among its own
};

/// Cases that one source explains better than chance.
struct Group {
    std::int32_t value = 0;  ///< the source
    double first = 0.0;      ///< time of the first exposure
    double last = 0.0;       ///< ... and of the last
    double statistic = 0.0;
    // Its parts, each what it adds when it is taken into account after those before it.
    double sharing = 0.0;               ///< so many exposed where fewer are expected
    double incubation = 0.0;            ///< times from exposure to onset
    double symptoms = 0.0;              ///< symptoms and laboratory
    double report = 0.0;                ///< others ill
    double contagion = 0.0;             ///< that cases may have infected each other; never positive
    double expected = 0.0;              ///< cases that chance exposes to the source in this time
    double attributable = 0.0;          ///< cases that the source explains, by the likeliest agent
    std::vector<double> agents;         ///< probability of each agent, given that there is a source
    std::vector<std::int32_t> cases;    ///< exposed in this time, the likeliest members first
    std::vector<double> probabilities;  ///< of each of them: that the source made it ill
    std::vector<Explanation> others;    ///< runners-up, the best first
};

class ExposureIndex;

/// The search for groups of cases with a common source.
///
/// A source is a value, a time and an agent. Cases that report the value in that time are a mixture: chance
/// sends `expected` of them there, the source A more. A case whose evidence e (a likelihood ratio) speaks for
/// the agent belongs to the source with probability A e / (A e + expected), and
///
///     L(A) = sum over the exposed cases of log(1 + A e / expected) - A
///
/// is the log likelihood ratio of a marked Poisson process with the source against the same without. L is
/// concave: its greatest value over A is found exactly. The statistic of a value and a time is the mean of
/// exp(L) over the agents' prior, on the log scale; that of a source the greatest over all times [t, t'] from
/// one of its exposures to the last one within each of `durations`.
///
/// `expected` is the sum, over all reports of values of the same kind in that time, of the chance that such a
/// report names this value: its share among the reports outside the time, shrunk towards rare, in the context
/// of the case and in all. So a popular restaurant, a chain of supermarkets, rice, all need more cases.
///
/// Cases may have infected each other (people of one home). A case i then is also expected by the cases j of
/// the same value before it: to `expected` is added
///
///     (t' - t) contagion sum over j of f(t_i - t_j) sum over agents of infectious c_i c_j
///
/// with f the density of the serial interval and c the likelihood ratios of the cases' symptoms and
/// laboratory. So those who fall ill in the same hours, or by a poison, are a source's, and those who follow
/// by days are not.
///
/// Cases of outbreaks that are known may be set `aside`: they and what they report do not count then, neither
/// as members nor as what is usual here.
///
/// Immutable; all members may be called from several threads.
class SharedSources {
  public:
    /// @throws InvalidInput; see check() and for options that contradict themselves
    SharedSources(CaseReports reports, GroupOptions options);
    ~SharedSources();
    SharedSources(SharedSources&&) noexcept;
    SharedSources& operator=(SharedSources&&) noexcept;
    SharedSources(const SharedSources&) = delete;
    SharedSources& operator=(const SharedSources&) = delete;

    /// The groups whose statistic reaches `at_least`, the most likely first. The first is the best
    /// explanation of any cases; cases that belong to it more likely than not are then taken away, the
    /// next is the best explanation of the others, and so on.
    std::vector<Group> groups(double at_least, std::size_t at_most, std::span<const std::int32_t> aside,
                              int n_threads, RunControl& control) const;

    /// The greatest statistic of each kind of source in each of the replicates [begin, end), row by row: all
    /// that a case has eaten, at its distance in time from the onset, goes to a random case of the same
    /// stratum. Who falls ill when, where, at what age and with which symptoms stays, and so does everything
    /// that one person reports. A replicate depends on (seed, replicate) alone. 0 where nothing is eligible.
    std::vector<double> simulate(std::int64_t begin, std::int64_t end, std::uint64_t seed,
                                 std::span<const std::int32_t> aside, int n_threads,
                                 RunControl& control) const;

    /// The exposures of case c in a replicate are those of case result[c].
    std::vector<std::int32_t> permutation(std::uint64_t seed, std::int64_t replicate,
                                          std::span<const std::int32_t> aside) const;

    const CaseReports& reports() const noexcept;
    const GroupOptions& options() const noexcept;

  private:
    std::unique_ptr<const ExposureIndex> index_;
};

}  // namespace enteroscan
