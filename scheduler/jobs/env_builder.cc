#include "scheduler/jobs/env_builder.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/json/go_json.h"
#include "common/json/jsonpath.h"
#include "scheduler/jobs/job_builder.h"

namespace jobexec::scheduler {
namespace {

using Json = nlohmann::json;

absl::Status Invalid(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  SetReason(status, kJobInvalid);
  return status;
}

absl::Status Append(absl::string_view name, std::string value, Json& env) {
  const size_t bytes = name.size() + value.size() + 2;
  if (bytes > kMaxVariableBytes) {
    absl::Status status = absl::InvalidArgumentError(absl::StrCat(
        "variable ", name, " has ", bytes, " bytes with its name, the limit of Linux is ",
        kMaxVariableBytes, ": pass a part of it, or a file"));
    SetReason(status, kEnvTooLarge);
    return status;
  }
  if (absl::StrContains(value, '\0')) {
    return Invalid(absl::StrCat("variable ", name, " has a zero byte in its value"));
  }
  env.push_back({{"name", std::string(name)}, {"value", std::move(value)}});
  return absl::OkStatus();
}

// The value of a query that selects one value at most, else the list of all it selects.
absl::StatusOr<Json> Evaluate(absl::string_view expression, const Json& document) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(expression);
  ASSIGN_OR_RETURN(const json::JsonPath path, json::JsonPath::Compile(trimmed));
  ASSIGN_OR_RETURN(const auto values, path.Select(document));
  if (!path.IsSingular()) {
    Json list = Json::array();
    for (const Json* value : values) list.push_back(*value);
    return list;
  }
  if (values.empty()) {
    return absl::NotFoundError(absl::StrCat("the event has nothing at ", trimmed));
  }
  return *values.front();
}

std::string Format(const Json& value, absl::string_view as) {
  if (absl::EqualsIgnoreCase(as, "json")) return json::ToGoJson(value);
  if (absl::EqualsIgnoreCase(as, "yaml")) return json::ToGoYaml(value);
  return json::ToText(value);
}

absl::Status AppendFromEvent(const EnvVariable& variable, const Json& document, Json& env) {
  const absl::StatusOr<Json> value = Evaluate(variable.value, document);
  if (!value.ok()) {
    return Invalid(absl::StrCat("could not add env with name '", variable.name, "', value '",
                                variable.value,
                                "', valueFrom 'event': ", value.status().message()));
  }
  return Append(variable.name, Format(*value, variable.as), env);
}

absl::Status AppendVariable(const EnvVariable& variable, const Json& document,
                            ContainerEnv& result) {
  if (variable.name.empty()) {
    return Invalid(absl::StrCat("the env entry in line ", variable.position.line, " has no name"));
  }
  if (variable.value_from == "event") return AppendFromEvent(variable, document, result.env);
  if (variable.value_from == "string") return Append(variable.name, variable.value, result.env);
  if (variable.value_from == "secret") {
    result.env_from.push_back({{"secretRef", {{"name", variable.name}}}});
    return absl::OkStatus();
  }
  return Invalid(absl::StrCat("could not add env with name ", variable.name, ", unknown valueFrom ",
                              variable.value_from, ", expected event, secret or string"));
}

}  // namespace

absl::StatusOr<ContainerEnv> BuildEnv(const Task& task, const runs::EventFacts& facts,
                                      const Json& document) {
  ContainerEnv result;
  for (const EnvVariable& variable : task.env) {
    RETURN_IF_ERROR(AppendVariable(variable, document, result));
  }
  RETURN_IF_ERROR(Append("KEPTN_PROJECT", facts.project, result.env));
  RETURN_IF_ERROR(Append("KEPTN_STAGE", facts.stage, result.env));
  RETURN_IF_ERROR(Append("KEPTN_SERVICE", facts.service, result.env));
  for (const auto& [label, value] : facts.labels) {
    RETURN_IF_ERROR(Append(LabelVariable(label), value, result.env));
  }
  return result;
}

std::string LabelVariable(absl::string_view label) {
  std::string name = "LABELS_";
  for (const char32_t c : ToCodePoints(label)) {
    const bool is_replaced = c == '-' || c == ' ' || c == '=' || c < 0x20 || c > 0x7E;
    name += is_replaced ? '_' : absl::ascii_toupper(static_cast<unsigned char>(c));
  }
  return name;
}

}  // namespace jobexec::scheduler
