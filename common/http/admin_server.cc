#include "common/http/admin_server.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace jobexec::http {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kMetricsText[] = "text/plain; version=0.0.4; charset=utf-8";

Response AnswerReady(const AdminHandlers& handlers) {
  const absl::Status status = handlers.ready();
  if (status.ok()) return MakeResponse(200, kText, "ok\n");
  return MakeResponse(503, kText, absl::StrCat("not ready: ", status.message(), "\n"));
}

Response Answer(const AdminHandlers& handlers, const Request& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = MakeResponse(405, kText, "only GET and HEAD are answered here\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/livez") return MakeResponse(200, kText, "ok\n");
  if (path == "/readyz") return AnswerReady(handlers);
  if (path == "/metrics") return MakeResponse(200, kMetricsText, handlers.metrics_text());
  return MakeResponse(404, kText, "try /livez, /readyz or /metrics\n");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> StartAdminServer(AdminOptions options,
                                                         AdminHandlers handlers) {
  Server::Options server;
  server.address = std::move(options.address);
  server.port = options.port;
  server.max_connections = 64;
  server.max_body_bytes = 0;
  return Server::Start(std::move(server),
                       [handlers = std::move(handlers)](const Request& request, Reply reply) {
                         std::move(reply)(Answer(handlers, request));
                       });
}

}  // namespace jobexec::http
