// Reductions for AVX-512 F, BW, DQ and VL. The instruction set is chosen here, not by compiler flags.
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")
#endif
#include "reduce_kernels.h"

const reduce::Table reduce::kAvx512 = TSMPI_REDUCE_TABLE;

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
