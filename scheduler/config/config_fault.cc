#include "scheduler/config/config_fault.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/printable.h"
#include "common/base/status_details.h"

namespace jobexec::scheduler {
namespace {

constexpr size_t kMaxLines = 20;

constexpr size_t kMaxShownBytes = 60;

}  // namespace

std::string Shown(absl::string_view text) {
  size_t size = std::min(text.size(), kMaxShownBytes);
  const auto is_inside_character = [text](size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
  };
  while (size > 0 && is_inside_character(size)) --size;
  return absl::StrCat(Printable(absl::Utf8SafeCEscape(text.substr(0, size))),
                      size < text.size() ? "..." : "");
}

absl::Status FaultsStatus(absl::string_view file_name, const std::vector<ConfigFault>& faults) {
  if (faults.empty()) return absl::OkStatus();
  std::string text;
  for (size_t i = 0; i < faults.size() && i < kMaxLines; ++i) {
    const ConfigFault& fault = faults[i];
    absl::StrAppend(&text, i == 0 ? "" : "\n", file_name, ":", fault.position.line, ":",
                    fault.position.column, ": ", fault.message);
  }
  if (faults.size() > kMaxLines) {
    absl::StrAppend(&text, "\nand ", faults.size() - kMaxLines, " more");
  }
  absl::Status status = absl::InvalidArgumentError(text);
  SetReason(status, "CONFIG_INVALID");
  return status;
}

}  // namespace jobexec::scheduler
