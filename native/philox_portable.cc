// Philox4x32-10 and the Monte-Carlo count in plain C++: what the other kernels must agree with, and their slow path.
// J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC'11.
#include "philox.h"

namespace {

struct Keys {
  uint32_t k0[kRounds], k1[kRounds];
  Keys(uint32_t key0, uint32_t key1) {
    for (uint32_t r = 0; r < kRounds; r++) {
      k0[r] = key0 + r * kWeyl0;
      k1[r] = key1 + r * kWeyl1;
    }
  }
};

inline void philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, const Keys &keys, uint32_t out[4]) {
  for (int r = 0; r < kRounds; r++) {
    const uint64_t p0 = uint64_t(kMultiplier0) * c0, p1 = uint64_t(kMultiplier1) * c2;
    c0 = uint32_t(p1 >> 32) ^ c1 ^ keys.k0[r];
    c1 = uint32_t(p1);
    c2 = uint32_t(p0 >> 32) ^ c3 ^ keys.k1[r];
    c3 = uint32_t(p0);
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

void block(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  philox(counter[0], counter[1], counter[2], counter[3], Keys(key[0], key[1]), out);
}

/// x² + y² - kInside, for the two halves of a word.
inline uint32_t distance(uint32_t word) {
  const int32_t x = int16_t(word), y = int16_t(word >> 16);
  return uint32_t(x * x) + uint32_t(y * y) - kInside;
}

// Words first, points after, in batches: compilers vectorize the second loop, and the first keeps the multiplier busy.
constexpr uint64_t kBatch = 16;

uint64_t hits(uint64_t first, uint64_t blocks, uint64_t seed) {
  const Keys keys = Keys(uint32_t(seed), uint32_t(seed >> 32));
  uint64_t inside = 0;
  for (uint64_t b = first, end = first + blocks; b < end; b += kBatch) {
    uint32_t words[4 * kBatch];
    const uint64_t count = end - b < kBatch ? end - b : kBatch;
    for (uint64_t i = 0; i < count; i++) philox(uint32_t(b + i), uint32_t(b >> 32), 0, 0, keys, words + 4 * i);
    uint32_t sure = 0, near = 0;
    for (uint64_t i = 0; i < 4 * count; i++) {
      const uint32_t d = distance(words[i]);
      sure += d >> 31;
      near |= d < 2 * kBand;
    }
    inside += sure;
    if (near) {
      for (uint64_t i = 0; i < 4 * count; i++)
        if (distance(words[i]) < 2 * kBand) inside += decide(b + i / 4, unsigned(i % 4), seed);
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
