#include "scheduler/jobs/resources.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "scheduler/config/quantity.h"

namespace jobexec::scheduler {
namespace {

using Json = nlohmann::json;

absl::Status AddQuantities(const char* kind, const std::map<std::string, std::string>& quantities,
                           Json& resources) {
  for (const auto& [name, text] : quantities) {
    if (text.empty()) continue;
    const absl::StatusOr<std::string> quantity = CanonicalQuantity(text);
    const absl::Status status = quantity.ok() && absl::StartsWith(*quantity, "-")
                                    ? absl::InvalidArgumentError("it must not be negative")
                                    : quantity.status();
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("unable to parse resource ", kind,
                                                     " requirement: unable to parse ", name,
                                                     " quantity '", text, "': ", status.message()));
    }
    resources[kind][name] = *quantity;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Json> BuildResources(const Resources& resources) {
  Json json = Json::object();
  RETURN_IF_ERROR(AddQuantities("limits", resources.limits, json));
  RETURN_IF_ERROR(AddQuantities("requests", resources.requests, json));
  return json;
}

}  // namespace jobexec::scheduler
