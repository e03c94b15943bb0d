// One call from JavaScript to ZeroMQ's sockets, and what an environment (thread) has of them.
#pragma once
#include "addon.h"

#ifdef __linux__
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <vector>

#include "loop.h"
#include "zmq_library.h"

namespace libzmq {

struct Socket {
  void* zmq = nullptr;
  int fd = -1;
  uv_handle_s* watch = nullptr;
  napi_env env = nullptr;
  napi_ref callback = nullptr;
  const Library* library = nullptr;
  /// The last wait was short.
  bool brief = true;
  /// Messages that JavaScript copies from; their numbers are places here plus one, and free ones are null.
  std::vector<Message*> held;
};

/// What an environment has.
struct State {
  napi_env env;
  Library library;
  void* context = nullptr;
  std::vector<Socket*> sockets;

  void Drop(Message* message) {
    if (message == nullptr) return;
    library.msg_close(message);
    delete message;
  }

  void Close(Socket* socket) {
    // before the descriptor is closed
    if (socket->watch != nullptr) uv_close(socket->watch, [](uv_handle_s* handle) { free(handle); });
    for (Message* message : socket->held) Drop(message);
    const int none = 0;
    library.set(socket->zmq, 17 /* ZMQ_LINGER */, &none, sizeof none);
    library.close(socket->zmq);
    if (socket->callback != nullptr) napi_delete_reference(env, socket->callback);
    delete socket;
  }
};

/// One call from JavaScript.
struct Call {
  State* state = nullptr;
  napi_env env;
  napi_value arguments[7];

  Call(napi_env environment, napi_callback_info info) : env(environment) {
    size_t count = 7;
    void* data = nullptr;
    napi_get_cb_info(env, info, &count, arguments, nullptr, &data);
    state = static_cast<State*>(data);
  }

  int32_t Int(int at) const {
    int32_t value = 0;
    napi_get_value_int32(env, arguments[at], &value);
    return value;
  }

  /// The first argument; throws where it is none.
  Socket* TheSocket() const {
    int32_t id = -1;
    napi_get_value_int32(env, arguments[0], &id);
    if (id >= 0 && id < static_cast<int32_t>(state->sockets.size()) && state->sockets[id] != nullptr) return state->sockets[id];
    Refuse("not an open socket");
    return nullptr;
  }

  /// The bytes of an ArrayBuffer; null, and throws, where it is none.
  char* Bytes(int at, size_t* size) const {
    static char none[1];
    void* bytes = nullptr;
    bool is = false;
    if (napi_is_arraybuffer(env, arguments[at], &is) == napi_ok && is) {
      napi_get_arraybuffer_info(env, arguments[at], &bytes, size);
      return bytes == nullptr ? none : static_cast<char*>(bytes);
    }
    Refuse("not an ArrayBuffer");
    return nullptr;
  }

  /// The bytes of a Uint8Array; null, and throws, where it is none.
  char* View(int at, size_t* size) const {
    static char none[1];
    void* bytes = nullptr;
    napi_typedarray_type type;
    if (napi_get_typedarray_info(env, arguments[at], &type, size, &bytes, nullptr, nullptr) == napi_ok && type == napi_uint8_array) {
      return bytes == nullptr ? none : static_cast<char*>(bytes);
    }
    Refuse("not a Uint8Array");
    return nullptr;
  }

  napi_value Give(int32_t value) const {
    napi_value result;
    napi_create_int32(env, value, &result);
    return result;
  }

  napi_value Give(const char* text) const {
    napi_value result;
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
    return result;
  }

  napi_value Refuse(const char* what) const {
    napi_throw_type_error(env, nullptr, what);
    return nullptr;
  }

  /// What libzmq says of its last call.
  napi_value Fail() const {
    napi_throw_error(env, nullptr, state->library.describe(state->library.error()));
    return nullptr;
  }
};
/// Adds the functions of zmq_messages.cc.
void AddMessages(const std::function<void(const char* name, napi_callback function)>& add);

}  // namespace libzmq
#endif
