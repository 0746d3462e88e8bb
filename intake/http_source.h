// CloudEvents over HTTP: POST in binary, structured or batched content mode.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/base/rate_limit.h"
#include "common/cloudevents/event.h"
#include "common/http/http_server.h"
#include "intake/dispatcher.h"
#include "intake/metrics.h"

namespace jobexec::intake {

// Thread-safe.
class HttpSource {
 public:
  // Takes events on `path` and everything below it ("/" for any path). All must outlive the source.
  HttpSource(absl::string_view path, Dispatcher& dispatcher, Clock& clock, Metrics& metrics);

  // The life of a request: decode and validate, check, submit, answer (http_answers.h). An event
  // whose own time is more than a minute ago may be a repetition and is looked up first. A request
  // that is no event is refused with a problem document: 400 malformed or invalid, 404 path, 405
  // method, 413 too large, 415 content type, 503 with Retry-After when too much is in flight. A
  // handler of http::Server.
  void Handle(const http::Request& request, http::Reply reply) const;

  // Counts and logs a request that the server refused by itself; `reason` is the server's.
  void NoteRefusal(absl::string_view reason) const;

 private:
  struct Refusal;

  bool IsUnderPath(absl::string_view target) const;
  static Refusal RefusalOf(const absl::Status& status);
  void Refuse(const Refusal& refusal, http::Reply reply) const;
  void LogRefusal(absl::string_view reason, int status, absl::string_view detail) const;

  const std::string path_;  // without slash at the end
  Dispatcher& dispatcher_;
  Clock& clock_;
  Metrics& metrics_;
  mutable RateLimit refusal_lines_;
};

}  // namespace jobexec::intake
