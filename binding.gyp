# The same addon for node-gyp, where there is no cmake: `npx node-gyp rebuild`. CMakeLists.txt lists the same sources; a
# test holds the two equal. The addon lands in build-gyp/, not build/; node-gyp's make files go to build/ all the same,
# and `rebuild` empties that folder first, so a checkout is built with one tool or the other.
{
  'targets': [{
    'target_name': 'tsmpi',
    'product_dir': '<(module_root_dir)/build-gyp/Release',
    'sources': [
      'native/addon.cc',
      'native/affinity.cc',
      'native/linger.cc',
      'native/memory.cc',
      'native/montecarlo.cc',
      'native/philox_avx2.cc',
      'native/philox_avx512.cc',
      'native/philox_neon.cc',
      'native/philox_portable.cc',
      'native/philox_sse41.cc',
      'native/port.cc',
      'native/reduce.cc',
      'native/reduce_portable.cc',
      'native/reduce_avx2.cc',
      'native/reduce_avx512.cc',
      'native/remote.cc',
    ],
    'include_dirs': ['node_modules/node-addon-api'],
    'defines': ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
    'cflags': ['-O3', '-Wall', '-Wextra', '-fno-exceptions', '-fno-math-errno', '-fvisibility=hidden'],
    'cflags_cc': ['-std=c++17'],
    'cflags_cc!': ['-std=gnu++17', '-fno-rtti'],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
      'GCC_OPTIMIZATION_LEVEL': '3',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'NO',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
    },
  }],
}
