// With more ranks than processors the kernel may leave three of four on one processor and one on the other, for as long
// as each of them gives its processor up soon. Then one of them goes to the other by itself.
#pragma once
#include <cstdint>

#include <sched.h>

class Mover {
 public:
  /// Where each of `count` members runs is in `processors`, a word in every `stride`, as processor + 1, or 0 where that is
  /// not known; this process is number `own`. Of those on one processor the last moves, so that not all do at once.
  void Balance(const int32_t* processors, int32_t stride, int32_t count, int32_t own, int64_t now) {
    // Whoever has slept may have woken up anywhere.
    if (now - last_ > kLongest) pause_ = next_ = 0;
    last_ = now;
    if (next_ == 0) return Wait(now);
    if (now < next_) return;
    const int32_t mine = At(processors, own * stride);
    for (int32_t other = own + 1; other < count; other++) if (At(processors, other * stride) == mine) return;
    const int32_t here = Count(processors, stride, count, mine);
    cpu_set_t allowed;
    if (here < 2 || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return Wait(now);
    for (int32_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
      if (!CPU_ISSET(cpu, &allowed) || Count(processors, stride, count, cpu + 1) + 1 >= here) continue;
      cpu_set_t target;
      CPU_ZERO(&target);
      CPU_SET(cpu, &target);
      // The kernel moves who may not stay; from then on it may move the process again as before.
      sched_setaffinity(0, sizeof target, &target);
      sched_setaffinity(0, sizeof allowed, &allowed);
      break;
    }
    Wait(now);
  }

 private:
  static int32_t At(const int32_t* processors, int32_t index) {
    return __atomic_load_n(processors + index, __ATOMIC_RELAXED);
  }

  static int32_t Count(const int32_t* processors, int32_t stride, int32_t count, int32_t processor) {
    int32_t found = 0;
    for (int32_t member = 0; member < count; member++) found += At(processors, member * stride) == processor;
    return found;
  }

  /// Looks again after a millisecond at first, and ever more rarely: what others than these members run is not known, and
  /// the kernel may have its reasons.
  void Wait(int64_t now) {
    pause_ = pause_ == 0 ? kShortest : pause_ < kLongest ? 2 * pause_ : kLongest;
    next_ = now + pause_;
  }

  static constexpr int64_t kShortest = 200000;
  static constexpr int64_t kLongest = 10000000;
  int64_t last_ = 0;
  int64_t next_ = 0;
  int64_t pause_ = 0;
};
