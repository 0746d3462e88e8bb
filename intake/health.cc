#include "intake/health.h"

#include <utility>

namespace jobexec::intake {

std::optional<http::Response> AnswerHealth(const http::Request& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads || request.target.substr(0, request.target.find('?')) != "/health") {
    return std::nullopt;
  }
  return http::MakeResponse(200, "application/json", R"({"status":"OK"})");
}

absl::StatusOr<std::unique_ptr<http::Server>> StartHealthServer(const std::string& address,
                                                                int port) {
  http::Server::Options options;
  options.address = address;
  options.port = port;
  options.max_connections = 16;
  options.max_body_bytes = 0;
  return http::Server::Start(
      std::move(options), [](const http::Request& request, http::Reply reply) {
        std::move(reply)(AnswerHealth(request).value_or(
            http::MakeProblem(404, "Not found", "only GET /health is answered here")));
      });
}

}  // namespace jobexec::intake
