// A TCP port that is known at once, before the event loop has turned: who listens there takes the descriptor. Linux only.
#include "addon.h"

#ifdef __linux__
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

Napi::Value FailAndClose(Napi::Env env, int fd, const char* call) {
  int error = errno;
  close(fd);
  errno = error;
  return Fail(env, call);
}

Napi::Value TakePort(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  if (getaddrinfo(info[0].As<Napi::String>().Utf8Value().c_str(), "0", &hints, &found) != 0) {
    errno = EINVAL;
    return Fail(env, "getaddrinfo");
  }
  int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int bound = fd < 0 ? -1 : bind(fd, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (fd < 0) return Fail(env, "socket");
  if (bound != 0) return FailAndClose(env, fd, "bind");
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return FailAndClose(env, fd, "getsockname");
  const in_port_t port = address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&address)->sin6_port
                                                       : reinterpret_cast<sockaddr_in*>(&address)->sin_port;
  Napi::Array result = Napi::Array::New(env, 2);
  result.Set(0u, Napi::Number::New(env, fd));
  result.Set(1u, Napi::Number::New(env, ntohs(port)));
  return result;
}

Napi::Value Listen(const Napi::CallbackInfo& info) {
  if (listen(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Int32Value()) != 0) return Fail(info.Env(), "listen");
  return info.Env().Undefined();
}

}  // namespace

void InitPort(Napi::Env env, Napi::Object exports) {
  exports.Set("takePort", Napi::Function::New(env, TakePort));
  exports.Set("listen", Napi::Function::New(env, Listen));
}

#else

void InitPort(Napi::Env, Napi::Object) {}

#endif
