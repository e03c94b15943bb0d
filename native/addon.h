// What the parts of the addon share: each part adds its functions to `exports`.
#pragma once
#include <napi.h>

void InitMemory(Napi::Env env, Napi::Object exports);
void InitAffinity(Napi::Env env, Napi::Object exports);
void InitLinger(Napi::Env env, Napi::Object exports);
void InitRemote(Napi::Env env, Napi::Object exports);
void InitReduce(Napi::Env env, Napi::Object exports);
void InitMonteCarlo(Napi::Env env, Napi::Object exports);
