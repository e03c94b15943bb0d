// The kernels of reduce.h, for the instruction set of the including file: plain loops that compilers vectorize.
//
// lib/data/loops.ts does the same arithmetic, bit for bit. Every op is symmetric: a NaN result is always the same NaN,
// and of -0 and +0 the minimum is -0. Everything here is local to the including file, so that the linker can never put
// code of a newer instruction set where an older one is needed.
#include <cstdint>
#include <type_traits>

#include "reduce.h"

namespace reduce {
namespace {

/// The element of a Uint8ClampedArray: arithmetic saturates.
enum class Clamped : uint8_t {};

template <class T>
constexpr bool kIsFloat = std::is_floating_point_v<T>;

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

/// Wide enough, and unsigned, so that nothing overflows in C's eyes.
template <class T>
using Wrapping = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <class T>
inline T Canonical(T x) {
  return x == x ? x : static_cast<T>(__builtin_nan(""));
}

inline Clamped Saturate(uint32_t x) { return static_cast<Clamped>(x > 255 ? 255 : x); }

template <class T>
inline bool IsTrue(T x) {
  if constexpr (kIsFloat<T>) return (x < 0) | (x > 0);  // NaN is false
  else return x != T{0};
}

struct Sum {
  template <class T>
  static T Apply(T a, T b) {
    if constexpr (kIsFloat<T>) return Canonical(a + b);
    else if constexpr (std::is_same_v<T, Clamped>) return Saturate(uint32_t(a) + uint32_t(b));
    else return static_cast<T>(Wrapping<T>(a) + Wrapping<T>(b));
  }
};

struct Prod {
  template <class T>
  static T Apply(T a, T b) {
    if constexpr (kIsFloat<T>) return Canonical(a * b);
    else if constexpr (std::is_same_v<T, Clamped>) return Saturate(uint32_t(a) * uint32_t(b));
    else return static_cast<T>(Wrapping<T>(a) * Wrapping<T>(b));
  }
};

struct Min {
  template <class T>
  static T Apply(T a, T b) {
    const T x = a < b ? a : b;
    if constexpr (!kIsFloat<T>) {
      return x;
    } else {
      // Equal operands differ at most in sign: the one with the sign bit is the less.
      const T y = b < a ? b : a;
      const Bits<T> bits = __builtin_bit_cast(Bits<T>, x) | __builtin_bit_cast(Bits<T>, y);
      return (a == a) & (b == b) ? __builtin_bit_cast(T, bits) : static_cast<T>(__builtin_nan(""));
    }
  }
};

struct Max {
  template <class T>
  static T Apply(T a, T b) {
    const T x = a > b ? a : b;
    if constexpr (!kIsFloat<T>) {
      return x;
    } else {
      const T y = b > a ? b : a;
      const Bits<T> bits = __builtin_bit_cast(Bits<T>, x) & __builtin_bit_cast(Bits<T>, y);
      return (a == a) & (b == b) ? __builtin_bit_cast(T, bits) : static_cast<T>(__builtin_nan(""));
    }
  }
};

struct LogicalAnd {
  template <class T>
  static T Apply(T a, T b) { return static_cast<T>(IsTrue(a) & IsTrue(b)); }
};

struct LogicalOr {
  template <class T>
  static T Apply(T a, T b) { return static_cast<T>(IsTrue(a) | IsTrue(b)); }
};

struct LogicalXor {
  template <class T>
  static T Apply(T a, T b) { return static_cast<T>(IsTrue(a) ^ IsTrue(b)); }
};

struct BitAnd {
  template <class T>
  static T Apply(T a, T b) { return static_cast<T>(Wrapping<T>(a) & Wrapping<T>(b)); }
};

struct BitOr {
  template <class T>
  static T Apply(T a, T b) { return static_cast<T>(Wrapping<T>(a) | Wrapping<T>(b)); }
};

struct BitXor {
  template <class T>
  static T Apply(T a, T b) { return static_cast<T>(Wrapping<T>(a) ^ Wrapping<T>(b)); }
};

/// The unsigned integer of so many bytes.
template <size_t Bytes>
using Lane = std::conditional_t<
    Bytes == 1, uint8_t, std::conditional_t<Bytes == 2, uint16_t, std::conditional_t<Bytes == 4, uint32_t, uint64_t>>>;

/// How MINLOC and MAXLOC look at an element: a float as its bits, because that is what compilers vectorize.
template <class T>
struct Raw {
  using Type = T;
};
template <>
struct Raw<Clamped> {
  using Type = uint8_t;
};
template <>
struct Raw<float> {
  using Type = int32_t;
  static constexpr Type kMagnitude = INT32_MAX, kInfinity = 0x7f800000, kNan = 0x7fc00000;
};
template <>
struct Raw<double> {
  using Type = int64_t;
  static constexpr Type kMagnitude = INT64_MAX, kInfinity = 0x7ff0000000000000, kNan = 0x7ff8000000000000;
};

/// All ones for the bits of a NaN, else 0.
template <class T, class U>
inline U NanMask(U x) {
  return (x & Raw<T>::kMagnitude) > Raw<T>::kInfinity ? -1 : 0;
}

template <class T, class U>
inline U CanonicalRaw(U x) {
  if constexpr (!kIsFloat<T>) return x;
  else return x ^ ((x ^ Raw<T>::kNan) & NanMask<T>(x));
}

/// The lower key wins. NaN stands before everything, -0 before +0.
struct MinLoc {
  template <class T, class U>
  static U Key(U x) {
    if constexpr (!kIsFloat<T>) {
      return x;
    } else {
      const U key = x ^ ((x >> (8 * sizeof(U) - 1)) & Raw<T>::kMagnitude);
      return (key & ~NanMask<T>(x)) | (~Raw<T>::kMagnitude & NanMask<T>(x));
    }
  }
};

struct MaxLoc {
  template <class T, class U>
  static U Key(U x) {
    if constexpr (!kIsFloat<T>) return static_cast<U>(~Wrapping<U>(x));
    else return MinLoc::Key<T>(x) ^ ~NanMask<T>(x);
  }
};

template <class Op, class T>
void Each(void* inout, const void* input, size_t length) {
  T* __restrict a = static_cast<T*>(inout);
  const T* __restrict b = static_cast<const T*>(input);
  for (size_t i = 0; i < length; i++) a[i] = Op::Apply(a[i], b[i]);
}

/// Elements are pairs of value and index. Masks of the element's width stand for bools, which would not be vectorized.
template <class Op, class T>
void EachPair(void* inout, const void* input, size_t length) {
  using U = typename Raw<T>::Type;
  using Mask = Lane<sizeof(U)>;
  U* __restrict a = static_cast<U*>(inout);
  const U* __restrict b = static_cast<const U*>(input);
  for (size_t i = 0; i < length; i += 2) {
    const U valueA = a[i], indexA = a[i + 1], valueB = b[i], indexB = b[i + 1];
    const U keyA = Op::template Key<T>(valueA), keyB = Op::template Key<T>(valueB);
    const Mask better = keyB < keyA ? -1 : 0;
    const Mask equal = keyB == keyA ? -1 : 0;
    const Mask closer = MinLoc::Key<T>(indexB) < MinLoc::Key<T>(indexA) ? -1 : 0;
    const Mask takeB = better | (equal & closer);
    a[i] = CanonicalRaw<T>(static_cast<U>(valueA ^ ((valueA ^ valueB) & takeB)));
    a[i + 1] = CanonicalRaw<T>(static_cast<U>(indexA ^ ((indexA ^ indexB) & takeB)));
  }
}

#define TSMPI_ALL_TYPES(F, OP)                                                                          \
  {F<OP, int8_t>,   F<OP, uint8_t>,  F<OP, Clamped>, F<OP, int16_t>, F<OP, uint16_t>, F<OP, int32_t>, \
   F<OP, uint32_t>, F<OP, float>,    F<OP, double>,  F<OP, int64_t>, F<OP, uint64_t>}
#define TSMPI_INTEGERS(F, OP)                                                                           \
  {F<OP, int8_t>,   F<OP, uint8_t>,  F<OP, Clamped>, F<OP, int16_t>, F<OP, uint16_t>, F<OP, int32_t>, \
   F<OP, uint32_t>, nullptr,         nullptr,        F<OP, int64_t>, F<OP, uint64_t>}

}  // namespace

/// The including file names its table: `const Table kAvx2 = TSMPI_REDUCE_TABLE;`
#define TSMPI_REDUCE_TABLE                                                                              \
  {TSMPI_ALL_TYPES(Each, Sum),        TSMPI_ALL_TYPES(Each, Prod),      TSMPI_ALL_TYPES(Each, Min),         \
   TSMPI_ALL_TYPES(Each, Max),        TSMPI_ALL_TYPES(Each, LogicalAnd), TSMPI_ALL_TYPES(Each, LogicalOr), \
   TSMPI_ALL_TYPES(Each, LogicalXor), TSMPI_INTEGERS(Each, BitAnd),     TSMPI_INTEGERS(Each, BitOr),        \
   TSMPI_INTEGERS(Each, BitXor),      TSMPI_ALL_TYPES(EachPair, MinLoc), TSMPI_ALL_TYPES(EachPair, MaxLoc)}

}  // namespace reduce
