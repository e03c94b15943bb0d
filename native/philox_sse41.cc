// The Monte-Carlo kernel for SSE4.1: two blocks to a vector.
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("sse4.1"))), apply_to = function)
#else
#pragma GCC target("sse4.1")
#endif
#include <immintrin.h>
#include "philox_lanes.h"

namespace {

struct Sse41 {
  using Vec = __m128i;
  static constexpr int kLanes = 2, kGroups = 6;
  static inline Vec all(uint64_t a) { return _mm_set1_epi64x(int64_t(a)); }
  static inline Vec iota() { return _mm_set_epi64x(1, 0); }
  static inline Vec add64(Vec a, Vec b) { return _mm_add_epi64(a, b); }
  static inline Vec add32(Vec a, Vec b) { return _mm_add_epi32(a, b); }
  static inline Vec mul(Vec a, Vec b) { return _mm_mul_epu32(a, b); }
  static inline Vec xor2(Vec a, Vec b) { return _mm_xor_si128(a, b); }
  static inline Vec xor3(Vec a, Vec b, Vec c) { return xor2(a, xor2(b, c)); }
  // A shuffle, because shifts share their ports with the products.
  static inline Vec down(Vec a) { return _mm_shuffle_epi32(a, 0xF5); }
  static inline Vec downToo(Vec a) { return down(a); }
  static inline Vec up(Vec a) { return _mm_slli_epi64(a, 32); }
  static inline Vec distance(Vec words) {
    return _mm_sub_epi32(_mm_madd_epi16(words, words), _mm_set1_epi32(kInside));
  }
  static inline Vec minU32(Vec a, Vec b) { return _mm_min_epu32(a, b); }
  static inline Vec sign32(Vec a) { return _mm_srli_epi32(a, 31); }
  static inline uint32_t below(Vec a, uint32_t limit) {
    const Vec least = minU32(a, _mm_set1_epi32(int32_t(limit - 1)));
    return uint32_t(_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(a, least))));
  }
  static inline void store(uint32_t *to, Vec a) { _mm_storeu_si128(reinterpret_cast<Vec *>(to), a); }
  static inline uint64_t sum32(Vec a) {
    uint32_t lanes[4];
    store(lanes, a);
    uint64_t sum = 0;
    for (uint32_t lane : lanes) sum += lane;
    return sum;
  }
};

}  // namespace

extern const Kernel kSse41;
const Kernel kSse41 = {"sse4.1", Lanes<Sse41>::hits, Lanes<Sse41>::kBlocks, Lanes<Sse41>::block};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
