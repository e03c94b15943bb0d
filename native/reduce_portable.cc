// Reductions for whatever the compiler takes as its baseline: SSE2 on x86-64, NEON on arm64.
#include "reduce_kernels.h"

const reduce::Table reduce::kPortable = TSMPI_REDUCE_TABLE;
