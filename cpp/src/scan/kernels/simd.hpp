#pragma once
// One vector of bytes, in which every lane is a replicate, and what the kernels do with it: 32 lanes with
// AVX2, 16 with SSE4.1 and on other processors. A vector of bytes widens into two of 16 bits, in an order
// of lanes that narrowing undoes.

#include <cstddef>
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE4_1__) || (defined(_M_X64) && !defined(__clang__))
#include <smmintrin.h>
#define ENTEROSCAN_SSE4
#endif

#if defined(__GNUC__)
#define ENTEROSCAN_INLINE __attribute__((always_inline))
#define ENTEROSCAN_NEVER_INLINE __attribute__((noinline))
#else
#define ENTEROSCAN_INLINE
#define ENTEROSCAN_NEVER_INLINE
#endif

namespace enteroscan::detail::ENTEROSCAN_ISA {

/// Asks for what will be read soon.
static inline void prefetch([[maybe_unused]] const void* p) {
#if defined(__GNUC__)
    __builtin_prefetch(p);
#elif defined(__AVX2__) || defined(ENTEROSCAN_SSE4)
    _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0);
#endif
}

#if defined(__AVX2__)

using Vector = __m256i;
static inline Vector load(const void* p) { return _mm256_loadu_si256(static_cast<const Vector*>(p)); }
static inline void store(void* p, Vector v) { _mm256_storeu_si256(static_cast<Vector*>(p), v); }
static inline Vector zero() { return _mm256_setzero_si256(); }
static inline Vector bits_or(Vector a, Vector b) { return _mm256_or_si256(a, b); }
static inline Vector bits_and(Vector a, Vector b) { return _mm256_and_si256(a, b); }
static inline Vector bits_xor(Vector a, Vector b) { return _mm256_xor_si256(a, b); }
static inline bool any(Vector v) { return _mm256_testz_si256(v, v) == 0; }
static inline std::uint32_t lanes_set(Vector v) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(v));
}

static inline Vector fill8(std::uint8_t x) { return _mm256_set1_epi8(static_cast<char>(x)); }
static inline Vector add8(Vector a, Vector b) { return _mm256_adds_epu8(a, b); }
static inline Vector sub8(Vector a, Vector b) { return _mm256_subs_epu8(a, b); }
static inline Vector max8(Vector a, Vector b) { return _mm256_max_epu8(a, b); }
static inline Vector equal8(Vector a, Vector b) { return _mm256_cmpeq_epi8(a, b); }

static inline Vector fill16(std::uint16_t x) { return _mm256_set1_epi16(static_cast<short>(x)); }
static inline Vector add16(Vector a, Vector b) { return _mm256_adds_epu16(a, b); }
static inline Vector sub16(Vector a, Vector b) { return _mm256_subs_epu16(a, b); }
static inline Vector max16(Vector a, Vector b) { return _mm256_max_epu16(a, b); }
static inline Vector add_signed16(Vector a, Vector b) { return _mm256_adds_epi16(a, b); }
static inline Vector sub_signed16(Vector a, Vector b) { return _mm256_subs_epi16(a, b); }
static inline Vector wrap_sub16(Vector a, Vector b) { return _mm256_sub_epi16(a, b); }
static inline Vector min_signed16(Vector a, Vector b) { return _mm256_min_epi16(a, b); }
static inline Vector max_signed16(Vector a, Vector b) { return _mm256_max_epi16(a, b); }
static inline Vector equal16(Vector a, Vector b) { return _mm256_cmpeq_epi16(a, b); }
static inline Vector shift_left16(Vector a, int n) { return _mm256_sll_epi16(a, _mm_cvtsi32_si128(n)); }
static inline Vector shift_right16(Vector a, int n) { return _mm256_srl_epi16(a, _mm_cvtsi32_si128(n)); }
static inline Vector widen_low(Vector v) { return _mm256_unpacklo_epi8(v, zero()); }
static inline Vector widen_high(Vector v) { return _mm256_unpackhi_epi8(v, zero()); }
static inline Vector narrow(Vector low, Vector high) { return _mm256_packus_epi16(low, high); }
static inline Vector narrow_mask(Vector low, Vector high) { return _mm256_packs_epi16(low, high); }

#elif defined(ENTEROSCAN_SSE4)

