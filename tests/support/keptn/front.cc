// Keptn: one call from its door to its answer.
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/keptn/datastore_service.h"
#include "tests/support/keptn/keptn.h"

namespace jobexec::test_keptn {
namespace {

bool IsForTheTestItself(const http::Request& request) {
  return request.target.rfind("/test/", 0) == 0;
}

}  // namespace

void Keptn::OnRequest(Front front, http::Request request, http::Reply reply) {
  if (IsForTheTestItself(request)) {
    return std::move(reply)(admin_service_.Handle(ToServiceRequest(std::move(request))));
  }
  const std::optional<Fault> fault = faults_.Take(request);
  if (!fault.has_value()) {
    http::Response response = Answer(front, request);
    Note(front, request, {{"status", response.status}});
    return std::move(reply)(std::move(response));
  }
  if (fault->delay == absl::ZeroDuration()) {
    return ApplyFault(front, *fault, request, std::move(reply));
  }
  delays_->After(fault->delay, [this, front, fault = *fault, request = std::move(request),
                                reply = std::move(reply)]() mutable {
    ApplyFault(front, fault, request, std::move(reply));
  });
}

// A reply that is dropped cuts the connection.
void Keptn::ApplyFault(Front front, const Fault& fault, const http::Request& request,
                       http::Reply reply) {
  switch (fault.effect) {
    case Fault::Effect::kNone: {
      http::Response response = Answer(front, request);
      Note(front, request, {{"status", response.status}, {"fault", "delay"}});
      return std::move(reply)(std::move(response));
    }
    case Fault::Effect::kStatus: {
      http::Response response = ErrorReply(fault.status, "injected fault");
      if (!fault.retry_after.empty()) {
        response.headers.emplace_back("Retry-After", fault.retry_after);
      }
      Note(front, request, {{"status", fault.status}, {"fault", "status"}});
      return std::move(reply)(std::move(response));
    }
    case Fault::Effect::kCut:
      return Note(front, request, {{"status", 0}, {"fault", "cut"}});
    case Fault::Effect::kLoseReply: {
      const http::Response response = Answer(front, request);
      return Note(front, request,
                  {{"status", response.status}, {"fault", "loseReply"}, {"lost", true}});
    }
  }
}

void Keptn::Note(Front front, const http::Request& request, nlohmann::json fields) {
  fields["front"] = front == Front::kCluster ? "cluster" : "gateway";
  fields["method"] = request.method;
  fields["path"] = request.target.substr(0, request.target.find('?'));
  log_.Add("http", std::move(fields));
}

Routing Keptn::Route(Front front, const ServiceRequest& request) const {
  return front == Front::kCluster ? RouteInCluster(request)
                                  : RouteThroughGateway(request, options_.prefix);
}

http::Response Keptn::Answer(Front front, const http::Request& request) {
  ServiceRequest call = ToServiceRequest(request);
  const Routing routing = Route(front, call);
  if (const auto* response = std::get_if<http::Response>(&routing)) return *response;
  const Destination& destination = std::get<Destination>(routing);
  if (api_down_ && destination.service == Service::kApi) {
    return http::MakeResponse(502, "text/html", "502 Bad Gateway");
  }
  if (destination.needs_auth) {
    // nginx shows every failure of its question to the api-service so.
    if (api_down_) return ErrorReply(429, "too many requests");
    if (std::optional<http::Response> refusal = auth_.Refuse(call.headers)) return *refusal;
  }
  call.path = destination.path;
  return Dispatch(front, destination.service, call);
}

http::Response Keptn::Dispatch(Front front, Service service, const ServiceRequest& request) {
  switch (service) {
    case Service::kApi:
      return api_service_.Handle(request);
    case Service::kController:
      return controller_service_.Handle(request);
    case Service::kResources:
      return resource_service_.Handle(request);
    case Service::kDatastore:
      return ServeDatastore(datastore_, request);
    case Service::kAdmin:
      return admin_service_.Handle(request);
    case Service::kOAuth:
      return oauth_.Handle(request,
                           absl::StrCat(front == Front::kGatewayTls ? "https://" : "http://",
                                        http::FindHeader(request.headers, "Host")));
  }
  return PageNotFound();
}

}  // namespace jobexec::test_keptn
