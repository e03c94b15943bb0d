// To be filled.
#include "addon.h"

void InitMemory(Napi::Env, Napi::Object) {}
