// Copies between the memory of this process and that of another: process_vm_readv and process_vm_writev. Linux only.
//
// Addresses there are checked by the kernel. Addresses here are the caller's word: those of typed arrays that it holds.
#include "addon.h"

#ifdef __linux__
#include <cerrno>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace {

using Copy = ssize_t (*)(pid_t, const iovec*, unsigned long, const iovec*, unsigned long, unsigned long);

/// What a copy is told of a piece: address there, address here, bytes.
constexpr size_t kNumbers = 3;
constexpr size_t kMostPieces = 16;

/// copy(pid, pieces, count): 0, or the errno of what went wrong. Straight Node-API: medium messages feel it.
template <Copy kCopy>
napi_value CopyRemote(napi_env env, napi_callback_info info) {
  napi_value args[3], result;
  size_t count = 3;
  int32_t pid = 0;
  uint32_t pieces = 0;
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  const bool read = napi_get_cb_info(env, info, &count, args, nullptr, nullptr) == napi_ok && count == 3 &&
                    napi_get_value_int32(env, args[0], &pid) == napi_ok &&
                    napi_get_typedarray_info(env, args[1], &type, &length, &data, nullptr, nullptr) == napi_ok &&
                    napi_get_value_uint32(env, args[2], &pieces) == napi_ok;
  int error = EINVAL;
  if (read && pid > 0 && type == napi_float64_array && pieces <= kMostPieces && length >= pieces * kNumbers) {
    const double* numbers = static_cast<const double*>(data);
    iovec here[kMostPieces], there[kMostPieces];
    ssize_t total = 0;
    for (size_t i = 0; i < pieces; i++, numbers += kNumbers) {
      const size_t bytes = size_t(numbers[2]);
      there[i] = {reinterpret_cast<void*>(uintptr_t(numbers[0])), bytes};
      here[i] = {reinterpret_cast<void*>(uintptr_t(numbers[1])), bytes};
      total += bytes;
    }
    const ssize_t done = kCopy(pid, here, pieces, there, pieces, 0);
    // A copy ends early where the next page there is missing.
    error = done == total ? 0 : done < 0 ? errno : EFAULT;
  }
  napi_create_int32(env, error, &result);
  return result;
}

napi_value AddressOf(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  size_t count = 1;
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  const bool read = napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) == napi_ok && count == 1 &&
                    napi_get_typedarray_info(env, argument, &type, &length, &data, nullptr, nullptr) == napi_ok;
  napi_create_double(env, read ? double(uintptr_t(data)) : 0, &result);
  return result;
}

/// Yama lets a process read another's memory only if it is an ancestor, or one that the other names.
void AllowCopies(const Napi::CallbackInfo& info) {
  ucred peer{};
  socklen_t size = sizeof peer;
  const int fd = info[0].As<Napi::Number>().Int32Value();
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0) return;
  prctl(PR_SET_PTRACER, peer.pid, 0, 0, 0);
}

}  // namespace

void InitRemote(Napi::Env env, Napi::Object exports) {
  napi_value read, write, address;
  napi_create_function(env, "copyFrom", NAPI_AUTO_LENGTH, CopyRemote<process_vm_readv>, nullptr, &read);
  napi_create_function(env, "copyTo", NAPI_AUTO_LENGTH, CopyRemote<process_vm_writev>, nullptr, &write);
  napi_create_function(env, "addressOf", NAPI_AUTO_LENGTH, AddressOf, nullptr, &address);
  exports.Set("copyFrom", read);
  exports.Set("copyTo", write);
  exports.Set("addressOf", address);
  exports.Set("allowCopies", Napi::Function::New(env, AllowCopies));
}

#else

void InitRemote(Napi::Env, Napi::Object) {}

#endif
