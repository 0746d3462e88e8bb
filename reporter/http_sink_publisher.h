// Answers as structured CloudEvents, POSTed to one URL.
#pragma once

#include <string>

#include "common/http/http_client.h"
#include "reporter/event_publisher.h"

namespace jobexec::reporter {

// A sink cannot be asked what it has: a POST whose fate is unknown (time-out, cut, 408, 5xx) is
// repeated once it is settled, with the same CloudEvent source and id, by which receivers drop the
// repeat.
class HttpSinkPublisher final : public EventPublisher {
 public:
  struct Options {
    std::string url;
    std::string token_file;  // bearer token, read for every POST; empty: none is sent
  };

  // `client` must outlive the publisher.
  HttpSinkPublisher(Options options, http::Client& client);

  Transport transport() const override { return Transport::kHttp; }

  // 2xx: stored. Any other status but 408 and 5xx: not delivered.
  absl::StatusOr<Receipt> Publish(const cloudevents::Event& event) override;

  // UNIMPLEMENTED.
  absl::StatusOr<Finding> Find(const Wanted& wanted) override;

  absl::Duration duplicate_window() const override { return absl::ZeroDuration(); }

  // A sink is any URL: only the next answer shows whether it takes it.
  absl::Status CheckReachable() const override { return absl::OkStatus(); }

 private:
  const Options options_;
  http::Client& client_;
};

}  // namespace jobexec::reporter
