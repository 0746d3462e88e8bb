#include "tests/support/keptn/wire.h"

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/json/json.h"

namespace jobexec::test_keptn {
namespace {

std::optional<std::string> Unescape(absl::string_view text, bool plus_is_blank) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const absl::string_view digits = text.substr(i + 1, 2);
      int byte = 0;
      if (digits.size() < 2 || !absl::ascii_isxdigit(static_cast<unsigned char>(digits[0])) ||
          !absl::SimpleHexAtoi(digits, &byte)) {
        return std::nullopt;
      }
      decoded += static_cast<char>(byte);
      i += 2;
    }
  }
  return decoded;
}

std::string Escape(absl::string_view text, bool (*must_escape)(unsigned char)) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (must_escape(byte)) {
      absl::StrAppendFormat(&escaped, "%%%02X", byte);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

bool GoEscapesInPath(unsigned char c) {
  return !absl::ascii_isalnum(c) && !absl::StrContains("-_.~$&+,/:;=@", static_cast<char>(c));
}

bool NginxEscapes(unsigned char c) {
  return c <= 0x20 || c >= 0x7F || c == '#' || c == '%' || c == '?';
}

bool Fits(const std::vector<std::string>& pattern, const std::vector<std::string>& segments,
          RouteTable::Parameters& parameters) {
  if (pattern.size() != segments.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (absl::StartsWith(pattern[i], ":")) {
      parameters[pattern[i].substr(1)] = segments[i];
    } else if (pattern[i] != segments[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string ServiceRequest::Query(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

std::optional<PageRequest> ServiceRequest::Paging() const {
  PageRequest page;
  const std::string size = Query("pageSize");
  if (!size.empty() && !absl::SimpleAtoi(size, &page.size)) return std::nullopt;
  // As Go's Atoi whose error nobody looks at.
  if (!absl::SimpleAtoi(Query("nextPageKey"), &page.offset)) page.offset = 0;
  return page;
}

ServiceRequest ToServiceRequest(http::Request request) {
  ServiceRequest result;
  result.method = std::move(request.method);
  result.headers = std::move(request.headers);
  result.body = std::move(request.body);
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(request.target, absl::MaxSplits('?', 1));
  result.path = parts.first;
  for (const absl::string_view pair : absl::StrSplit(parts.second, '&', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> member =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    result.query[UnescapeQuery(member.first).value_or("")] =
        UnescapeQuery(member.second).value_or("");
  }
  return result;
}

std::optional<std::string> UnescapePath(absl::string_view text) { return Unescape(text, false); }
std::optional<std::string> UnescapeQuery(absl::string_view text) { return Unescape(text, true); }

std::optional<std::string> GoRouterPath(absl::string_view raw) {
  const std::optional<std::string> decoded = UnescapePath(raw);
  if (!decoded.has_value()) return std::nullopt;
  return Escape(*decoded, GoEscapesInPath) == raw ? *decoded : std::string(raw);
}

std::optional<std::string> NginxPath(absl::string_view raw) {
  const std::optional<std::string> decoded = UnescapePath(raw);
  if (!decoded.has_value()) return std::nullopt;
  return Escape(*decoded, NginxEscapes);
}

std::vector<std::string> Segments(absl::string_view path) {
  if (absl::StartsWith(path, "/")) path.remove_prefix(1);
  return absl::StrSplit(path, '/');
}

http::Response JsonReply(int status, const nlohmann::json& body) {
  return http::MakeResponse(status, "application/json; charset=utf-8", json::Dump(body));
}

http::Response EmptyReply() { return JsonReply(200, nlohmann::json::object()); }

http::Response ErrorReply(int status, absl::string_view message) {
  return JsonReply(status, {{"code", status}, {"message", std::string(message)}});
}

http::Response PageNotFound() {
  return http::MakeResponse(404, "text/plain", "404 page not found");
}

void RouteTable::Add(const std::string& method, const std::string& pattern, Function function) {
  routes_.push_back(
      {.method = method, .pattern = Segments(pattern), .function = std::move(function)});
}

http::Response RouteTable::Serve(const ServiceRequest& request, absl::string_view path) const {
  const std::vector<std::string> segments = Segments(path);
  for (const Route& route : routes_) {
    Parameters parameters;
    if (route.method == request.method && Fits(route.pattern, segments, parameters)) {
      return route.function(request, parameters);
    }
  }
  return PageNotFound();
}

}  // namespace jobexec::test_keptn
