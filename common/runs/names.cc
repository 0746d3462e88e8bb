#include "common/runs/names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/hash.h"
#include "common/runs/schema.h"

namespace jobexec::runs {
namespace {

constexpr size_t kEventHashDigits = 24;
constexpr size_t kLeaseHashDigits = 16;
constexpr size_t kMaxLabelBytes = 63;

bool IsLabelCharacter(char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.'; }

bool IsLabelEdge(char c) { return c == '-' || c == '_' || c == '.'; }

}  // namespace

std::string EventHash(absl::string_view source, absl::string_view id) {
  return Sha256Hex(LengthPrefixed({source, id})).substr(0, kEventHashDigits);
}

std::string AnchorName(absl::string_view event_hash) { return TaskStem(event_hash, 0, 1); }

std::string TaskStem(absl::string_view event_hash, int action, int task) {
  return absl::StrFormat("jes-%s-%03d-%03d", event_hash, action, task);
}

std::string MemberName(absl::string_view event_hash, int action, int task,
                       absl::string_view plan_hash) {
  return absl::StrCat(TaskStem(event_hash, action, task), "-", plan_hash.substr(0, kPlanDigits));
}

std::string RunName(absl::string_view event_hash, int action) {
  return absl::StrFormat("%s-%03d", event_hash, action);
}

std::string LabelValue(absl::string_view text) {
  std::string value;
  bool in_run = false;
  for (char c : text) {
    if (IsLabelCharacter(c)) {
      value += c;
      in_run = false;
    } else if (!in_run) {
      value += '_';
      in_run = true;
    }
  }
  if (value.size() > kMaxLabelBytes) value.resize(kMaxLabelBytes);
  while (!value.empty() && IsLabelEdge(value.back())) value.pop_back();
  const size_t first = value.find_first_not_of("-_.");
  return first == std::string::npos ? std::string() : value.substr(first);
}

std::string AnswerId(absl::string_view installation, absl::string_view source, absl::string_view id,
                     absl::string_view kind) {
  return UuidV5(LengthPrefixed({installation, source, id, kind}));
}

std::string LeaseName(absl::string_view service, absl::string_view installation) {
  const bool is_name = std::all_of(installation.begin(), installation.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
  if (is_name) return absl::StrCat("jobexec-", service, "-", installation);
  return absl::StrCat("jobexec-", service, ".",
                      Sha256Hex(installation).substr(0, kLeaseHashDigits));
}

}  // namespace jobexec::runs