using Vector = __m128i;
static inline Vector load(const void* p) { return _mm_loadu_si128(static_cast<const Vector*>(p)); }
static inline void store(void* p, Vector v) { _mm_storeu_si128(static_cast<Vector*>(p), v); }
static inline Vector zero() { return _mm_setzero_si128(); }
static inline Vector bits_or(Vector a, Vector b) { return _mm_or_si128(a, b); }
static inline Vector bits_and(Vector a, Vector b) { return _mm_and_si128(a, b); }
static inline Vector bits_xor(Vector a, Vector b) { return _mm_xor_si128(a, b); }
static inline bool any(Vector v) { return _mm_testz_si128(v, v) == 0; }
static inline std::uint32_t lanes_set(Vector v) { return static_cast<std::uint32_t>(_mm_movemask_epi8(v)); }

static inline Vector fill8(std::uint8_t x) { return _mm_set1_epi8(static_cast<char>(x)); }
static inline Vector add8(Vector a, Vector b) { return _mm_adds_epu8(a, b); }
static inline Vector sub8(Vector a, Vector b) { return _mm_subs_epu8(a, b); }
static inline Vector max8(Vector a, Vector b) { return _mm_max_epu8(a, b); }
static inline Vector equal8(Vector a, Vector b) { return _mm_cmpeq_epi8(a, b); }

static inline Vector fill16(std::uint16_t x) { return _mm_set1_epi16(static_cast<short>(x)); }
static inline Vector add16(Vector a, Vector b) { return _mm_adds_epu16(a, b); }
static inline Vector sub16(Vector a, Vector b) { return _mm_subs_epu16(a, b); }
static inline Vector max16(Vector a, Vector b) { return _mm_max_epu16(a, b); }
static inline Vector add_signed16(Vector a, Vector b) { return _mm_adds_epi16(a, b); }
static inline Vector sub_signed16(Vector a, Vector b) { return _mm_subs_epi16(a, b); }
static inline Vector wrap_sub16(Vector a, Vector b) { return _mm_sub_epi16(a, b); }
static inline Vector min_signed16(Vector a, Vector b) { return _mm_min_epi16(a, b); }
static inline Vector max_signed16(Vector a, Vector b) { return _mm_max_epi16(a, b); }
static inline Vector equal16(Vector a, Vector b) { return _mm_cmpeq_epi16(a, b); }
static inline Vector shift_left16(Vector a, int n) { return _mm_sll_epi16(a, _mm_cvtsi32_si128(n)); }
static inline Vector shift_right16(Vector a, int n) { return _mm_srl_epi16(a, _mm_cvtsi32_si128(n)); }
static inline Vector widen_low(Vector v) { return _mm_unpacklo_epi8(v, zero()); }
static inline Vector widen_high(Vector v) { return _mm_unpackhi_epi8(v, zero()); }
static inline Vector narrow(Vector low, Vector high) { return _mm_packus_epi16(low, high); }
static inline Vector narrow_mask(Vector low, Vector high) { return _mm_packs_epi16(low, high); }

#else

