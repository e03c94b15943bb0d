// ZeroMQ sockets by libzmq's own calls; see zmq_library.h for whose.
//
// JavaScript holds sockets by number; a wrong number throws. Each environment (thread) has a context of its own, made with
// its first socket and ended, with whatever is still open, when the environment ends.
//
// When to look. The descriptor of a socket (ZMQ_FD) tells of commands in the socket's mailbox, and any call on the socket
// may take them from there. So after a receive that found messages there may be more without the descriptor saying so; only
// a receive that found none has left the mailbox empty, and whatever comes after that shows on the descriptor. Who waits,
// here or in the event loop, must therefore have received in vain last. Whoever is told by the event loop need not receive:
// `OnEvents` has taken the commands, or it would be called for ever.
#include "zmq_call.h"

#ifdef __linux__
#include <ctime>

#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

namespace {

using namespace libzmq;

// As libzmq's header has them.
constexpr int kFd = 14, kEvents = 15, kLastEndpoint = 32;
constexpr int kMaxSockets = 2, kZeroCopyReceive = 10, kBlocky = 70;
constexpr int kReadable = 1;

/// Messages of a batch's size come from the heap and stay there, as if the program had freed a block of 8 MiB before: else
/// each of them is mapped and filled with zeros by the kernel, or the heap shrinks and grows with it.
void KeepMemory() {
#ifdef M_TRIM_THRESHOLD
  mallopt(M_MMAP_THRESHOLD, 8 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
#endif
}

napi_value Load(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Library& library = call.state->library;
  if (library.handle == nullptr) dl_iterate_phdr(FindLibrary, &library);
  if (library.handle == nullptr) return nullptr;
  int parts[3];
  library.version(&parts[0], &parts[1], &parts[2]);
  return call.Give((std::to_string(parts[0]) + "." + std::to_string(parts[1]) + "." + std::to_string(parts[2])).c_str());
}

napi_value Open(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  State* state = call.state;
  const Library& library = state->library;
  if (library.handle == nullptr) return call.Refuse("libzmq has not been found");
  if (state->context == nullptr) {
    KeepMemory();
    state->context = library.ctx_new();
    library.ctx_set(state->context, kMaxSockets, 16384);
    library.ctx_set(state->context, kBlocky, 0);
    // else a message of 200 bytes keeps a receive buffer of 8 KiB
    library.ctx_set(state->context, kZeroCopyReceive, 0);
  }
  int32_t type = -1;
  napi_get_value_int32(env, call.arguments[0], &type);
  void* zmq = library.socket(state->context, type);
  if (zmq == nullptr) return call.Fail();
  Socket* socket = new Socket;
  socket->zmq = zmq;
  socket->env = env;
  socket->library = &library;
  size_t size = sizeof socket->fd;
  library.get(zmq, kFd, &socket->fd, &size);
  size_t id = 0;
  while (id < state->sockets.size() && state->sockets[id] != nullptr) id++;
  if (id == state->sockets.size()) state->sockets.push_back(nullptr);
  state->sockets[id] = socket;
  return call.Give(static_cast<int32_t>(id));
}

// (socket, option, value): a number is an int of libzmq's, a bigint an int64, a string bytes.
napi_value Set(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Socket* socket = call.TheSocket();
  if (socket == nullptr) return nullptr;
  char text[512];
  size_t length = sizeof(int32_t);
  int64_t wide = 0;
  bool lossless;
  const int32_t narrow = call.Int(2);
  const void* value = &narrow;
  if (napi_get_value_string_latin1(env, call.arguments[2], text, sizeof text, &length) == napi_ok) {
    value = text;
  } else if (napi_get_value_bigint_int64(env, call.arguments[2], &wide, &lossless) == napi_ok) {
    value = &wide;
    length = sizeof wide;
  }
  const int failed = call.state->library.set(socket->zmq, call.Int(1), value, length);
  // it may have been a key
  explicit_bzero(text, sizeof text);
  return failed ? call.Fail() : nullptr;
}

napi_value Attach(const Call& call, int (*attach)(void*, const char*)) {
  Socket* socket = call.TheSocket();
  if (socket == nullptr) return nullptr;
  char text[512];
  size_t size = sizeof text;
  if (napi_get_value_string_utf8(call.env, call.arguments[1], text, sizeof text, &size) != napi_ok) return call.Refuse("not an endpoint");
  const Library& library = call.state->library;
  if (Uninterrupted(library, [&] { return attach(socket->zmq, text); }) != 0) return call.Fail();
  size = sizeof text;
  return library.get(socket->zmq, kLastEndpoint, text, &size) == 0 ? call.Give(text) : call.Fail();
}

napi_value Bind(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return Attach(call, call.state->library.bind);
}

napi_value Connect(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return Attach(call, call.state->library.connect);
}

// (socket, endpoint, events): tells of these events at the endpoint; of none any more where they are 0.
napi_value Monitor(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Socket* socket = call.TheSocket();
  if (socket == nullptr) return nullptr;
  char text[512] = "";
  napi_get_value_string_utf8(env, call.arguments[1], text, sizeof text, nullptr);
  const int events = call.Int(2);
  const int failed = call.state->library.monitor(socket->zmq, events == 0 ? nullptr : text, events);
  return failed ? call.Fail() : nullptr;
}

void OnEvents(uv_handle_s* handle, int, int) {
  Socket* socket = static_cast<Socket*>(uv_handle_get_data(handle));
  int events = 0;
  size_t size = sizeof events;
  if (socket->library->get(socket->zmq, kEvents, &events, &size) == 0 && (events & kReadable) == 0) return;
  const Napi::Env env = socket->env;
  const Napi::HandleScope scope(env);
  napi_value callback, error;
  if (napi_get_reference_value(env, socket->callback, &callback) != napi_ok) return;
  // It may close the socket. Node lets its loop turn once more when nothing may be called any longer: no fault of ours.
  const napi_status status = napi_make_callback(env, nullptr, env.Global(), callback, 0, nullptr, nullptr);
  if (status != napi_pending_exception) return;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
}

// (socket, callback): once a socket.
napi_value Watch(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Socket* socket = call.TheSocket();
  if (socket == nullptr) return nullptr;
  napi_valuetype type;
  napi_typeof(env, call.arguments[1], &type);
  if (socket->watch != nullptr || type != napi_function) return call.Refuse("one function watches a socket");
  uv_loop_s* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  uv_handle_s* handle = static_cast<uv_handle_s*>(calloc(1, uv_handle_size(kUvPoll)));
  if (uv_poll_init(loop, handle, socket->fd) != 0) {
    free(handle);
    return call.Refuse("the event loop cannot watch the socket");
  }
  napi_create_reference(env, call.arguments[1], 1, &socket->callback);
  socket->watch = handle;
  uv_handle_set_data(handle, socket);
  uv_unref(handle);
  uv_poll_start(handle, kUvReadable, OnEvents);
  return nullptr;
}

// (socket, on)
napi_value Hold(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Socket* socket = call.TheSocket();
  if (socket == nullptr || socket->watch == nullptr) return nullptr;
  bool on = false;
  napi_get_value_bool(env, call.arguments[1], &on);
  if (on) uv_ref(socket->watch);
  else uv_unref(socket->watch);
  return nullptr;
}

int64_t Nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1000000000} + now.tv_nsec;
}

