// Requests and replies as Keptn's web servers see and send them.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/http/http_message.h"
#include "tests/support/keptn/paging.h"

namespace jobexec::test_keptn {

struct ServiceRequest {
  std::string method;
  std::string path;  // as sent, escapes and all
  std::map<std::string, std::string> query;
  http::Headers headers;
  std::string body;

  // "" if it is absent.
  std::string Query(const std::string& name) const;
  // From pageSize and nextPageKey; nothing if pageSize is no number.
  std::optional<PageRequest> Paging() const;
};

ServiceRequest ToServiceRequest(http::Request request);

// Percent-decodes; nothing if an escape is broken.
std::optional<std::string> UnescapePath(absl::string_view text);
std::optional<std::string> UnescapeQuery(absl::string_view text);  // '+' is a blank

// The path that Go's router with UseRawPath sees: decoded, unless encoding it again would give
// another text, then as sent. That is why "%252F" arrives as "%2F", and "%2F" as it is. Nothing if
// an escape is broken.
std::optional<std::string> GoRouterPath(absl::string_view raw);

// The path that nginx hands on after a rewrite: decoded, then encoded again by its own rules, so
// that "%2F" becomes a slash and "%252F" stays. Nothing if an escape is broken.
std::optional<std::string> NginxPath(absl::string_view raw);

std::vector<std::string> Segments(absl::string_view path);

http::Response JsonReply(int status, const nlohmann::json& body);
http::Response EmptyReply();  // 200, {}
// {"code":status,"message":message}
http::Response ErrorReply(int status, absl::string_view message);
// gin's answer where there is no route.
http::Response PageNotFound();

// The routes of one service, e.g. Add("PUT", "/v1/uniform/registration/:id/ping", ...).
class RouteTable {
 public:
  using Parameters = std::map<std::string, std::string>;
  using Function = std::function<http::Response(const ServiceRequest&, const Parameters&)>;

  void Add(const std::string& method, const std::string& pattern, Function function);

  // `path` is matched segment by segment as it is; PageNotFound if nothing matches.
  http::Response Serve(const ServiceRequest& request, absl::string_view path) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> pattern;
    Function function;
  };
  std::vector<Route> routes_;
};

}  // namespace jobexec::test_keptn
