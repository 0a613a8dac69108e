#pragma once
// What each instruction set's copy of the kernels defines.

#include "scan/kernels/kernels.hpp"

namespace enteroscan::detail::ENTEROSCAN_ISA {

Kernels make_kernels();

void direct8_high(const DirectPass& pass, std::size_t n_counters);
void direct8_low(const DirectPass& pass, std::size_t n_counters);
void direct16_high(const DirectPass& pass, std::size_t n_counters);
void direct16_low(const DirectPass& pass, std::size_t n_counters);
void bits_high(const BitPass& pass);
void bits_low(const BitPass& pass);
void cumulate8(void* rows, std::size_t n_rows, std::size_t n_counters, void* carried);
void cumulate16(void* rows, std::size_t n_rows, std::size_t n_counters, void* carried);
std::uint32_t accumulate(const std::uint8_t* counts, std::size_t n_columns, const std::uint32_t* members,
                         std::size_t n_members, std::uint16_t* totals);
void test_intervals(const IntervalTest& test);
void mark_strip(const Strip& strip);

}  // namespace enteroscan::detail::ENTEROSCAN_ISA
