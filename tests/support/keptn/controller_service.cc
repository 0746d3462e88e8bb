#include "tests/support/keptn/controller_service.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "common/json/json.h"
#include "tests/support/keptn/paging.h"

namespace jobexec::test_keptn {
namespace {

using Parameters = RouteTable::Parameters;

http::Response ToReply(const absl::Status& status) {
  int code = 500;
  if (absl::IsNotFound(status)) code = 404;
  if (absl::IsInvalidArgument(status)) code = 400;
  return ErrorReply(code, absl::string_view(status.message()));
}

http::Response ToReply(const absl::StatusOr<nlohmann::json>& result) {
  return result.ok() ? JsonReply(200, *result) : ToReply(result.status());
}

}  // namespace

ControllerService::ControllerService(Engine& engine, Registry& registry, EventLog& log,
                                     Publish publish)
    : engine_(engine), registry_(registry), log_(log), publish_(std::move(publish)) {
  AddUniformRoutes();
  AddSubscriptionRoutes();
  AddSequenceRoutes();
}

http::Response ControllerService::Handle(const ServiceRequest& request) const {
  const std::optional<std::string> path = UnescapePath(request.path);
  if (!path.has_value()) return http::MakeResponse(400, "text/plain", "400 Bad Request");
  return routes_.Serve(request, *path);
}

void ControllerService::AddUniformRoutes() {
  const std::string base = "/v1/uniform/registration";
  routes_.Add("POST", base, [this](const ServiceRequest& request, const Parameters&) {
    return Register(request);
  });
  routes_.Add("GET", base, [this](const ServiceRequest& request, const Parameters&) {
    return JsonReply(200, registry_.List(request.Query("id"), request.Query("name")));
  });
  routes_.Add("PUT", base + "/:id/ping", [this](const ServiceRequest&, const Parameters& at) {
    return ToReply(registry_.Ping(at.at("id")));
  });
  // 200 also for what is not there, as the original says.
  routes_.Add("DELETE", base + "/:id", [this](const ServiceRequest&, const Parameters& at) {
    registry_.Delete(at.at("id"));
    return EmptyReply();
  });
  routes_.Add("POST", "/v1/log", [this](const ServiceRequest& request, const Parameters&) {
    return TakeLogs(request);
  });
  routes_.Add("GET", "/v1/log", [this](const ServiceRequest& request, const Parameters&) {
    return ListLogs(request);
  });
}

void ControllerService::AddSubscriptionRoutes() {
  const std::string base = "/v1/uniform/registration/:id/subscription";
  routes_.Add("POST", base, [this](const ServiceRequest& request, const Parameters& at) {
    return PutSubscription(request, at.at("id"), "");
  });
  routes_.Add("PUT", base + "/:sid", [this](const ServiceRequest& request, const Parameters& at) {
    return PutSubscription(request, at.at("id"), at.at("sid"));
  });
  routes_.Add("GET", base, [this](const ServiceRequest&, const Parameters& at) {
    return ToReply(registry_.Subscriptions(at.at("id")));
  });
  routes_.Add("GET", base + "/:sid", [this](const ServiceRequest&, const Parameters& at) {
    return ToReply(registry_.Subscription(at.at("id"), at.at("sid")));
  });
  routes_.Add("DELETE", base + "/:sid", [this](const ServiceRequest&, const Parameters& at) {
    const absl::Status status = registry_.DeleteSubscription(at.at("id"), at.at("sid"));
    return status.ok() ? EmptyReply() : ErrorReply(500, absl::string_view(status.message()));
  });
}

void ControllerService::AddSequenceRoutes() {
  routes_.Add("GET", "/v1/event/triggered/:type",
              [this](const ServiceRequest& request, const Parameters& at) {
                return ListOffers(request, at.at("type"));
              });
  routes_.Add("POST", "/v1/event", [this](const ServiceRequest& request, const Parameters&) {
    return TakeEvent(request);
  });
  routes_.Add("POST", "/v1/sequence/:project/:context/control",
              [this](const ServiceRequest& request, const Parameters& at) {
                return Steer(request, at.at("project"), at.at("context"));
              });
  routes_.Add("GET", "/v1/sequence/:project",
              [this](const ServiceRequest& request, const Parameters& at) {
                return ListStates(request, at.at("project"));
              });
  routes_.Add(
      "GET", "/v1/sequence-execution",
      [this](const ServiceRequest& request, const Parameters&) { return ListExecutions(request); });
}

// The paging is wrong, as in the original.
http::Response ControllerService::ListOffers(const ServiceRequest& request,
                                             const std::string& type) const {
  const std::optional<PageRequest> wanted = request.Paging();
  if (!wanted.has_value()) return ErrorReply(400, "Invalid request format");
  const OfferFilter filter{.type = type,
                           .project = request.Query("project"),
                           .stage = request.Query("stage"),
                           .service = request.Query("service"),
                           .event_id = request.Query("eventID")};
  if (!filter.project.empty() && !engine_.HasProject(filter.project)) {
    return ErrorReply(404, "Project not found");
  }
  const std::vector<nlohmann::json> offers = engine_.Offers(filter);
  const Page page = BrokenPage(offers.size(), *wanted);
  nlohmann::json events = nlohmann::json::array();
  for (size_t i = page.begin; i < page.end; ++i) events.push_back(offers[i]);
  return JsonReply(
      200, {{"events", events}, {"nextPageKey", page.next_key}, {"totalCount", offers.size()}});
}

// Past the broker and the datastore.
http::Response ControllerService::TakeEvent(const ServiceRequest& request) const {
  const auto event = json::Parse(request.body);
  if (!event.ok() || !event->is_object()) return ErrorReply(400, "Invalid request format");
  for (const char* member : {"id", "time", "type", "source"}) {
    if (json::GetString(*event, member).empty()) return ErrorReply(400, "Invalid request format");
  }
  publish_(engine_.Handle(*event, 0));
  return http::MakeResponse(200, "text/plain", "");
}

http::Response ControllerService::TakeLogs(const ServiceRequest& request) {
  const auto body = json::Parse(request.body);
  const nlohmann::json* entries = body.ok() ? json::Find(*body, "logs") : nullptr;
  if (entries == nullptr || !entries->is_array()) return ErrorReply(400, "Invalid request format");
  for (const nlohmann::json& entry : *entries) {
    log_.Add("integration_log", {{"entry", entry}});
    absl::MutexLock lock(&mutex_);
    logs_.push_back(entry);
  }
  return EmptyReply();
}

http::Response ControllerService::ListLogs(const ServiceRequest& request) const {
  const std::string id = request.Query("integrationId");
  nlohmann::json found = nlohmann::json::array();
  for (const nlohmann::json& entry : Logs()) {
    if (id.empty() || json::GetString(entry, "integrationid") == id) found.push_back(entry);
  }
  return JsonReply(200, {{"logs", found}, {"totalCount", found.size()}, {"nextPageKey", 0}});
}

std::vector<nlohmann::json> ControllerService::Logs() const {
  absl::MutexLock lock(&mutex_);
  return logs_;
}

http::Response ControllerService::Register(const ServiceRequest& request) const {
  const auto integration = json::Parse(request.body);
  if (!integration.ok()) return ErrorReply(400, "Invalid request format");
  const auto registered = registry_.Register(*integration);
  if (!registered.ok()) return ToReply(registered.status());
  return JsonReply(registered->created ? 201 : 200, {{"id", registered->id}});
}

http::Response ControllerService::PutSubscription(const ServiceRequest& request,
                                                  const std::string& id,
                                                  const std::string& subscription_id) const {
  const auto subscription = json::Parse(request.body);
  if (!subscription.ok()) return ErrorReply(400, "Invalid request format");
  const auto put = registry_.PutSubscription(id, subscription_id, *subscription);
  if (!put.ok()) return ToReply(put.status());
  return JsonReply(201, {{"id", *put}});
}

http::Response ControllerService::Steer(const ServiceRequest& request, const std::string& project,
                                        const std::string& context) const {
  static const auto& controls =
      *new std::map<std::string, Engine::Control>{{"abort", Engine::Control::kAbort},
                                                  {"pause", Engine::Control::kPause},
                                                  {"resume", Engine::Control::kResume}};
  const auto command = json::Parse(request.body);
  if (!command.ok() || !command->is_object()) return ErrorReply(400, "Invalid request format");
  const auto control = controls.find(json::GetString(*command, "state"));
  if (control != controls.end()) {
    const std::string stage = json::GetString(*command, "stage");
    log_.Add("sequence_control",
             {{"project", project}, {"context", context}, {"state", control->first}});
    publish_(engine_.Steer(project, context, stage, control->second));
  }
  return EmptyReply();
}

http::Response ControllerService::ListExecutions(const ServiceRequest& request) const {
  const auto executions =
      engine_.Executions(request.Query("project"), request.Query("keptnContext"));
  nlohmann::json list = nlohmann::json::array();
  for (const Execution& each : executions) list.push_back(ToJson(each));
  return JsonReply(
      200, {{"pageSize", list.size()}, {"totalCount", list.size()}, {"sequenceExecutions", list}});
}

http::Response ControllerService::ListStates(const ServiceRequest& request,
                                             const std::string& project) const {
  const auto states = engine_.States(project, request.Query("keptnContext"));
  return JsonReply(
      200, {{"states", states}, {"totalCount", states.size()}, {"pageSize", states.size()}});
}

}  // namespace jobexec::test_keptn
