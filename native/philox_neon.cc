// The Monte-Carlo kernel for NEON: four blocks at a time, a vector for each of their words.
#if defined(__aarch64__)
#include <arm_neon.h>
#include "philox.h"

namespace {

using Vec = uint32x4_t;
constexpr int kGroups = 4;
constexpr uint64_t kBlocks = 4 * kGroups;

struct State {
  Vec c0, c1, c2, c3;
};

struct Product {
  Vec high, low;
};

inline Product mul(Vec a, uint32_t b) {
  const Vec even = vreinterpretq_u32_u64(vmull_n_u32(vget_low_u32(a), b));
  const Vec odd = vreinterpretq_u32_u64(vmull_high_n_u32(a, b));
  return {vuzp2q_u32(even, odd), vuzp1q_u32(even, odd)};
}

inline Vec xor3(Vec a, Vec b, Vec c) { return veorq_u32(a, veorq_u32(b, c)); }

inline void round(State &s, uint32_t k0, uint32_t k1) {
  const Product p0 = mul(s.c0, kMultiplier0), p1 = mul(s.c2, kMultiplier1);
  s = {xor3(p1.high, s.c1, vdupq_n_u32(k0)), p1.low, xor3(p0.high, s.c3, vdupq_n_u32(k1)), p0.low};
}

/// x² + y² - kInside, for the two halves of each word.
inline Vec distance(Vec word) {
  const int16x8_t halves = vreinterpretq_s16_u32(word);
  const int32x4_t low = vmull_s16(vget_low_s16(halves), vget_low_s16(halves));
  const Vec sum = vreinterpretq_u32_s32(vpaddq_s32(low, vmull_high_s16(halves, halves)));
  return vsubq_u32(sum, vdupq_n_u32(kInside));
}

void block(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  State s = {vdupq_n_u32(counter[0]), vdupq_n_u32(counter[1]), vdupq_n_u32(counter[2]), vdupq_n_u32(counter[3])};
  for (uint32_t r = 0; r < kRounds; r++) round(s, key[0] + r * kWeyl0, key[1] + r * kWeyl1);
  out[0] = vgetq_lane_u32(s.c0, 0);
  out[1] = vgetq_lane_u32(s.c1, 0);
  out[2] = vgetq_lane_u32(s.c2, 0);
  out[3] = vgetq_lane_u32(s.c3, 0);
}

/// Hits among the lanes of `distances` that lie in the band: samples `word` of the four blocks from `first` on.
uint64_t decideLanes(Vec distances, uint64_t first, unsigned word, uint64_t seed) {
  uint32_t lanes[4];
  vst1q_u32(lanes, distances);
  uint64_t inside = 0;
  for (unsigned i = 0; i < 4; i++)
    if (lanes[i] < 2 * kBand) inside += decide(first + i, word, seed);
  return inside;
}

uint64_t hits(uint64_t first, uint64_t blocks, uint64_t seed) {
  const uint32_t key0 = uint32_t(seed), key1 = uint32_t(seed >> 32);
  const uint32_t iota[4] = {0, 1, 2, 3};
  uint64_t decided = 0;
  Vec inside = vdupq_n_u32(0);
  for (uint64_t b = first; b < first + blocks; b += kBlocks) {
    State s[kGroups];
    for (uint32_t g = 0; g < kGroups; g++) {
      const Vec low = vaddq_u32(vdupq_n_u32(uint32_t(b) + 4 * g), vld1q_u32(iota));
      s[g] = {low, vdupq_n_u32(uint32_t(b >> 32)), vdupq_n_u32(0), vdupq_n_u32(0)};
    }
    for (uint32_t r = 0; r < kRounds; r++)
      for (State &group : s) round(group, key0 + r * kWeyl0, key1 + r * kWeyl1);
    Vec distances[kGroups][4], nearest = vdupq_n_u32(~0u);
    for (int g = 0; g < kGroups; g++) {
      const Vec words[4] = {s[g].c0, s[g].c1, s[g].c2, s[g].c3};
      for (int w = 0; w < 4; w++) {
        distances[g][w] = distance(words[w]);
        nearest = vminq_u32(nearest, distances[g][w]);
        inside = vsraq_n_u32(inside, distances[g][w], 31);
      }
    }
    if (__builtin_expect(vminvq_u32(nearest) < 2 * kBand, 0)) {
      for (unsigned g = 0; g < kGroups; g++)
        for (unsigned w = 0; w < 4; w++) decided += decideLanes(distances[g][w], b + 4 * g, w, seed);
    }
  }
  return decided + vaddlvq_u32(inside);
}

}  // namespace

const Kernel kNeon = {"neon", hits, kBlocks, block};
#endif
