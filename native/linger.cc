// Waiting for the words of others: a rank that has nothing to do looks at all words that may tell it of something,
// without a step of JavaScript, so that the wait itself is not what V8 finds hot, and others get the processor.
//
// A table of watched words is an ArrayBuffer of 16-byte entries: the address of some memory (written by `watchMemory`
// only), the index of a 32-bit word in it, and the value that the word has while there is nothing new. JavaScript writes
// index and value. The memory must outlive the table's use: the shared memory of rings does.
//
// The first two entries are for boards, see lib/transport/board.ts: a word like any other if the second, a `Rows`, counts
// none; otherwise the slots of some members, the first of which is at that word: SEQUENCE of all of them is to have the
// value.
#include "addon.h"
#include "mover.h"

#include <cstdint>
#include <ctime>

#include <sched.h>

namespace {

struct Watched {
  const int32_t* memory;
  int32_t index;
  int32_t value;
};

/// Members of a board that are waited for, where the lines begin of the first of them and of this process, and how many
/// members there are. Their lines stand at the beginning of the memory.
struct Rows {
  int32_t count;
  int32_t line;
  int32_t own;
  int32_t members;
};
static_assert(sizeof(Rows) == sizeof(Watched));

// Of a board, in words.
constexpr int kSlotWords = 32;
constexpr int kLineWords = 32;
constexpr int kProcessor = 16;

constexpr int kFirstWatched = 2;
/// How often those look who wait for others on other processors only, before they yield all the same.
constexpr int kPatience = 100;

inline int32_t Load(const int32_t* word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

thread_local Mover mover;

/// What is waited for on a board.
class Gathering {
 public:
  explicit Gathering(const Watched* table)
      : word_(table[0]), rows_(*reinterpret_cast<const Rows*>(table + 1)), board_(const_cast<int32_t*>(word_.memory)) {}

  bool Complete() {
    if (rows_.count == 0) return Load(board_ + word_.index) != word_.value;
    while (row_ < rows_.count && Arrived(row_)) row_++;
    return row_ == rows_.count;
  }

  /// Whether somebody needs this processor to get on; says on which processor this process is.
  bool NeedsProcessor() {
    if (rows_.count == 0) return true;
    const int32_t mine = sched_getcpu() + 1;
    int32_t* own = board_ + rows_.own + kProcessor;
    if (*own != mine) __atomic_store_n(own, mine, __ATOMIC_RELAXED);
    for (int32_t row = row_; row < rows_.count; row++) {
      const int32_t other = Load(board_ + rows_.line + row * kLineWords + kProcessor);
      if ((other == mine || other == 0) && !Arrived(row)) return true;
    }
    return false;
  }

  /// For who is about to give its processor up: the members may stand better on several.
  void Balance(int64_t now) const {
    if (rows_.count == 0 || rows_.members < 3) return;
    mover.Balance(board_ + kProcessor, kLineWords, rows_.members, rows_.own / kLineWords, now);
  }

 private:
  bool Arrived(int32_t row) const { return Load(board_ + word_.index + row * kSlotWords) == word_.value; }

  const Watched word_;
  const Rows rows_;
  int32_t* const board_;
  int32_t row_ = 0;
};

bool AnyChanged(const Watched* entries, int count) {
  for (int i = kFirstWatched; i < count; i++) {
    if (Load(entries[i].memory + entries[i].index) != entries[i].value) return true;
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

// (table, entries, looks, nanoseconds): looks so often, yields the processor, and so on until the time is over. Who waits
// for a board yields only to those whom it waits for: others of this processor wait for the same.
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
  Gathering gathering(watched);
  int64_t end = 0;
  for (bool patient = false;;) {
    for (int32_t look = patient ? kPatience : looks; look > 0; look--) {
      if (gathering.Complete() || AnyChanged(watched, entries)) return nullptr;
      Relax();
    }
    patient = !patient && !gathering.NeedsProcessor();
    if (patient) continue;
    int64_t now = Nanoseconds();
    if (end == 0) end = now + nanoseconds;
    if (now >= end) return nullptr;
    gathering.Balance(now);
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
