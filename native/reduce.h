// Elementwise reductions: the tables of kernels, one per instruction set.
#pragma once
#include <cstddef>

namespace reduce {

constexpr int kOps = 12;
constexpr int kTypes = 11;

/// inout[i] = inout[i] op input[i] for `length` elements; the arrays do not overlap.
using Kernel = void (*)(void* inout, const void* input, size_t length);

/// By op code and type code (lib/data/): null where the op does not take the type.
using Table = Kernel[kOps][kTypes];

extern const Table kPortable;
#if defined(__x86_64__)
#define TSMPI_REDUCE_X86 1
extern const Table kAvx2;
extern const Table kAvx512;
#endif

}  // namespace reduce
