// The Monte-Carlo kernel for AVX2: four blocks to a vector.
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif
#include <immintrin.h>
#include "philox_lanes.h"

namespace {

struct Avx2 {
  using Vec = __m256i;
  static constexpr int kLanes = 4, kGroups = 3;
  static inline Vec all(uint64_t a) { return _mm256_set1_epi64x(int64_t(a)); }
  static inline Vec iota() { return _mm256_setr_epi64x(0, 1, 2, 3); }
  static inline Vec add64(Vec a, Vec b) { return _mm256_add_epi64(a, b); }
  static inline Vec add32(Vec a, Vec b) { return _mm256_add_epi32(a, b); }
  static inline Vec mul(Vec a, Vec b) { return _mm256_mul_epu32(a, b); }
  static inline Vec xor2(Vec a, Vec b) { return _mm256_xor_si256(a, b); }
  static inline Vec xor3(Vec a, Vec b, Vec c) { return xor2(a, xor2(b, c)); }
  // A shuffle, because shifts share their ports with the products.
  static inline Vec down(Vec a) { return _mm256_shuffle_epi32(a, 0xF5); }
  static inline Vec downToo(Vec a) { return down(a); }
  static inline Vec up(Vec a) { return _mm256_slli_epi64(a, 32); }
  static inline Vec distance(Vec words) {
    return _mm256_sub_epi32(_mm256_madd_epi16(words, words), _mm256_set1_epi32(kInside));
  }
  static inline Vec minU32(Vec a, Vec b) { return _mm256_min_epu32(a, b); }
  static inline Vec sign32(Vec a) { return _mm256_srli_epi32(a, 31); }
  static inline uint32_t below(Vec a, uint32_t limit) {
    const Vec least = minU32(a, _mm256_set1_epi32(int32_t(limit - 1)));
    return uint32_t(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(a, least))));
  }
  static inline void store(uint32_t *to, Vec a) { _mm256_storeu_si256(reinterpret_cast<Vec *>(to), a); }
  static inline uint64_t sum32(Vec a) {
    uint32_t lanes[8];
    store(lanes, a);
    uint64_t sum = 0;
    for (uint32_t lane : lanes) sum += lane;
    return sum;
  }
};

}  // namespace

extern const Kernel kAvx2;
const Kernel kAvx2 = {"avx2", Lanes<Avx2>::hits, Lanes<Avx2>::kBlocks, Lanes<Avx2>::block};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
