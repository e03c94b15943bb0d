// Reductions of typed arrays for JavaScript: checks the arguments, picks the kernel.
#include "reduce.h"

#include "addon.h"

namespace {

struct Choice {
  const char* name;
  const reduce::Table* table;
};

/// The kernels that this machine can run, best first. Returns how many.
int Available(Choice* choices) {
  int count = 0;
#ifdef TSMPI_REDUCE_X86
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512) choices[count++] = {"avx512", &reduce::kAvx512};
  if (__builtin_cpu_supports("avx2")) choices[count++] = {"avx2", &reduce::kAvx2};
#endif
  choices[count++] = {"portable", &reduce::kPortable};
  return count;
}

Choice choices[3];
const int choiceCount = Available(choices);

/// The type codes of lib/data/types.ts for Node-API's.
int TypeCode(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array: return 0;
    case napi_uint8_array: return 1;
    case napi_uint8_clamped_array: return 2;
    case napi_int16_array: return 3;
    case napi_uint16_array: return 4;
    case napi_int32_array: return 5;
    case napi_uint32_array: return 6;
    case napi_float32_array: return 7;
    case napi_float64_array: return 8;
    case napi_bigint64_array: return 9;
    case napi_biguint64_array: return 10;
    default: return -1;
  }
}

struct Array {
  napi_typedarray_type type;
  size_t length;
  void* data;
  bool Read(napi_env env, napi_value value) {
    return napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) == napi_ok;
  }
};

/// reduce(op, type, inout, input, kernel = 0). Straight Node-API: this call is worth its nanoseconds.
napi_value Reduce(napi_env env, napi_callback_info info) {
  napi_value args[5];
  size_t count = 5;
  uint32_t op = 0, type = 0, kernel = 0;
  Array inout, input;
  const bool read = napi_get_cb_info(env, info, &count, args, nullptr, nullptr) == napi_ok && count >= 4 &&
                    napi_get_value_uint32(env, args[0], &op) == napi_ok &&
                    napi_get_value_uint32(env, args[1], &type) == napi_ok && inout.Read(env, args[2]) &&
                    input.Read(env, args[3]) &&
                    (count < 5 || napi_get_value_uint32(env, args[4], &kernel) == napi_ok);
  const bool valid = read && op < uint32_t(reduce::kOps) && kernel < uint32_t(choiceCount) &&
                     TypeCode(inout.type) == int(type) && inout.type == input.type && inout.length == input.length &&
                     (op < 10 || inout.length % 2 == 0);
  const reduce::Kernel run = valid ? (*choices[kernel].table)[op][type] : nullptr;
  if (run == nullptr) {
    napi_throw_type_error(env, nullptr, "reduce: bad arguments");
    return nullptr;
  }
  run(inout.data, input.data, inout.length);
  return nullptr;
}

}  // namespace

void InitReduce(Napi::Env env, Napi::Object exports) {
  napi_value reduce;
  if (napi_create_function(env, "reduce", NAPI_AUTO_LENGTH, Reduce, nullptr, &reduce) != napi_ok) return;
  exports.Set("reduce", reduce);
  exports.Set("reduceKernels", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                auto names = Napi::Array::New(info.Env());
                for (int i = 0; i < choiceCount; i++) names.Set(uint32_t(i), choices[i].name);
                return names;
              }));
}
