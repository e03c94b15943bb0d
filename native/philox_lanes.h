// Philox4x32-10 for x86 vectors: one block per 64-bit lane, each word in the lower half of its lane.
//
// `vpmuludq` multiplies the lower halves and leaves the 64-bit product in place: its lower half is the next c1 or c3 as
// it stands (what is in the upper half is never read), and one shift brings the upper half down for the next c0 or c2.
// So a round costs two products, two shifts and two three-way exclusive ors for a whole vector of blocks.
//
// Included by one source file per instruction set; everything is local to that file.
#pragma once
#include "philox.h"

namespace {

template <class V>
struct Lanes {
  using Vec = typename V::Vec;
  /// Blocks in flight: independent work hides the latency of the products.
  static constexpr int kBlocks = V::kLanes * V::kGroups;

  struct State {
    Vec c0, c1, c2, c3;
  };

  struct Keys {
    Vec k0[kRounds], k1[kRounds];
    Keys(uint32_t key0, uint32_t key1) {
      for (uint32_t r = 0; r < kRounds; r++) {
        k0[r] = V::all(key0 + r * kWeyl0);
        k1[r] = V::all(key1 + r * kWeyl1);
      }
    }
  };

  static inline void round(State &s, const Keys &keys, int r) {
    const Vec p0 = V::mul(s.c0, V::all(kMultiplier0)), p1 = V::mul(s.c2, V::all(kMultiplier1));
    s.c0 = V::xor3(V::down(p1), s.c1, keys.k0[r]);
    s.c1 = p1;
    s.c2 = V::xor3(V::downToo(p0), s.c3, keys.k1[r]);
    s.c3 = p0;
  }

  /// The last round leaves two words in each lane: (word 1, word 0) and (word 3, word 2), lower half first.
  static inline void lastRound(State &s, const Keys &keys, Vec words[2]) {
    const Vec p0 = V::mul(s.c0, V::all(kMultiplier0)), p1 = V::mul(s.c2, V::all(kMultiplier1));
    words[0] = V::xor3(p1, V::up(s.c1), V::up(keys.k0[kRounds - 1]));
    words[1] = V::xor3(p0, V::up(s.c3), V::up(keys.k1[kRounds - 1]));
  }

  static void block(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    const Keys keys(key[0], key[1]);
    State s = {V::all(counter[0]), V::all(counter[1]), V::all(counter[2]), V::all(counter[3])};
    for (int r = 0; r < kRounds - 1; r++) round(s, keys, r);
    Vec words[2];
    lastRound(s, keys, words);
    for (int i = 0; i < 2; i++) {
      uint32_t lanes[2 * V::kLanes];
      V::store(lanes, words[i]);
      out[2 * i] = lanes[1];
      out[2 * i + 1] = lanes[0];
    }
  }

  static uint64_t hits(uint64_t first, uint64_t blocks, uint64_t seed) {
    const uint32_t high = uint32_t(first >> 32);
    const Keys keys = Keys(uint32_t(seed), uint32_t(seed >> 32));
    // Of the counter (low, high, 0, 0) only `low` differs between lanes, so in each of the first two rounds one of the
    // products is the same in all, and the product of `low` goes from one step to the next by an addition.
    const uint64_t same = uint64_t(kMultiplier0) * (high ^ uint32_t(seed));
    const Vec second2 = V::xor2(V::all(uint32_t(same >> 32)), keys.k1[1]), second3 = V::all(uint32_t(same));
    const Vec stride = V::all(uint64_t(kMultiplier0) * kBlocks);
    Vec product[V::kGroups];
    for (int g = 0; g < V::kGroups; g++) {
      const Vec low = V::add64(V::all(uint32_t(first) + uint64_t(g) * V::kLanes), V::iota());
      product[g] = V::mul(low, V::all(kMultiplier0));
    }

    uint64_t decided = 0;
    Vec inside = V::all(0);
    for (uint64_t b = first; b < first + blocks; b += kBlocks) {
      State s[V::kGroups];
#pragma GCC unroll 8
      for (int g = 0; g < V::kGroups; g++) {
        const Vec p1 = V::mul(V::xor2(V::down(product[g]), keys.k1[0]), V::all(kMultiplier1));
        s[g] = {V::xor2(V::downToo(p1), keys.k0[1]), p1, V::xor2(product[g], second2), second3};
        product[g] = V::add64(product[g], stride);
      }
#pragma GCC unroll 8
      for (int r = 2; r < kRounds - 1; r++) {
#pragma GCC unroll 8
        for (int g = 0; g < V::kGroups; g++) round(s[g], keys, r);
      }
      Vec distance[V::kGroups][2], nearest = V::all(~uint64_t(0));
#pragma GCC unroll 8
      for (int g = 0; g < V::kGroups; g++) {
        Vec words[2];
        lastRound(s[g], keys, words);
#pragma GCC unroll 2
        for (int i = 0; i < 2; i++) {
          distance[g][i] = V::distance(words[i]);
          nearest = V::minU32(nearest, distance[g][i]);
          inside = V::add32(inside, V::sign32(distance[g][i]));
        }
      }
      if (__builtin_expect(V::below(nearest, 2 * kBand) != 0, 0)) {
        for (int g = 0; g < V::kGroups; g++)
          for (unsigned i = 0; i < 2; i++)
            decided += decideLanes(V::below(distance[g][i], 2 * kBand), b + uint64_t(g) * V::kLanes, i, seed);
      }
    }
    return decided + V::sum32(inside);
  }

  /// Hits among the samples whose bit is set: bit 2l is word 2i + 1 of block `first` + l, bit 2l + 1 its word 2i.
  static uint64_t decideLanes(uint32_t bits, uint64_t first, unsigned i, uint64_t seed) {
    uint64_t inside = 0;
    for (; bits; bits &= bits - 1) {
      const unsigned lane = unsigned(__builtin_ctz(bits));
      inside += decide(first + lane / 2, 2 * i + (lane & 1 ? 0 : 1), seed);
    }
    return inside;
  }
};

}  // namespace
