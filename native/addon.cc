// The addon's entry: it knows bytes, never ranks. Shared memory, reductions, Monte-Carlo.
#include "addon.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  InitMemory(env, exports);
  InitAffinity(env, exports);
  InitLinger(env, exports);
  InitPort(env, exports);
  InitReduce(env, exports);
  InitRemote(env, exports);
  InitMonteCarlo(env, exports);
  InitZmq(env, exports);
  return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)