// (socket, doorbell, awake, nanoseconds): waits for the socket, or the eventfd `doorbell` where that is not -1. Where the
// last wait took less than twice `awake`, it does not sleep for so long: then no processor has to be woken up. Who waits longer
// leaves the processor to libzmq's threads, which encrypt.
napi_value Wait(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Socket* socket = call.TheSocket();
  if (socket == nullptr) return nullptr;
  pollfd watched[2] = {{socket->fd, POLLIN, 0}, {call.Int(1), POLLIN, 0}};
  const nfds_t count = watched[1].fd < 0 ? 1 : 2;
  const int64_t start = Nanoseconds(), awake = call.Int(2), whole = call.Int(3);
  int ready = 0;
  int64_t passed = 0;
  if (socket->brief) {
    while ((ready = poll(watched, count, 0)) == 0 && (passed = Nanoseconds() - start) < awake) sched_yield();
  }
  if (ready == 0 && passed < whole) {
    const timespec left{0, static_cast<long>((whole - passed) % 1000000000)};
    ppoll(watched, count, &left, nullptr);
    passed = Nanoseconds() - start;
  }
  socket->brief = passed < awake * 2;
  uint64_t rung;
  if (watched[1].revents != 0 && read(watched[1].fd, &rung, sizeof rung) < 0) return nullptr;
  return nullptr;
}

napi_value CloseSocket(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Socket* socket = call.TheSocket();
  if (socket == nullptr) return nullptr;
  call.state->sockets[call.Int(0)] = nullptr;
  call.state->Close(socket);
  return nullptr;
}

void End(void* data) {
  State* state = static_cast<State*>(data);
  for (Socket* socket : state->sockets) {
    if (socket != nullptr) state->Close(socket);
  }
  if (state->context != nullptr) Uninterrupted(state->library, [&] { return state->library.ctx_term(state->context); });
  delete state;
}

}  // namespace

void InitZmq(Napi::Env env, Napi::Object exports) {
  State* state = new State{env, {}, nullptr, {}};
  napi_add_env_cleanup_hook(env, End, state);
  const auto add = [&](const char* name, napi_callback function) {
    napi_value made;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, function, state, &made);
    exports.Set(name, made);
  };
  add("zmqLoad", Load);
  add("zmqOpen", Open);
  add("zmqSet", Set);
  add("zmqBind", Bind);
  add("zmqConnect", Connect);
  add("zmqMonitor", Monitor);
  add("zmqWatch", Watch);
  add("zmqHold", Hold);
  add("zmqWait", Wait);
  add("zmqClose", CloseSocket);
  libzmq::AddMessages(add);
}

#else

void InitZmq(Napi::Env, Napi::Object) {}

#endif
