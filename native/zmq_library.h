// The libzmq that the zeromq package has loaded into this process: its functions, looked up by name. Nothing is linked
// against it.
#pragma once
#include <cerrno>
#include <string>

#include <dlfcn.h>
#include <link.h>

namespace libzmq {

/// zmq_msg_t.
struct Message {
  alignas(8) unsigned char opaque[64];
};

/// libzmq's functions, as far as they are needed.
struct Library {
  void* handle = nullptr;
  void (*version)(int*, int*, int*);
  int (*error)();
  const char* (*describe)(int);
  void* (*ctx_new)();
  int (*ctx_set)(void*, int, int);
  int (*ctx_term)(void*);
  void* (*socket)(void*, int);
  int (*close)(void*);
  int (*set)(void*, int, const void*, size_t);
  int (*get)(void*, int, void*, size_t*);
  int (*bind)(void*, const char*);
  int (*connect)(void*, const char*);
  int (*monitor)(void*, const char*, int);
  int (*send)(void*, const void*, size_t, int);
  int (*msg_init)(Message*);
  int (*msg_init_size)(Message*, size_t);
  int (*msg_move)(Message*, Message*);
  int (*msg_send)(Message*, void*, int);
  int (*msg_recv)(Message*, void*, int);
  void* (*msg_data)(Message*);
  size_t (*msg_size)(const Message*);
  int (*msg_more)(const Message*);
  int (*msg_close)(Message*);

  bool Open(const char* name) {
    handle = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
    if (handle == nullptr) return false;
    const bool whole = Find(version, "version") && Find(error, "errno") && Find(describe, "strerror") &&
                       Find(ctx_new, "ctx_new") && Find(ctx_set, "ctx_set") && Find(ctx_term, "ctx_term") &&
                       Find(socket, "socket") && Find(close, "close") && Find(set, "setsockopt") &&
                       Find(get, "getsockopt") && Find(bind, "bind") && Find(connect, "connect") &&
                       Find(monitor, "socket_monitor") && Find(send, "send") && Find(msg_init, "msg_init") &&
                       Find(msg_init_size, "msg_init_size") && Find(msg_move, "msg_move") &&
                       Find(msg_send, "msg_send") && Find(msg_recv, "msg_recv") && Find(msg_data, "msg_data") && Find(msg_size, "msg_size") &&
                       Find(msg_more, "msg_more") && Find(msg_close, "msg_close");
    if (!whole) {
      dlclose(handle);
      handle = nullptr;
    }
    return whole;
  }

 private:
  template <typename F>
  bool Find(F& function, const char* name) {
    function = reinterpret_cast<F>(dlsym(handle, (std::string("zmq_") + name).c_str()));
    return function != nullptr;
  }
};

/// Calls of libzmq may end because a signal came, before they have done anything.
template <typename F>
int Uninterrupted(const Library& library, F call) {
  int result;
  do result = call();
  while (result < 0 && library.error() == EINTR);
  return result;
}

/// For dl_iterate_phdr: the first addon that has all of them.
inline int FindLibrary(dl_phdr_info* info, size_t, void* library) {
  const std::string name = info->dlpi_name, end = ".node";
  const bool addon = name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
  return addon && static_cast<Library*>(library)->Open(name.c_str()) ? 1 : 0;
}

}  // namespace libzmq
