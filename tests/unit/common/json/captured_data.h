// Data that is not part of the source tree: captures of the original service and the compliance
// suite of RFC 9535. Tests that read it are left out where the folder is absent.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace jobexec::testing {

// The folder that JOBEXEC_SHARED_DATA names, else the one beside the checkout.
inline std::filesystem::path CapturedData() {
  const char* const folder = std::getenv("JOBEXEC_SHARED_DATA");
  return folder != nullptr ? folder : JOBEXEC_DEFAULT_SHARED_DATA;
}

}  // namespace jobexec::testing

#define SKIP_WITHOUT_CAPTURED_DATA()                                      \
  if (!std::filesystem::is_directory(::jobexec::testing::CapturedData())) \
  GTEST_SKIP() << "no folder " << ::jobexec::testing::CapturedData()      \
               << ": set JOBEXEC_SHARED_DATA to run this suite"
