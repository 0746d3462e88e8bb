#include "common/config/settings_file.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status_macros.h"
#include "tests/fuzz/properties.h"
#include "tests/fuzz/targets.h"

namespace jobexec::fuzz {
namespace {

using config::SettingsFile;

std::string InQuotes(absl::string_view value) {
  return absl::StrCat(
      "\"",
      absl::StrReplaceAll(
          value, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}, {"\r", "\\r"}, {"\t", "\\t"}}),
      "\"");
}

}  // namespace

absl::Status FuzzSettingsFile(absl::string_view input) {
  const SettingsFile file = config::ParseSettingsFile(input);
  const int64_t lines = 1 + std::count(input.begin(), input.end(), '\n');
  for (const SettingsFile::Fault& fault : file.faults) {
    RETURN_IF_ERROR(RequireReadable(fault.message));
    RETURN_IF_ERROR(Require(fault.line >= 1 && fault.line <= lines, "a fault is in a line"));
  }
  std::string quoted;
  for (const SettingsFile::Entry& entry : file.entries) {
    RETURN_IF_ERROR(Require(entry.line >= 1 && entry.line <= lines, "an entry is in a line"));
    absl::StrAppend(&quoted, entry.name, "=", InQuotes(entry.value), "\n");
  }
  const SettingsFile again = config::ParseSettingsFile(quoted);
  return Require(again.faults.empty() && std::equal(again.entries.begin(), again.entries.end(),
                                                    file.entries.begin(), file.entries.end(),
                                                    [](const auto& a, const auto& b) {
                                                      return a.name == b.name && a.value == b.value;
                                                    }),
                 "what was read survives quoting");
}

}  // namespace jobexec::fuzz
