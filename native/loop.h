// The few libuv functions that let the event loop watch a descriptor. Node exports them, and their ABI has been the same
// throughout libuv 1; the headers that come with Node-API do not declare them.
#pragma once
#include <cstddef>

extern "C" {
struct uv_loop_s;
struct uv_handle_s;
typedef void (*tsmpi_uv_poll_cb)(uv_handle_s*, int status, int events);
int uv_poll_init(uv_loop_s*, uv_handle_s*, int fd);
int uv_poll_start(uv_handle_s*, int events, tsmpi_uv_poll_cb);
void uv_close(uv_handle_s*, void (*)(uv_handle_s*));
void uv_ref(uv_handle_s*);
void uv_unref(uv_handle_s*);
size_t uv_handle_size(int type);
void* uv_handle_get_data(const uv_handle_s*);
void uv_handle_set_data(uv_handle_s*, void*);
}

constexpr int kUvPoll = 8;      // UV_POLL of enum uv_handle_type
constexpr int kUvReadable = 1;  // UV_READABLE of enum uv_poll_event
