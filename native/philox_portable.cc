// Philox4x32-10 and the Monte-Carlo count in plain C++: what the other kernels must agree with, and their slow path.
// J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC'11.
#include "philox.h"

namespace {

struct Block {
  uint32_t c0, c1, c2, c3;
};

inline Block rounds(Block c, uint32_t k0, uint32_t k1, int from) {
  for (int r = from; r < kRounds; r++) {
    const uint64_t p0 = uint64_t(kMultiplier0) * c.c0, p1 = uint64_t(kMultiplier1) * c.c2;
    const uint32_t w0 = k0 + uint32_t(r) * kWeyl0, w1 = k1 + uint32_t(r) * kWeyl1;
    c = {uint32_t(p1 >> 32) ^ c.c1 ^ w0, uint32_t(p1), uint32_t(p0 >> 32) ^ c.c3 ^ w1, uint32_t(p0)};
  }
  return c;
}

void block(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  const Block c = rounds({counter[0], counter[1], counter[2], counter[3]}, key[0], key[1], 0);
  out[0] = c.c0, out[1] = c.c1, out[2] = c.c2, out[3] = c.c3;
}

/// The word's distance from `kInside`.
inline uint32_t distance(uint32_t word) {
  const int32_t x = int16_t(word), y = int16_t(word >> 16);
  return uint32_t(x * x) + uint32_t(y * y) - kInside;
}

uint64_t hits(uint64_t first, uint64_t blocks, uint64_t seed) {
  uint64_t inside = 0;
  for (uint64_t b = first; b < first + blocks; b++) {
    const Block c = rounds({uint32_t(b), uint32_t(b >> 32), 0, 0}, uint32_t(seed), uint32_t(seed >> 32), 0);
    const uint32_t d[4] = {distance(c.c0), distance(c.c1), distance(c.c2), distance(c.c3)};
    inside += (d[0] >> 31) + (d[1] >> 31) + (d[2] >> 31) + (d[3] >> 31);
    const bool near = (d[0] < 2 * kBand) | (d[1] < 2 * kBand) | (d[2] < 2 * kBand) | (d[3] < 2 * kBand);
    if (__builtin_expect(near, 0)) {
      for (unsigned w = 0; w < 4; w++)
        if (d[w] < 2 * kBand) inside += decide(b, w, seed);
    }
  }
  return inside;
}

}  // namespace

bool decide(uint64_t block, unsigned word, uint64_t seed) {
  const uint32_t key[2] = {uint32_t(seed), uint32_t(seed >> 32)};
  uint32_t counter[4] = {uint32_t(block), uint32_t(block >> 32), 0, 0}, upper[4], lower[4];
  kPortable.block(counter, key, upper);
  counter[2] = 1;
  kPortable.block(counter, key, lower);
  const int64_t x = int32_t(upper[word] << 16 | (lower[word] & 0xffff));
  const int64_t y = int32_t((upper[word] & 0xffff0000) | lower[word] >> 16);
  return x * (x + 1) + y * (y + 1) < int64_t(1) << 62;
}

const Kernel kPortable = {"portable", hits, 1, block};
