// For the functions that stand in front of a library's own in test programs of the tsan preset.
#pragma once

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace jobexec::testing {

// The library's function of this mangled name, with the type of the one that stands in front of it.
// Ends the program if no library that is loaded has it.
template <typename Function>
Function RealFunction(Function, const char* symbol) {
  void* found = dlsym(RTLD_NEXT, symbol);
  if (found == nullptr) {
    std::fprintf(stderr, "no library has %s\n", symbol);
    std::abort();
  }
  Function function;
  std::memcpy(&function, &found, sizeof(function));
  return function;
}

}  // namespace jobexec::testing
