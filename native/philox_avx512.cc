// The Monte-Carlo kernel for AVX-512 (F and BW): eight blocks to a vector.
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw")
// GCC's own header leaves operands undefined on purpose, and GCC 12 warns of it.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#include "philox_lanes.h"

namespace {

struct Avx512 {
  using Vec = __m512i;
  static constexpr int kLanes = 8, kGroups = 6;
  static inline Vec all(uint64_t a) { return _mm512_set1_epi64(int64_t(a)); }
  static inline Vec iota() { return _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7); }
  static inline Vec add64(Vec a, Vec b) { return _mm512_add_epi64(a, b); }
  static inline Vec add32(Vec a, Vec b) { return _mm512_add_epi32(a, b); }
  static inline Vec mul(Vec a, Vec b) { return _mm512_mul_epu32(a, b); }
  static inline Vec xor2(Vec a, Vec b) { return _mm512_xor_si512(a, b); }
  static inline Vec xor3(Vec a, Vec b, Vec c) { return _mm512_ternarylogic_epi32(a, b, c, 0x96); }
  // Shifts and shuffles have one port each, and it is not the same one.
  static inline Vec down(Vec a) { return _mm512_srli_epi64(a, 32); }
  static inline Vec downToo(Vec a) { return _mm512_shuffle_epi32(a, _MM_PERM_ENUM(0xF5)); }
  static inline Vec up(Vec a) { return _mm512_slli_epi64(a, 32); }
  static inline Vec distance(Vec words) {
    return _mm512_sub_epi32(_mm512_madd_epi16(words, words), _mm512_set1_epi32(kInside));
  }
  static inline Vec minU32(Vec a, Vec b) { return _mm512_min_epu32(a, b); }
  static inline Vec sign32(Vec a) { return _mm512_srli_epi32(a, 31); }
  static inline uint32_t below(Vec a, uint32_t limit) {
    return _mm512_cmplt_epu32_mask(a, _mm512_set1_epi32(int32_t(limit)));
  }
  static inline void store(uint32_t *to, Vec a) { _mm512_storeu_si512(to, a); }
  static inline uint64_t sum32(Vec a) {
    uint32_t lanes[16];
    store(lanes, a);
    uint64_t sum = 0;
    for (uint32_t lane : lanes) sum += lane;
    return sum;
  }
};

}  // namespace

extern const Kernel kAvx512;
const Kernel kAvx512 = {"avx512", Lanes<Avx512>::hits, Lanes<Avx512>::kBlocks, Lanes<Avx512>::block};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
