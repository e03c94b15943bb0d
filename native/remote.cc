// Copies between the memory of this process and that of another: process_vm_readv and process_vm_writev. Linux only.
//
// A number from another process is used as an address in that process alone, where the kernel checks it. On this side
// the memory is that of a typed array, and the range is checked against it: one that has been detached has no bytes.
#include "addon.h"

#ifdef __linux__
#include <cerrno>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace {

/// The bytes of a typed array; false for anything else.
struct Bytes {
  void* data = nullptr;
  size_t length = 0;
  bool Read(napi_env env, napi_value value) {
    napi_typedarray_type type;
    return napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) == napi_ok &&
           (type == napi_uint8_array || length == 0);
  }
};

using Copy = ssize_t (*)(pid_t, const iovec*, unsigned long, const iovec*, unsigned long, unsigned long);

/// copy(pid, address, bytes, offset, length): 0, or the errno of what went wrong.
template <Copy kCopy>
napi_value CopyRemote(napi_env env, napi_callback_info info) {
  napi_value args[5], result;
  size_t count = 5;
  int32_t pid = 0;
  double address = 0, offset = 0, length = 0;
  Bytes local;
  const bool read = napi_get_cb_info(env, info, &count, args, nullptr, nullptr) == napi_ok && count == 5 &&
                    napi_get_value_int32(env, args[0], &pid) == napi_ok &&
                    napi_get_value_double(env, args[1], &address) == napi_ok && local.Read(env, args[2]) &&
                    napi_get_value_double(env, args[3], &offset) == napi_ok &&
                    napi_get_value_double(env, args[4], &length) == napi_ok;
  int error = 0;
  if (!read || pid <= 0 || !(address > 0) || !(offset >= 0) || !(length >= 0) || offset + length > double(local.length)) {
    error = EINVAL;
  }
  char* here = static_cast<char*>(local.data) + size_t(offset);
  char* there = reinterpret_cast<char*>(uintptr_t(address));
  size_t left = error == 0 ? size_t(length) : 0;
  while (left > 0) {
    const iovec mine{here, left}, theirs{there, left};
    const ssize_t done = kCopy(pid, &mine, 1, &theirs, 1, 0);
    if (done <= 0) {
      error = done < 0 ? errno : EFAULT;
      break;
    }
    here += done;
    there += done;
    left -= size_t(done);
  }
  napi_create_int32(env, error, &result);
  return result;
}

napi_value AddressOf(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  size_t count = 1;
  Bytes bytes;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  const bool read = count == 1 && bytes.Read(env, argument);
  napi_create_double(env, read ? double(uintptr_t(bytes.data)) : 0, &result);
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
