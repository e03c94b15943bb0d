// Which processors this thread, and the processes that it starts, may run on. Linux only.
#include "addon.h"

#ifdef __linux__
#include <vector>

#include <sched.h>

namespace {

// More than any kernel is built for; it takes longer masks than its own.
const int kMostProcessors = 8192;
const size_t kWords = kMostProcessors / (8 * sizeof(unsigned long));
const size_t kWordBits = 8 * sizeof(unsigned long);

// Masks as the kernel has them: glibc's cpu_set_t ends at 1024 processors.
using Mask = std::vector<unsigned long>;

Napi::Value SetAffinity(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Mask before(kWords, 0), wanted(kWords, 0);
  const size_t bytes = kWords * sizeof(unsigned long);
  if (sched_getaffinity(0, bytes, reinterpret_cast<cpu_set_t*>(before.data())) != 0) return Fail(env, "sched_getaffinity");
  Napi::Array cpus = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < cpus.Length(); i++) {
    uint32_t cpu = cpus.Get(i).As<Napi::Number>().Uint32Value();
    if (cpu < kMostProcessors) wanted[cpu / kWordBits] |= 1ul << (cpu % kWordBits);
  }
  if (sched_setaffinity(0, bytes, reinterpret_cast<const cpu_set_t*>(wanted.data())) != 0) return Fail(env, "sched_setaffinity");
  Napi::Array result = Napi::Array::New(env);
  for (uint32_t cpu = 0; cpu < kMostProcessors; cpu++) {
    if (before[cpu / kWordBits] >> (cpu % kWordBits) & 1) result.Set(result.Length(), Napi::Number::New(env, cpu));
  }
  return result;
}

}  // namespace

void InitAffinity(Napi::Env env, Napi::Object exports) {
  exports.Set("setAffinity", Napi::Function::New(env, SetAffinity));
}

#else

void InitAffinity(Napi::Env, Napi::Object) {}

#endif
