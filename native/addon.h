// What the parts of the addon share: each part adds its functions to `exports`.
#pragma once
#include <napi.h>

#include <cerrno>
#include <cstring>
#include <string>

// Throws what `errno` says of a system call.
inline Napi::Value Fail(Napi::Env env, const char* call) {
  std::string text = std::string(call) + ": " + std::strerror(errno);
  Napi::Error::New(env, text).ThrowAsJavaScriptException();
  return env.Undefined();
}

void InitMemory(Napi::Env env, Napi::Object exports);
void InitAffinity(Napi::Env env, Napi::Object exports);
void InitLinger(Napi::Env env, Napi::Object exports);
void InitRemote(Napi::Env env, Napi::Object exports);
void InitPort(Napi::Env env, Napi::Object exports);
void InitReduce(Napi::Env env, Napi::Object exports);
void InitMonteCarlo(Napi::Env env, Napi::Object exports);
void InitZmq(Napi::Env env, Napi::Object exports);
