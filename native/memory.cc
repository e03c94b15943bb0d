// Shared memory, wake-ups and the parent watch. Linux only: elsewhere the functions are absent and tsmpi uses ZeroMQ.
#include "addon.h"

#ifdef __linux__
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loop.h"

namespace {

Napi::Value CreateSegment(const Napi::CallbackInfo& info) {
  int fd = memfd_create("tsmpi", 0);
  if (fd < 0) return Fail(info.Env(), "memfd_create");
  if (ftruncate(fd, info[0].As<Napi::Number>().Int64Value()) != 0) {
    int error = errno;
    close(fd);
    errno = error;
    return Fail(info.Env(), "ftruncate of the shared-memory segment");
  }
  return Napi::Number::New(info.Env(), fd);
}

Napi::Value Map(const Napi::CallbackInfo& info) {
  int fd = info[0].As<Napi::Number>().Int32Value();
  int64_t offset = info[1].As<Napi::Number>().Int64Value();
  size_t bytes = static_cast<size_t>(info[2].As<Napi::Number>().Int64Value());
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
  if (at == MAP_FAILED) return Fail(info.Env(), "mmap of the shared-memory segment");
  return Napi::ArrayBuffer::New(info.Env(), at, bytes, [bytes](Napi::Env, void* data) { munmap(data, bytes); });
}

Napi::Value CreateDoorbell(const Napi::CallbackInfo& info) {
  int fd = eventfd(0, EFD_NONBLOCK);
  if (fd < 0) return Fail(info.Env(), "eventfd");
  return Napi::Number::New(info.Env(), fd);
}

napi_value Ring(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  int32_t fd = -1;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  napi_get_value_int32(env, argument, &fd);
  uint64_t one = 1;
  // EAGAIN means that the counter is full: whoever watches has been told already.
  ssize_t done = write(fd, &one, sizeof one);
  (void)done;
  return nullptr;
}

struct Watch {
  Napi::FunctionReference callback;
  uv_handle_s* handle;
  int fd;
  // A doorbell is silenced here; what else there is to read is the callback's.
  bool isBell;
};

void OnReadable(uv_handle_s* handle, int, int) {
  Watch* watch = static_cast<Watch*>(uv_handle_get_data(handle));
  uint64_t count;
  if (watch->isBell && read(watch->fd, &count, sizeof count) < 0) return;
  Napi::Env env = watch->callback.Env();
  Napi::HandleScope scope(env);
  watch->callback.MakeCallback(env.Global(), {});
  if (env.IsExceptionPending()) {
    Napi::Error error = env.GetAndClearPendingException();
    napi_fatal_exception(env, error.Value());
  }
}

void FreeWatch(uv_handle_s* handle) {
  delete static_cast<Watch*>(uv_handle_get_data(handle));
  free(handle);
}

Napi::Value StartWatch(const Napi::CallbackInfo& info, bool isBell) {
  Napi::Env env = info.Env();
  uv_loop_s* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  Watch* watch = new Watch{Napi::Persistent(info[1].As<Napi::Function>()),
                           static_cast<uv_handle_s*>(calloc(1, uv_handle_size(kUvPoll))),
                           info[0].As<Napi::Number>().Int32Value(), isBell};
  // Makes the descriptor non-blocking, too.
  int status = uv_poll_init(loop, watch->handle, watch->fd);
  if (status != 0) {
    free(watch->handle);
    delete watch;
    errno = -status;
    return Fail(env, "uv_poll_init");
  }
  uv_handle_set_data(watch->handle, watch);
  uv_unref(watch->handle);
  uv_poll_start(watch->handle, kUvReadable, OnReadable);
  return Napi::External<Watch>::New(env, watch);
}

Napi::Value WatchDoorbell(const Napi::CallbackInfo& info) { return StartWatch(info, true); }
Napi::Value WatchInput(const Napi::CallbackInfo& info) { return StartWatch(info, false); }

void KeepAlive(const Napi::CallbackInfo& info) {
  Watch* watch = info[0].As<Napi::External<Watch>>().Data();
  if (info[1].As<Napi::Boolean>()) uv_ref(watch->handle);
  else uv_unref(watch->handle);
}

void Unwatch(const Napi::CallbackInfo& info) {
  Watch* watch = info[0].As<Napi::External<Watch>>().Data();
  uv_close(watch->handle, FreeWatch);
}

Napi::Value CreatePipe(const Napi::CallbackInfo& info) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Fail(info.Env(), "pipe2");
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0u, Napi::Number::New(info.Env(), ends[0]));
  result.Set(1u, Napi::Number::New(info.Env(), ends[1]));
  return result;
}

void CloseOnExec(const Napi::CallbackInfo& info) {
  int fd = info[0].As<Napi::Number>().Int32Value();
  fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) | FD_CLOEXEC);
}

void Close(const Napi::CallbackInfo& info) { close(info[0].As<Napi::Number>().Int32Value()); }

void DieWith(const Napi::CallbackInfo& info) {
  int fd = info[0].As<Napi::Number>().Int32Value();
  // Signals belong to the thread that runs JavaScript.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([fd] {
    pollfd watched{fd, POLLRDHUP, 0};
    while (poll(&watched, 1, -1) < 0 && errno == EINTR) {
    }
    if (watched.revents & POLLNVAL) return;
    kill(0, SIGKILL);
  }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

thread_local bool group_children = false;

/// See load.ts. Runs in the child between libuv's fork and its exec.
void LeadGroup() {
  if (group_children) setpgid(0, 0);
}

void GroupChildren(const Napi::CallbackInfo& info) {
  static const int registered = pthread_atfork(nullptr, nullptr, LeadGroup);
  group_children = registered == 0 && info[0].As<Napi::Boolean>().Value();
}

}  // namespace

void InitMemory(Napi::Env env, Napi::Object exports) {
  exports.Set("createSegment", Napi::Function::New(env, CreateSegment));
  exports.Set("map", Napi::Function::New(env, Map));
  exports.Set("createDoorbell", Napi::Function::New(env, CreateDoorbell));
  exports.Set("watch", Napi::Function::New(env, WatchDoorbell));
  exports.Set("watchInput", Napi::Function::New(env, WatchInput));
  exports.Set("keepAlive", Napi::Function::New(env, KeepAlive));
  exports.Set("unwatch", Napi::Function::New(env, Unwatch));
  exports.Set("createPipe", Napi::Function::New(env, CreatePipe));
  exports.Set("closeOnExec", Napi::Function::New(env, CloseOnExec));
  exports.Set("close", Napi::Function::New(env, Close));
  exports.Set("dieWith", Napi::Function::New(env, DieWith));
  exports.Set("groupChildren", Napi::Function::New(env, GroupChildren));
  // The plain Node-API entry costs less than the wrapper.
  napi_value ring;
  napi_create_function(env, "ring", NAPI_AUTO_LENGTH, Ring, nullptr, &ring);
  exports.Set("ring", ring);
}

#else

void InitMemory(Napi::Env, Napi::Object) {}

#endif
