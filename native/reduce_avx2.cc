// Reductions for AVX2. The instruction set is chosen here, not by compiler flags: build files list sources only.
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif
#include "reduce_kernels.h"

const reduce::Table reduce::kAvx2 = TSMPI_REDUCE_TABLE;

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
