// The Monte-Carlo kernels' contract: what a sample is, and what each instruction set implements.
//
// Sample i belongs to Philox block b = i >> 2, word w = i & 3, key = seed. The block of counter (b, 0) gives the upper
// 16 bits of its two signed coordinates, the block of counter (b, 1) the lower 16. The point lies in the middle of its
// cell, at (X + 1/2, Y + 1/2) / 2^31, and is a hit where X(X + 1) + Y(Y + 1) < 2^62: an integer comparison, exact.
//
// Nearly always the upper halves alone decide. With x, y the upper halves and s = x² + y², the squared distance of any
// point of the cell from the origin differs from s by less than 2(|x| + |y|) + 2. Near the circle |x| + |y| is at most
// 46,343, so outside of `kBand` around 2^30 the answer is that of s; inside of it (1 sample in 7,400) `decide` asks for
// the lower halves. Every kernel does this, so all count the same points.
#pragma once
#include <cstdint>

constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

constexpr uint32_t kBand = 92688;
/// s - kInside, as a signed number, is negative where a sample is surely a hit; below 2 kBand, unsigned, in the band.
constexpr uint32_t kInside = (1u << 30) - kBand;

struct Kernel {
  const char *name;
  /// Hits among the 4 · `blocks` samples from block `first` on. `blocks` is a multiple of `step` and at most 2^30, and
  /// the blocks do not cross a multiple of 2^32.
  uint64_t (*hits)(uint64_t first, uint64_t blocks, uint64_t seed);
  uint64_t step;
  /// One whole block, by the same rounds: for the known-answer tests.
  void (*block)(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
};

/// Whether sample `word` of `block` is a hit, by all bits of its coordinates.
bool decide(uint64_t block, unsigned word, uint64_t seed);

extern const Kernel kPortable;
#if defined(__x86_64__)
extern const Kernel kSse41, kAvx2, kAvx512;
#elif defined(__aarch64__)
extern const Kernel kNeon;
#endif
