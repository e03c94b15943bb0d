// The Monte-Carlo count as the addon offers it: picks kernels by what the machine can run, cuts a range of samples into
// what they take, spreads it over threads. Kernel names and 64-bit values come checked from lib/montecarlo/.
#include <atomic>
#include <string>
#include <thread>
#include <vector>
#include "addon.h"
#include "philox.h"

namespace {

/// What this machine can run, best first. The compiler's run-time asks the operating system too, not the CPU alone.
std::vector<const Kernel *> Available() {
  std::vector<const Kernel *> kernels;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) kernels.push_back(&kAvx512);
  if (__builtin_cpu_supports("avx2")) kernels.push_back(&kAvx2);
  if (__builtin_cpu_supports("sse4.1")) kernels.push_back(&kSse41);
#elif defined(__aarch64__)
  kernels.push_back(&kNeon);
#endif
  kernels.push_back(&kPortable);
  return kernels;
}

const Kernel *Find(const std::string &name) {
  for (const Kernel *kernel : Available())
    if (name == kernel->name) return kernel;
  return nullptr;
}

struct Range {
  uint64_t first, count;
};

/// Hits in whole blocks. No kernel carries into the counter's upper word, nor counts more than 2^30 blocks in one go.
uint64_t CountBlocks(const Kernel &kernel, uint64_t first, uint64_t blocks, uint64_t seed) {
  constexpr uint64_t kMost = uint64_t(1) << 30;
  uint64_t hits = 0;
  while (blocks > 0) {
    uint64_t part = kMost - first % kMost;
    if (part > blocks) part = blocks;
    const uint64_t rest = part % kernel.step;
    hits += kernel.hits(first, part - rest, seed) + kPortable.hits(first + part - rest, rest, seed);
    first += part;
    blocks -= part;
  }
  return hits;
}

uint64_t Count(const Kernel &kernel, Range range, uint64_t seed) {
  uint64_t hits = 0;
  for (; range.count > 0 && range.first % 4 != 0; range.first++, range.count--)
    hits += decide(range.first / 4, unsigned(range.first % 4), seed);
  hits += CountBlocks(kernel, range.first / 4, range.count / 4, seed);
  const uint64_t tail = range.first / 4 + range.count / 4;
  for (unsigned word = 0; word < range.count % 4; word++) hits += decide(tail, word, seed);
  return hits;
}

/// Counts on `threads` threads, the caller's included. They take pieces as they go, so a slow core holds nobody up.
uint64_t CountOnThreads(const Kernel &kernel, Range range, uint64_t seed, unsigned threads) {
  constexpr uint64_t kPiece = uint64_t(1) << 22;
  if (threads <= 1 || range.count <= kPiece) return Count(kernel, range, seed);
  const uint64_t pieces = range.count / kPiece + (range.count % kPiece != 0);
  std::atomic<uint64_t> next{0}, hits{0};
  const auto work = [&] {
    uint64_t found = 0;
    for (uint64_t piece; (piece = next.fetch_add(1, std::memory_order_relaxed)) < pieces;) {
      const uint64_t done = piece * kPiece;
      const uint64_t left = range.count - done;
      found += Count(kernel, {range.first + done, left < kPiece ? left : kPiece}, seed);
    }
    hits.fetch_add(found, std::memory_order_relaxed);
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; i++) others.emplace_back(work);
  work();
  for (std::thread &other : others) other.join();
  return hits;
}

struct Job {
  const Kernel *kernel;
  Range range;
  uint64_t seed;
  unsigned threads;
  uint64_t Run() const { return CountOnThreads(*kernel, range, seed, threads); }
};

uint64_t Unsigned(Napi::Value value) {
  bool lossless;
  return value.As<Napi::BigInt>().Uint64Value(&lossless);
}

/// (kernel, first, count, seed, threads); false with a JavaScript exception pending where the kernel is not there.
bool ReadJob(const Napi::CallbackInfo &info, Job *job) {
  job->kernel = Find(info[0].As<Napi::String>());
  if (!job->kernel) {
    Napi::RangeError::New(info.Env(), "no such Monte-Carlo kernel").ThrowAsJavaScriptException();
    return false;
  }
  job->range = {Unsigned(info[1]), Unsigned(info[2])};
  job->seed = Unsigned(info[3]);
  job->threads = info[4].As<Napi::Number>().Uint32Value();
  return true;
}

Napi::Value CountHits(const Napi::CallbackInfo &info) {
  Job job;
  if (!ReadJob(info, &job)) return info.Env().Undefined();
  return Napi::BigInt::New(info.Env(), job.Run());
}

/// Runs a job off the event loop and settles a promise with its hits.
class Worker : public Napi::AsyncWorker {
 public:
  Worker(Napi::Env env, const Job &job) : AsyncWorker(env), deferred(Napi::Promise::Deferred::New(env)), job(job) {}
  void Execute() override { hits = job.Run(); }
  void OnOK() override { deferred.Resolve(Napi::BigInt::New(Env(), hits)); }
  const Napi::Promise::Deferred deferred;

 private:
  const Job job;
  uint64_t hits = 0;
};

Napi::Value CountHitsAsync(const Napi::CallbackInfo &info) {
  Job job;
  if (!ReadJob(info, &job)) return info.Env().Undefined();
  auto *worker = new Worker(info.Env(), job);  // deletes itself once it has settled
  worker->Queue();
  return worker->deferred.Promise();
}

Napi::Value Kernels(const Napi::CallbackInfo &info) {
  Napi::Array names = Napi::Array::New(info.Env());
  uint32_t i = 0;
  for (const Kernel *kernel : Available()) names.Set(i++, Napi::String::New(info.Env(), kernel->name));
  return names;
}

Napi::Value Philox(const Napi::CallbackInfo &info) {
  const Kernel *kernel = Find(info[0].As<Napi::String>());
  const auto counter = info[1].As<Napi::Uint32Array>(), key = info[2].As<Napi::Uint32Array>();
  if (!kernel || counter.ElementLength() != 4 || key.ElementLength() != 2) {
    Napi::RangeError::New(info.Env(), "philox takes an available kernel, 4 counter words and 2 key words")
        .ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  Napi::Uint32Array out = Napi::Uint32Array::New(info.Env(), 4);
  kernel->block(counter.Data(), key.Data(), out.Data());
  return out;
}

}  // namespace

void InitMonteCarlo(Napi::Env env, Napi::Object exports) {
  exports.Set("kernels", Napi::Function::New(env, Kernels));
  exports.Set("philox", Napi::Function::New(env, Philox));
  exports.Set("countHits", Napi::Function::New(env, CountHits));
  exports.Set("countHitsAsync", Napi::Function::New(env, CountHitsAsync));
}
