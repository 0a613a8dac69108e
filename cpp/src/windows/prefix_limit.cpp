#include "windows/prefix_limit.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "enteroscan/base/error.hpp"

namespace enteroscan {
namespace {

void check_limit(double limit, std::string_view name, std::string_view what) {
    if (limit >= 0.0) return;
    std::ostringstream text;
    text << "the largest " << what << " of " << name << " zones must be a number >= 0, got " << limit;
    throw InvalidInput(text.str());
}

void check_weights(std::span<const double> weights, std::size_t n_locations, std::string_view name) {
    std::ostringstream text;
    if (weights.size() != n_locations) {
        text << "a size limit of " << name << " zones needs one weight for each of the " << n_locations
             << " locations, got " << weights.size();
        throw InvalidInput(text.str());
    }
    const auto is_bad = [](double weight) { return weight < 0.0 || !std::isfinite(weight); };
    const auto n_bad = std::count_if(weights.begin(), weights.end(), is_bad);
    if (n_bad == 0) return;
    const auto first = std::find_if(weights.begin(), weights.end(), is_bad);
    text << "the weights of a size limit of " << name << " zones must be finite numbers >= 0: " << n_bad
         << (n_bad == 1 ? " is" : " are") << " not, the first is " << *first << " of location "
         << first - weights.begin();
    throw InvalidInput(text.str());
}

/// How many members may be added before the sum of their weights exceeds the limit.
std::size_t prefix_within(const SizeLimit& size, std::span<const std::uint32_t> members, double& sum) {
    const double* const weights = size.weights.data();
    for (std::size_t k = 0; k < members.size(); ++k) {
        const double next = sum + weights[members[k]];
        if (next > size.limit) return k;
        sum = next;
    }
    return members.size();
}

}  // namespace

PrefixLimit::PrefixLimit(ZoneLimits limits, std::size_t n_locations, std::string_view name)
    : limits_(std::move(limits)) {
    check_limit(limits_.max_radius, name, "radius");
    for (const SizeLimit& size : limits_.sizes) {
        check_limit(size.limit, name, "size");
        check_weights(size.weights, n_locations, name);
    }
}

std::size_t PrefixLimit::extend(std::span<const std::uint32_t> members, std::span<double> sums) const {
    std::size_t n = members.size();
    for (std::size_t s = 0; s < sums.size(); ++s) {
        n = prefix_within(limits_.sizes[s], members.first(n), sums[s]);
    }
    return n;
}

}  // namespace enteroscan
