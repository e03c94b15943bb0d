// Messages between JavaScript's memory and libzmq's: each byte is copied once.
//
// Messages that come are written one after the other into a buffer of JavaScript's, see lib/transport/zmq-socket.ts. Of a
// long part only the beginning is: the message stays with libzmq and is held under a number, until JavaScript knows where
// its bytes belong and has taken them.
#include "zmq_call.h"

#ifdef __linux__
namespace libzmq {
namespace {

constexpr int kDontWait = 1, kSendMore = 2;

constexpr size_t kHead = 8;
/// Bytes of a held part that are written.
constexpr size_t kBeginning = 64;
constexpr size_t Padded(size_t length) { return (length + 7) & ~size_t{7}; }

// (socket, ArrayBuffer, from, length, more): sends a copy of these bytes, as a part of a message where there is more.
napi_value Send(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Socket* socket = call.TheSocket();
  if (socket == nullptr) return nullptr;
  size_t size = 0;
  const char* bytes = call.Bytes(1, &size);
  if (bytes == nullptr) return nullptr;
  const size_t from = static_cast<uint32_t>(call.Int(2)), length = static_cast<uint32_t>(call.Int(3));
  if (from > size || length > size - from) return call.Refuse("beyond the ArrayBuffer");
  bool more = false;
  napi_get_value_bool(env, call.arguments[4], &more);
  const Library& library = call.state->library;
  const int flags = kDontWait | (more ? kSendMore : 0);
  const int sent = Uninterrupted(library, [&] { return library.send(socket->zmq, bytes + from, length, flags); });
  return sent < 0 ? call.Fail() : nullptr;
}

// (socket, ArrayBuffer, from, length, Uint8Array, at, count): sends a copy of bytes of both as one part, padded with zeros to
// a multiple of 8 bytes.
napi_value SendJoined(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Socket* socket = call.TheSocket();
  if (socket == nullptr) return nullptr;
  size_t first_size = 0, second_size = 0;
  const char* first = call.Bytes(1, &first_size);
  const char* second = first == nullptr ? nullptr : call.View(4, &second_size);
  if (second == nullptr) return nullptr;
  const size_t from = static_cast<uint32_t>(call.Int(2)), length = static_cast<uint32_t>(call.Int(3));
  int64_t at = -1;
  napi_get_value_int64(env, call.arguments[5], &at);
  const size_t count = static_cast<uint32_t>(call.Int(6));
  if (from > first_size || length > first_size - from) return call.Refuse("beyond the ArrayBuffer");
  if (at < 0 || size_t(at) > second_size || count > second_size - size_t(at)) return call.Refuse("beyond the Uint8Array");
  const Library& library = call.state->library;
  const size_t whole = Padded(length + count);
  Message message;
  if (library.msg_init_size(&message, whole) != 0) return call.Fail();
  char* bytes = static_cast<char*>(library.msg_data(&message));
  memcpy(bytes, first + from, length);
  memcpy(bytes + length, second + at, count);
  memset(bytes + length + count, 0, whole - length - count);
  if (Uninterrupted(library, [&] { return library.msg_send(&message, socket->zmq, kDontWait); }) >= 0) return nullptr;
  call.Fail();
  library.msg_close(&message);
  return nullptr;
}

/// Into an initialized message. False where there is none.
bool Next(const Library& library, void* zmq, Message* part) {
  return Uninterrupted(library, [&] { return library.msg_recv(part, zmq, kDontWait); }) >= 0;
}

/// Keeps a part, which is left empty. Returns its number.
int32_t Hold(const Library& library, Socket* socket, Message* part) {
  Message* message = new Message;
  library.msg_init(message);
  library.msg_move(message, part);
  size_t at = 0;
  while (at < socket->held.size() && socket->held[at] != nullptr) at++;
  if (at == socket->held.size()) socket->held.push_back(nullptr);
  socket->held[at] = message;
  return static_cast<int32_t>(at + 1);
}

/// Where messages go.
struct Target {
  char* bytes;
  size_t size;
  /// Longer parts are held.
  size_t longest;
};

/// Writes the message that `part` begins and returns where it ends. Parts that do not fit are left out.
size_t Write(const Library& library, Socket* socket, Message* part, const Target& target, size_t at) {
  int32_t* head = reinterpret_cast<int32_t*>(target.bytes + at);
  int32_t parts = 0;
  size_t end = at + kHead;
  for (bool more = true; more;) {
    const size_t length = library.msg_size(part), written = length > target.longest ? kBeginning : length;
    const size_t room = kHead + Padded(written);
    more = library.msg_more(part);
    if (room <= target.size - end) {
      int32_t* words = reinterpret_cast<int32_t*>(target.bytes + end);
      memcpy(words + 2, library.msg_data(part), written);
      words[0] = static_cast<int32_t>(length);
      words[1] = written < length ? Hold(library, socket, part) : 0;
      end += room;
    }
    parts++;
    more = more && Next(library, socket->zmq, part);
  }
  head[0] = parts;
  head[1] = static_cast<int32_t>(end - at);
  return end;
}

// (socket, ArrayBuffer, from, least, longest): writes messages that are there into the buffer, from byte `from` on, as long
// as there is room for `least` bytes. Returns where they end.
napi_value Receive(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Socket* socket = call.TheSocket();
  if (socket == nullptr) return nullptr;
  size_t size = 0;
  char* bytes = call.Bytes(1, &size);
  if (bytes == nullptr) return nullptr;
  size_t at = static_cast<uint32_t>(call.Int(2));
  const size_t least = static_cast<uint32_t>(call.Int(3)), longest = static_cast<uint32_t>(call.Int(4));
  if (at > size || at % 8 != 0 || least < kHead || size > INT32_MAX) return call.Refuse("no room for messages");
  if (longest < kBeginning) return call.Refuse("short parts are not held");
  const Library& library = call.state->library;
  const Target target{bytes, size, longest};
  Message part;
  library.msg_init(&part);
  while (size - at >= least && Next(library, socket->zmq, &part)) at = Write(library, socket, &part, target, at);
  library.msg_close(&part);
  return call.Give(static_cast<int32_t>(at));
}

/// The held part whose number is the second argument; throws where there is none.
Message** Held(const Call& call, Socket* socket) {
  const size_t at = static_cast<uint32_t>(call.Int(1)) - size_t{1};
  if (at < socket->held.size() && socket->held[at] != nullptr) return &socket->held[at];
  call.Refuse("not a message that is held");
  return nullptr;
}

// (socket, number, from, Uint8Array, at, count): copies bytes of a held part.
napi_value Copy(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Socket* socket = call.TheSocket();
  Message** held = socket == nullptr ? nullptr : Held(call, socket);
  size_t size = 0;
  char* bytes = held == nullptr ? nullptr : call.View(3, &size);
  if (bytes == nullptr) return nullptr;
  const Library& library = call.state->library;
  const size_t length = library.msg_size(*held), from = static_cast<uint32_t>(call.Int(2));
  const size_t count = static_cast<uint32_t>(call.Int(5));
  int64_t at = -1;
  napi_get_value_int64(env, call.arguments[4], &at);
  if (from > length || count > length - from) return call.Refuse("beyond the message");
  if (at < 0 || size_t(at) > size || count > size - size_t(at)) return call.Refuse("beyond the Uint8Array");
  memcpy(bytes + at, static_cast<const char*>(library.msg_data(*held)) + from, count);
  return nullptr;
}

// (socket, number): frees a held part, and its number for others.
napi_value Drop(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Socket* socket = call.TheSocket();
  Message** held = socket == nullptr ? nullptr : Held(call, socket);
  if (held == nullptr) return nullptr;
  call.state->Drop(*held);
  *held = nullptr;
  return nullptr;
}

}  // namespace

void AddMessages(const std::function<void(const char*, napi_callback)>& add) {
  add("zmqSend", Send);
  add("zmqSendJoined", SendJoined);
  add("zmqReceive", Receive);
  add("zmqCopy", Copy);
  add("zmqDrop", Drop);
}

}  // namespace libzmq
#endif
