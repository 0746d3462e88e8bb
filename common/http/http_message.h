// The plain HTTP/1.1 messages that the server and the client exchange with their users.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace jobexec::http {

// Header fields in wire order; names compare without case.
using Headers = std::vector<std::pair<std::string, std::string>>;

// Value of the first field called `name`, without surrounding blanks; empty if there is none.
absl::string_view FindHeader(const Headers& headers, absl::string_view name);

struct Request {
  std::string method;  // "GET", "POST", ...
  // Server: the request target as received ("/path?query"). Client: an absolute http or https URL.
  std::string target;
  Headers headers;
  std::string body;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

// A response with one content type, and one with an RFC 9457 problem document
// (application/problem+json: status, title, detail).
Response MakeResponse(int status, absl::string_view content_type, std::string body);
Response MakeProblem(int status, absl::string_view title, absl::string_view detail);

}  // namespace jobexec::http
