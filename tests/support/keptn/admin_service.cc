#include "tests/support/keptn/admin_service.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/json/json.h"
#include "tests/support/keptn/keptn.h"

namespace jobexec::test_keptn {
namespace {

using Parameters = RouteTable::Parameters;

// Null if it is no object.
nlohmann::json BodyOf(const ServiceRequest& request) {
  auto body = json::Parse(request.body);
  return body.ok() && body->is_object() ? *std::move(body) : nlohmann::json();
}

http::Response BadBody() { return ErrorReply(400, "expected a JSON object"); }

const std::map<std::string, ResourceHistory::Trouble>& Troubles() {
  static const auto& troubles = *new std::map<std::string, ResourceHistory::Trouble>{
      {"none", ResourceHistory::Trouble::kNone},
      {"noCredentials", ResourceHistory::Trouble::kNoCredentials},
      {"noUpstream", ResourceHistory::Trouble::kNoUpstream},
      {"badToken", ResourceHistory::Trouble::kBadToken}};
  return troubles;
}

}  // namespace

AdminService::AdminService(Keptn& keptn) : keptn_(keptn) {
  AddFaultRoutes();
  routes_.Add("GET", "/test/log", [this](const ServiceRequest& request, const Parameters&) {
    return ShowLog(request);
  });
  routes_.Add("POST", "/test/sequences", [this](const ServiceRequest& request, const Parameters&) {
    return StartSequence(request);
  });
  routes_.Add("POST", "/test/resources", [this](const ServiceRequest& request, const Parameters&) {
    return CommitFiles(request);
  });
  routes_.Add("PUT", "/test/switches",
              [this](const ServiceRequest& request, const Parameters&) { return Switch(request); });
}

void AdminService::AddFaultRoutes() {
  routes_.Add("GET", "/test/faults", [this](const ServiceRequest&, const Parameters&) {
    return JsonReply(200, {{"faults", keptn_.faults().List()}});
  });
  routes_.Add("POST", "/test/faults", [this](const ServiceRequest& request, const Parameters&) {
    const auto fault = FaultFromJson(BodyOf(request));
    if (!fault.ok()) return ErrorReply(400, absl::string_view(fault.status().message()));
    return JsonReply(201, {{"id", keptn_.faults().Add(*fault)}});
  });
  routes_.Add("DELETE", "/test/faults", [this](const ServiceRequest&, const Parameters&) {
    keptn_.faults().Clear();
    return EmptyReply();
  });
  routes_.Add("DELETE", "/test/faults/:id", [this](const ServiceRequest&, const Parameters& at) {
    int id = 0;
    if (!absl::SimpleAtoi(at.at("id"), &id)) return ErrorReply(400, "expected a number");
    keptn_.faults().Remove(id);
    return EmptyReply();
  });
}

http::Response AdminService::Handle(const ServiceRequest& request) const {
  return routes_.Serve(request, request.path);
}

http::Response AdminService::ShowLog(const ServiceRequest& request) const {
  uint64_t after = 0;
  const std::string text = request.Query("after");
  if (!text.empty() && !absl::SimpleAtoi(text, &after)) {
    return ErrorReply(400, "after: expected a number");
  }
  std::string lines;
  for (const nlohmann::json& entry : keptn_.log().Entries(request.Query("kind"), after)) {
    absl::StrAppend(&lines, json::Dump(entry), "\n");
  }
  return http::MakeResponse(200, "application/x-ndjson", std::move(lines));
}

http::Response AdminService::StartSequence(const ServiceRequest& request) const {
  const nlohmann::json body = BodyOf(request);
  if (body.is_null()) return BadBody();
  const auto started = keptn_.StartSequence({.project = json::GetString(body, "project"),
                                             .stage = json::GetString(body, "stage"),
                                             .service = json::GetString(body, "service"),
                                             .sequence = json::GetString(body, "sequence"),
                                             .data = body.value("data", nlohmann::json()),
                                             .context = json::GetString(body, "context"),
                                             .commit = json::GetString(body, "commit")});
  if (!started.ok()) return ErrorReply(500, absl::string_view(started.status().message()));
  return JsonReply(200, {{"keptnContext", started->context}, {"id", started->id}});
}

http::Response AdminService::CommitFiles(const ServiceRequest& request) const {
  const nlohmann::json body = BodyOf(request);
  const nlohmann::json* files = json::Find(body, "files");
  const Place place{.project = json::GetString(body, "project"),
                    .stage = json::GetString(body, "stage"),
                    .service = json::GetString(body, "service")};
  if (files == nullptr || !files->is_object() || place.project.empty()) return BadBody();
  std::map<std::string, std::optional<std::string>> changes;
  for (const auto& [path, content] : files->items()) {
    if (content.is_string()) {
      changes[path] = content.get<std::string>();
    } else {
      changes[path] = std::nullopt;
    }
  }
  const std::string commit =
      keptn_.resources().Commit(place, changes, json::GetBool(body, "upstreamOnly", false));
  return JsonReply(200, {{"commit", commit}});
}

http::Response AdminService::Switch(const ServiceRequest& request) const {
  const nlohmann::json body = BodyOf(request);
  if (body.is_null()) return BadBody();
  if (body.contains("controllerPaused")) {
    keptn_.broker().PauseController(json::GetBool(body, "controllerPaused", false));
  }
  if (body.contains("datastoreLossy")) {
    keptn_.datastore().SetLossy(json::GetBool(body, "datastoreLossy", false));
  }
  if (body.contains("apiDown")) keptn_.SetApiDown(json::GetBool(body, "apiDown", false));
  if (const nlohmann::json* trouble = json::Find(body, "trouble"); trouble != nullptr) {
    const auto kind = Troubles().find(json::GetString(*trouble, "kind"));
    if (kind == Troubles().end()) return ErrorReply(400, "trouble.kind is unknown");
    keptn_.resources().SetTrouble(json::GetString(*trouble, "project"), kind->second);
  }
  return EmptyReply();
}

}  // namespace jobexec::test_keptn
