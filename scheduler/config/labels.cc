#include "scheduler/config/labels.h"

#include <re2/re2.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "scheduler/config/config_fault.h"

namespace jobexec::scheduler {
namespace {

constexpr size_t kMaxNameBytes = 63;
constexpr size_t kMaxDomainBytes = 253;

bool IsName(absl::string_view text) {
  static const re2::RE2* const kName = new re2::RE2("[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?");
  return text.size() <= kMaxNameBytes &&
         re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *kName);
}

bool IsDomain(absl::string_view text) {
  static const re2::RE2* const kDomain =
      new re2::RE2(R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)");
  return text.size() <= kMaxDomainBytes &&
         re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *kDomain);
}

}  // namespace

absl::Status CheckMetadataKey(absl::string_view key) {
  const size_t slash = key.find('/');
  const bool has_domain = slash != absl::string_view::npos;
  if ((has_domain && !IsDomain(key.substr(0, slash))) ||
      !IsName(has_domain ? key.substr(slash + 1) : key)) {
    return absl::InvalidArgumentError(
        absl::StrCat("key \"", Shown(key),
                     "\" is not [domain/]name with a name of at most 63 letters, digits, '-', '_' "
                     "and '.', letters or digits at its ends"));
  }
  if (absl::StartsWith(key, "jobexec.dev/")) {
    return absl::InvalidArgumentError(
        absl::StrCat("key \"", key, "\" is reserved: choose another domain than jobexec.dev"));
  }
  return absl::OkStatus();
}

absl::Status CheckLabelValue(absl::string_view value) {
  if (value.empty() || IsName(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("value \"", Shown(value),
                   "\" is not at most 63 letters, digits, '-', '_' and '.' with letters or digits "
                   "at its ends"));
}

absl::Status CheckLabels(const std::map<std::string, std::string>& labels) {
  for (const auto& [key, value] : labels) {
    RETURN_IF_ERROR(CheckMetadataKey(key));
    RETURN_IF_ERROR(Annotate(CheckLabelValue(value), key));
  }
  return absl::OkStatus();
}

absl::Status CheckAnnotations(const std::map<std::string, std::string>& annotations) {
  for (const auto& [key, value] : annotations) RETURN_IF_ERROR(CheckMetadataKey(key));
  return absl::OkStatus();
}

}  // namespace jobexec::scheduler
