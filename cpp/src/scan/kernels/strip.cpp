#include <cstring>

#include "scan/kernels/instruction_set.hpp"

namespace enteroscan::detail::ENTEROSCAN_ISA {
namespace {

#if defined(__GNUC__)
using Numbers __attribute__((vector_size(strip_width * sizeof(double)))) = double;
#else
/// strip_width numbers, for compilers without vectors of their own.
struct Numbers {
    double lane[strip_width];
    double operator[](std::size_t i) const { return lane[i]; }
};
template <class F>
Numbers each(const Numbers& a, const Numbers& b, F f) {
    Numbers result;
    for (std::size_t i = 0; i < strip_width; ++i) result.lane[i] = f(a.lane[i], b.lane[i]);
    return result;
}
Numbers operator+(const Numbers& a, const Numbers& b) {
    return each(a, b, [](double x, double y) { return x + y; });
}
Numbers operator-(const Numbers& a, const Numbers& b) {
    return each(a, b, [](double x, double y) { return x - y; });
}
Numbers operator*(const Numbers& a, const Numbers& b) {
    return each(a, b, [](double x, double y) { return x * y; });
}
#endif

void fill(Numbers& result, double number) {
    double lanes[strip_width];
    for (double& lane : lanes) lane = number;
    std::memcpy(&result, lanes, sizeof(result));
}

/// Number i and those after it, or the first for all.
template <bool one>
void read(Numbers& result, const double* numbers, std::size_t i) {
    if (one) {
        fill(result, *numbers);
    } else {
        std::memcpy(&result, numbers + i, sizeof(result));
    }
}

template <bool sharp, bool fixed_end, bool one_limit>
void mark(const Strip& strip) {
    Numbers weight;
    Numbers ratio;
    Numbers total;
    Numbers factor;
    fill(weight, strip.weight);
    fill(ratio, strip.ratio);
    fill(total, strip.total);
    fill(factor, strip.factor);
    for (std::size_t i = 0; i < strip.n; i += strip_width) {
        Numbers cases_before;
        Numbers cases_until;
        Numbers measure_before;
        Numbers measure_until;
        Numbers limit;
        read<false>(cases_before, strip.cases_until_start, i);
        read<fixed_end>(cases_until, strip.cases_until_end, i);
        read<false>(measure_before, strip.measure_until_start, i);
        read<fixed_end>(measure_until, strip.measure_until_end, i);
        read<one_limit>(limit, strip.limits, i);
        const Numbers c = cases_until - cases_before;
        const Numbers u = (measure_until - measure_before) * weight;
        const Numbers excess = c - u * ratio;
        const Numbers outside = total - (sharp ? c : u);
        const Numbers room = factor * excess * excess * (outside + u) - limit * u * outside;
        bool any = false;
        for (std::size_t j = 0; j < strip_width; ++j) any |= room[j] >= 0.0 && (!sharp || excess[j] > 0.0);
        strip.marks[i / strip_width] = any ? 1 : 0;
    }
}

template <bool sharp, bool fixed_end>
void mark(const Strip& strip) {
    if (strip.one_limit) {
        mark<sharp, fixed_end, true>(strip);
    } else {
        mark<sharp, fixed_end, false>(strip);
    }
}

}  // namespace

void mark_strip(const Strip& strip) {
    if (strip.sharp && strip.fixed_end) {
        mark<true, true>(strip);
    } else if (strip.sharp) {
        mark<true, false>(strip);
    } else if (strip.fixed_end) {
        mark<false, true>(strip);
    } else {
        mark<false, false>(strip);
    }
}

}  // namespace enteroscan::detail::ENTEROSCAN_ISA
