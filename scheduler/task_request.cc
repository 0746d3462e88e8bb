#include "scheduler/task_request.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/cloudevents/event.h"
#include "common/json/json.h"
#include "common/runs/schema.h"
#include "scheduler/config/compiled_config.h"
#include "scheduler/config/config_parser.h"

namespace jobexec::scheduler {
namespace {

using jobexecutor::v1::RunTaskRequest;
using jobexecutor::v1::TaskResources;
using jobexecutor::v1::TaskSpec;
using jobexecutor::v1::Variable;
using Json = nlohmann::json;

constexpr size_t kMaxDataBytes = 1024 * 1024;

absl::Status Invalid(absl::string_view message, absl::string_view reason) {
  absl::Status status = absl::InvalidArgumentError(message);
  SetReason(status, reason);
  return status;
}

absl::Status InvalidRequest(absl::string_view message) {
  return Invalid(message, "REQUEST_INVALID");
}

template <typename Repeated>
Json ListOf(const Repeated& values) {
  return Json(std::vector<std::string>(values.begin(), values.end()));
}

template <typename Map>
Json ObjectOf(const Map& map) {
  Json object = Json::object();
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

Json EnvOf(const TaskSpec& spec) {
  Json env = Json::array();
  for (const Variable& variable : spec.env()) {
    const bool from_event = variable.source_case() == Variable::kEventPath;
    env.push_back({{"name", variable.name()},
                   {"value", from_event ? variable.event_path() : variable.value()},
                   {"valueFrom", from_event ? "event" : "string"},
                   {"as", variable.as()}});
  }
  for (const std::string& secret : spec.env_secrets()) {
    env.push_back({{"name", secret}, {"valueFrom", "secret"}});
  }
  return env;
}

// The task as it would stand in a job/config.yaml: YAML reads JSON, and one parser checks both.
Json TaskOf(const TaskSpec& spec) {
  Json task = {{"name", spec.name()},
               {"image", spec.image()},
               {"imagePullPolicy", spec.image_pull_policy()},
               {"cmd", ListOf(spec.cmd())},
               {"args", ListOf(spec.args())},
               {"env", EnvOf(spec)},
               {"files", ListOf(spec.files())},
               {"workingDir", spec.working_dir()},
               {"namespace", spec.namespace_()},
               {"queue", spec.queue()}};
  if (spec.has_resources()) {
    task["resources"] = {{"limits", ObjectOf(spec.resources().limits())},
                         {"requests", ObjectOf(spec.resources().requests())}};
  }
  if (spec.has_max_poll_duration()) task["maxPollDuration"] = spec.max_poll_duration();
  if (spec.has_service_account()) task["serviceAccount"] = spec.service_account();
  if (spec.has_ttl_seconds_after_finished()) {
    task["ttlSecondsAfterFinished"] = spec.ttl_seconds_after_finished();
  }
  if (spec.has_retries()) task["retries"] = spec.retries();
  return task;
}

// Typed fields have no place in a file: their faults are told without it.
absl::StatusOr<JobConfig> ParseSpec(const TaskSpec& spec) {
  ParsedConfig parsed = ParseTask("spec", json::Dump(TaskOf(spec)));
  if (parsed.ok()) return std::move(parsed.config);
  return Invalid(absl::StrJoin(parsed.faults, "\n",
                               [](std::string* out, const ConfigFault& fault) {
                                 absl::StrAppend(out, "spec: ", fault.message);
                               }),
                 "TASK_INVALID");
}

absl::StatusOr<JobConfig> ParseYamlTask(const std::string& text) {
  ParsedConfig parsed = ParseTask("task_yaml", text);
  if (parsed.ok()) return std::move(parsed.config);
  return Invalid(parsed.status().message(), "TASK_INVALID");
}

absl::StatusOr<JobConfig> ReadTask(const RunTaskRequest& request) {
  JobConfig config;
  if (request.task_case() == RunTaskRequest::kSpec) {
    ASSIGN_OR_RETURN(config, ParseSpec(request.spec()));
  } else if (request.task_case() == RunTaskRequest::kTaskYaml) {
    ASSIGN_OR_RETURN(config, ParseYamlTask(request.task_yaml()));
  } else {
    return InvalidRequest("spec or task_yaml must be set: what is to run?");
  }
  Action& action = config.actions.front();
  Task& task = action.tasks.front();
  if (task.name.empty()) return Invalid("the task has no name", "TASK_INVALID");
  action.name = task.name;
  action.silent = request.answer_type().empty();
  // The Job is what knows the request id: it has to outlive the repeats.
  const auto hold = static_cast<int32_t>(absl::ToInt64Seconds(runs::kHold));
  if (task.ttl_seconds_after_finished.value_or(hold) < hold) {
    task.ttl_seconds_after_finished = hold;
  }
  return config;
}

bool IsTypePart(absl::string_view part) {
  return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

absl::StatusOr<std::string> TypeOf(const RunTaskRequest& request) {
  if (request.answer_type().empty()) return kTaskEventType;
  const std::string type = absl::StrCat(request.answer_type(), ".triggered");
  const std::vector<absl::string_view> parts = absl::StrSplit(request.answer_type(), '.');
  if (!std::all_of(parts.begin(), parts.end(), IsTypePart)) {
    return InvalidRequest(
        "answer_type must be letters, digits, '-' and '_' in parts separated by '.'");
  }
  if (!CanMatch(type)) {
    return InvalidRequest("answer_type must be sh.keptn.event.<task> if it is one of Keptn's");
  }
  return type;
}

absl::StatusOr<Json> DataOf(const RunTaskRequest& request) {
  Json data = Json::object();
  if (!request.data_json().empty()) {
    auto parsed = json::Parse(request.data_json(), {.max_bytes = kMaxDataBytes});
    if (!parsed.ok()) {
      return InvalidRequest(absl::StrCat("data_json: ", parsed.status().message()));
    }
    data = *std::move(parsed);
  }
  if (!data.is_object()) return InvalidRequest("data_json must be a JSON object");
  for (const char* member : {"project", "stage", "service", "labels"}) {
    if (data.contains(member)) {
      return InvalidRequest(absl::StrCat("data_json must not have the member ", member,
                                         ": use the request's field of that name"));
    }
  }
  if (!request.project().empty()) data["project"] = request.project();
  if (!request.stage().empty()) data["stage"] = request.stage();
  if (!request.service().empty()) data["service"] = request.service();
  if (!request.labels().empty()) data["labels"] = ObjectOf(request.labels());
  return data;
}

// No time of day goes in: a repeat has to give the same event.
absl::StatusOr<cloudevents::Event> EventOf(const RunTaskRequest& request) {
  cloudevents::Event event;
  event.set_spec_version("1.0");
  event.set_id(request.request_id());
  event.set_source(request.source().empty() ? kTaskEventSource : request.source());
  ASSIGN_OR_RETURN(*event.mutable_type(), TypeOf(request));
  cloudevents::SetAttribute(event, "datacontenttype", "application/json");
  if (!request.keptn_context().empty()) {
    cloudevents::SetAttribute(event, "shkeptncontext", request.keptn_context());
  }
  if (!request.git_commit_id().empty()) {
    cloudevents::SetAttribute(event, "gitcommitid", request.git_commit_id());
  }
  ASSIGN_OR_RETURN(const Json data, DataOf(request));
  event.set_text_data(json::Dump(data));
  return event;
}

}  // namespace

absl::StatusOr<TaskSubmission> ReadTaskRequest(const RunTaskRequest& request) {
  if (request.request_id().empty()) {
    return InvalidRequest("request_id is empty: name the request, so that a repeat is known");
  }
  TaskSubmission task;
  ASSIGN_OR_RETURN(task.config, ReadTask(request));
  ASSIGN_OR_RETURN(*task.submission.mutable_event(), EventOf(request));
  return task;
}

}  // namespace jobexec::scheduler
