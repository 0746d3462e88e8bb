#include "common/http/http_message.h"

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace jobexec::http {

absl::string_view FindHeader(const Headers& headers, absl::string_view name) {
  for (const auto& [field, value] : headers) {
    if (absl::EqualsIgnoreCase(field, name)) return absl::StripAsciiWhitespace(value);
  }
  return {};
}

Response MakeResponse(int status, absl::string_view content_type, std::string body) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", std::string(content_type));
  response.body = std::move(body);
  return response;
}

Response MakeProblem(int status, absl::string_view title, absl::string_view detail) {
  nlohmann::ordered_json problem;
  problem["status"] = status;
  problem["title"] = std::string(title);
  problem["detail"] = std::string(detail);
  return MakeResponse(status, "application/problem+json",
                      problem.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace jobexec::http
