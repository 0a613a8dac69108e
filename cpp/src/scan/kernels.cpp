#include "scan/kernels/kernels.hpp"

#if defined(_MSC_VER)
#include <intrin.h>
#endif

namespace enteroscan::detail {

namespace baseline {
Kernels make_kernels();
}
#if defined(ENTEROSCAN_HAVE_V3)
namespace v3 {
Kernels make_kernels();
}
#endif

namespace {

#if defined(ENTEROSCAN_HAVE_V3)
bool processor_has_v3() {
#if defined(_MSC_VER)
    int registers[4];
    __cpuidex(registers, 7, 0);
    return (registers[1] & (1 << 5)) != 0;  // AVX2, which Windows supports wherever the processor does
#else
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
#endif
}
#endif

Kernels best_kernels() {
#if defined(ENTEROSCAN_HAVE_V3)
    if (processor_has_v3()) return v3::make_kernels();
#endif
    return baseline::make_kernels();
}

}  // namespace

const Kernels& kernels() {
    static const Kernels best = best_kernels();
    return best;
}

}  // namespace enteroscan::detail
