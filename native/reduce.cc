// To be filled.
#include "addon.h"

void InitReduce(Napi::Env, Napi::Object) {}
