// Hits in the quarter circle by generators of C++: "rng xoshiro256+" or "rng mt19937_64". Commands as in openmpi.c, of
// which the bytes are the samples of one operation.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>

struct Xoshiro256Plus {
  std::uint64_t s[4] = {0x180ec6d33cfd0aba, 0xd5a61266f0c9392c, 0xa9582618e03fc9aa, 0x39abdc4529b1661c};
  std::uint64_t operator()() {
    const std::uint64_t result = s[0] + s[3], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
  }
};

static volatile std::uint64_t sink;

template <class Generator>
void count(Generator &generator, int samples) {
  std::uint64_t hits = 0;
  for (int i = 0; i < samples; i++) {
    const double x = (generator() >> 11) * 0x1p-53, y = (generator() >> 11) * 0x1p-53;
    hits += x * x + y * y < 1;
  }
  sink = hits;
}

template <class Generator>
void serve() {
  using Clock = std::chrono::steady_clock;
  Generator generator;
  int samples, operations, skip;
  while (std::scanf("%*s %d %d %d %*d", &samples, &operations, &skip) == 3) {
    const auto begin = Clock::now();
    for (int i = 0; i < skip; i++) count(generator, samples);
    const auto start = Clock::now();
    for (int i = 0; i < operations; i++) count(generator, samples);
    const auto end = Clock::now();
    const std::chrono::duration<double, std::micro> timed = end - start, elapsed = end - begin;
    std::printf("%.6f %.3f\n", timed.count() / operations, elapsed.count());
    std::fflush(stdout);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  std::puts("ready");
  std::fflush(stdout);
  if (std::strcmp(argv[1], "mt19937_64")) serve<Xoshiro256Plus>();
  else serve<std::mt19937_64>();
}