// Plain loops over 16 bytes, for compilers to vectorise as they can.
struct Vector {
    union {
        std::uint8_t u8[16];
        std::uint16_t u16[8];
        std::int16_t i16[8];
    };
};
template <class F>
static inline Vector each8(Vector a, Vector b, F f) {
    for (int i = 0; i < 16; ++i) a.u8[i] = static_cast<std::uint8_t>(f(int{a.u8[i]}, int{b.u8[i]}));
    return a;
}
template <class F>
static inline Vector each16(Vector a, Vector b, F f) {
    for (int i = 0; i < 8; ++i) a.u16[i] = static_cast<std::uint16_t>(f(int{a.u16[i]}, int{b.u16[i]}));
    return a;
}
template <class F>
static inline Vector each_signed16(Vector a, Vector b, F f) {
    for (int i = 0; i < 8; ++i) a.i16[i] = static_cast<std::int16_t>(f(int{a.i16[i]}, int{b.i16[i]}));
    return a;
}
static inline int clamp(int x, int low, int high) { return x < low ? low : x > high ? high : x; }
static inline Vector load(const void* p) {
    Vector v;
    for (int i = 0; i < 16; ++i) v.u8[i] = static_cast<const std::uint8_t*>(p)[i];
    return v;
}
static inline void store(void* p, Vector v) {
    for (int i = 0; i < 16; ++i) static_cast<std::uint8_t*>(p)[i] = v.u8[i];
}
static inline Vector fill8(std::uint8_t x) {
    Vector v;
    for (int i = 0; i < 16; ++i) v.u8[i] = x;
    return v;
}
static inline Vector zero() { return fill8(0); }
static inline Vector fill16(std::uint16_t x) {
    Vector v;
    for (int i = 0; i < 8; ++i) v.u16[i] = x;
    return v;
}
static inline Vector bits_or(Vector a, Vector b) {
    return each8(a, b, [](int x, int y) { return x | y; });
}
static inline Vector bits_and(Vector a, Vector b) {
    return each8(a, b, [](int x, int y) { return x & y; });
}
static inline Vector bits_xor(Vector a, Vector b) {
    return each8(a, b, [](int x, int y) { return x ^ y; });
}
static inline std::uint32_t lanes_set(Vector v) {
    std::uint32_t mask = 0;
    for (int i = 0; i < 16; ++i) mask |= static_cast<std::uint32_t>(v.u8[i] >> 7) << i;
    return mask;
}
static inline bool any(Vector v) {
    int all = 0;
    for (int i = 0; i < 16; ++i) all |= v.u8[i];
    return all != 0;
}
static inline Vector add8(Vector a, Vector b) {
    return each8(a, b, [](int x, int y) { return clamp(x + y, 0, 255); });
}
static inline Vector sub8(Vector a, Vector b) {
    return each8(a, b, [](int x, int y) { return clamp(x - y, 0, 255); });
}
static inline Vector max8(Vector a, Vector b) {
    return each8(a, b, [](int x, int y) { return x > y ? x : y; });
}
static inline Vector equal8(Vector a, Vector b) {
    return each8(a, b, [](int x, int y) { return x == y ? 255 : 0; });
}
static inline Vector add16(Vector a, Vector b) {
    return each16(a, b, [](int x, int y) { return clamp(x + y, 0, 65535); });
}
static inline Vector sub16(Vector a, Vector b) {
    return each16(a, b, [](int x, int y) { return clamp(x - y, 0, 65535); });
}
static inline Vector max16(Vector a, Vector b) {
    return each16(a, b, [](int x, int y) { return x > y ? x : y; });
}
static inline Vector add_signed16(Vector a, Vector b) {
    return each_signed16(a, b, [](int x, int y) { return clamp(x + y, -32768, 32767); });
}
static inline Vector sub_signed16(Vector a, Vector b) {
    return each_signed16(a, b, [](int x, int y) { return clamp(x - y, -32768, 32767); });
}
static inline Vector wrap_sub16(Vector a, Vector b) {
    return each16(a, b, [](int x, int y) { return x - y; });
}
static inline Vector min_signed16(Vector a, Vector b) {
    return each_signed16(a, b, [](int x, int y) { return x < y ? x : y; });
}
static inline Vector max_signed16(Vector a, Vector b) {
    return each_signed16(a, b, [](int x, int y) { return x > y ? x : y; });
}
static inline Vector equal16(Vector a, Vector b) {
    return each16(a, b, [](int x, int y) { return x == y ? 65535 : 0; });
}
static inline Vector shift_left16(Vector a, int n) {
    return each16(a, a, [n](int x, int) { return x << n; });
}
static inline Vector shift_right16(Vector a, int n) {
    return each16(a, a, [n](int x, int) { return x >> n; });
}
static inline Vector widen_low(Vector v) {
    Vector w;
    for (int i = 0; i < 8; ++i) w.u16[i] = v.u8[i];
    return w;
}
static inline Vector widen_high(Vector v) {
    Vector w;
    for (int i = 0; i < 8; ++i) w.u16[i] = v.u8[8 + i];
    return w;
}
static inline Vector narrow(Vector low, Vector high) {
    Vector v;
    for (int i = 0; i < 8; ++i) {
        v.u8[i] = static_cast<std::uint8_t>(clamp(low.i16[i], 0, 255));
        v.u8[8 + i] = static_cast<std::uint8_t>(clamp(high.i16[i], 0, 255));
    }
    return v;
}
static inline Vector narrow_mask(Vector low, Vector high) {
    Vector v;
    for (int i = 0; i < 8; ++i) {
        v.u8[i] = low.u16[i] != 0 ? 255 : 0;
        v.u8[8 + i] = high.u16[i] != 0 ? 255 : 0;
    }
    return v;
}

#endif

static constexpr std::size_t vector_bytes = sizeof(Vector);

/// Greatest of the 16-bit lanes.
static inline std::uint16_t greatest16(Vector v) {
    std::uint16_t lanes[vector_bytes / 2];
    store(lanes, v);
    std::uint16_t greatest = 0;
    for (const std::uint16_t lane : lanes) greatest = lane > greatest ? lane : greatest;
    return greatest;
}

}  // namespace enteroscan::detail::ENTEROSCAN_ISA
