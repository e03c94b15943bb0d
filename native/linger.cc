// Waiting for the words of others: a rank that has nothing to do looks at all words that may tell it of something,
// without a step of JavaScript, so that the wait itself is not what V8 finds hot, and others get the processor.
//
// A table of watched words is an ArrayBuffer of 16-byte entries: the address of some memory (written by `watchMemory`
// only), the index of a 32-bit word in it, and the value that the word has while there is nothing new. JavaScript writes
// index and value. The memory must outlive the table's use: the shared memory of rings does.
#include "addon.h"

#include <cstdint>
#include <ctime>

#include <sched.h>

namespace {

struct Watched {
  const int32_t* memory;
  int32_t index;
  int32_t value;
};

bool AnyChanged(const Watched* entries, int count) {
  for (int i = 0; i < count; i++) {
    if (__atomic_load_n(entries[i].memory + entries[i].index, __ATOMIC_ACQUIRE) != entries[i].value) return true;
  }
  return false;
}

int64_t Nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1000000000} + now.tv_nsec;
}

inline void Relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void WatchMemory(const Napi::CallbackInfo& info) {
  Watched* entries = static_cast<Watched*>(info[0].As<Napi::ArrayBuffer>().Data());
  entries[info[1].As<Napi::Number>().Uint32Value()].memory =
      static_cast<const int32_t*>(info[2].As<Napi::ArrayBuffer>().Data());
}

// (table, entries, looks, nanoseconds): looks so often, yields the processor, and so on until the time is over.
napi_value Linger(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  size_t count = 4;
  void* table = nullptr;
  int32_t entries = 0, looks = 0, nanoseconds = 0;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  napi_get_arraybuffer_info(env, arguments[0], &table, nullptr);
  napi_get_value_int32(env, arguments[1], &entries);
  napi_get_value_int32(env, arguments[2], &looks);
  napi_get_value_int32(env, arguments[3], &nanoseconds);
  const Watched* watched = static_cast<const Watched*>(table);
  int64_t end = 0;
  for (;;) {
    for (int32_t look = 0; look < looks; look++) {
      if (AnyChanged(watched, entries)) return nullptr;
      Relax();
    }
    int64_t now = Nanoseconds();
    if (end == 0) end = now + nanoseconds;
    if (now >= end) return nullptr;
    sched_yield();
  }
}

}  // namespace

void InitLinger(Napi::Env env, Napi::Object exports) {
  exports.Set("watchMemory", Napi::Function::New(env, WatchMemory));
  // Called whenever a rank waits: the plain Node-API entry costs less than the wrapper.
  napi_value linger;
  napi_create_function(env, "linger", NAPI_AUTO_LENGTH, Linger, nullptr, &linger);
  exports.Set("linger", linger);
}
