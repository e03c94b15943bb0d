// To be filled.
#include "addon.h"

void InitMonteCarlo(Napi::Env, Napi::Object) {}
