// Quantities of a task, by the rules of the API server.
#include "absl/strings/str_cat.h"
#include "cli/lint_checks.h"
#include "scheduler/config/quantity.h"

namespace jobexec::cli {
namespace {

using scheduler::Resources;
using scheduler::Shown;

constexpr char kQuantityRule[] = "quantity";

bool CheckQuantity(const std::string& text, bool may_be_zero, const Path& path,
                   Findings& findings) {
  const auto order = scheduler::CompareQuantities(text, "0");
  if (!order.ok()) {
    findings.Error(path, kQuantityRule, std::string(order.status().message()));
    return false;
  }
  if (*order > 0 || (*order == 0 && may_be_zero)) return true;
  findings.Error(
      path, kQuantityRule,
      absl::StrCat("\"", Shown(text), "\" is too small; expected a quantity ",
                   may_be_zero ? "of zero or more" : "above zero", ", e.g. 500m, 2 or 1.5Gi"));
  return false;
}

bool CheckQuantities(const std::map<std::string, std::string>& quantities, const Path& path,
                     Findings& findings) {
  bool all_good = true;
  for (const auto& [name, text] : quantities) {
    if (text.empty()) continue;
    all_good = CheckQuantity(text, /*may_be_zero=*/true, path / name, findings) && all_good;
  }
  return all_good;
}

// Only these may be shared by more containers than there is of them.
bool MayBeOvercommitted(absl::string_view name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage";
}

// Requests that Kubernetes refuses beside the limits. All quantities are good.
void CompareWithLimits(const Resources& resources, const Path& path, Findings& findings) {
  for (const auto& [name, request] : resources.requests) {
    if (request.empty()) continue;
    const auto limit = resources.limits.find(name);
    const bool has_limit = limit != resources.limits.end() && !limit->second.empty();
    const int order =
        has_limit ? scheduler::CompareQuantities(request, limit->second).value_or(0) : 0;
    if (!MayBeOvercommitted(name) && (!has_limit || order != 0)) {
      findings.Error(path / "requests" / name, kQuantityRule,
                     absl::StrCat("the request of ", Shown(name), " is ", Shown(request),
                                  "; expected the same as its limit, write the limit alone"));
    } else if (order > 0) {
      findings.Error(path / "requests" / name, kQuantityRule,
                     absl::StrCat("the request of ", Shown(name), " is ", Shown(request),
                                  "; expected at most its limit ", Shown(limit->second)));
    }
  }
}

}  // namespace

void CheckResources(const scheduler::Task& task, const Path& path, Findings& findings) {
  if (!task.volume_size.empty()) {
    CheckQuantity(task.volume_size, /*may_be_zero=*/false, path / "volumeSize", findings);
  }
  if (!task.resources.has_value()) return;
  const Path resources = path / "resources";
  const bool limits_good = CheckQuantities(task.resources->limits, resources / "limits", findings);
  const bool requests_good =
      CheckQuantities(task.resources->requests, resources / "requests", findings);
  if (limits_good && requests_good) CompareWithLimits(*task.resources, resources, findings);
}

}  // namespace jobexec::cli
