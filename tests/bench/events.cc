#include "tests/bench/events.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/hash.h"
#include "tests/support/raw_socket.h"

namespace jobexec::bench {
namespace {

// One POST on the wire: what is not the product's own work shall cost as little as possible.
std::string MakePost(absl::string_view id) {
  const std::string event = MakeEvent(id);
  return absl::StrCat(
      "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/cloudevents+json\r\n"
      "Content-Length: ",
      event.size(), "\r\n\r\n", event);
}

absl::Status Post(testing::RawConnection& connection, const std::string& post) {
  if (!connection.Write(post)) return absl::UnavailableError("intake closed the connection");
  const std::string answer = connection.ReadMessage();
  if (answer.empty()) return absl::UnavailableError("no answer from intake");
  const bool is_new = absl::StartsWith(answer, "HTTP/1.1 202 ") &&
                      absl::StrContains(answer, "\"alreadyKnown\":false");
  return is_new ? absl::OkStatus() : absl::InternalError("intake answered: " + answer);
}

}  // namespace

std::vector<std::string> MakeIds(absl::string_view prefix, size_t count) {
  std::vector<std::string> ids;
  for (size_t i = 0; i < count; ++i) ids.push_back(absl::StrCat(prefix, "-", i));
  return ids;
}

std::string MakeEvent(absl::string_view id) {
  const nlohmann::json test = {{"teststrategy", "performance"}};
  const nlohmann::json deployment = {
      {"deploymentURIsLocal", {"http://carts.sockshop-staging.svc.cluster.local:80"}},
      {"deploymentURIsPublic", {"http://carts.sockshop-staging.127.0.0.1.nip.io:80"}},
      {"deploymentNames", {"direct"}},
      {"deploymentstrategy", "direct"},
      {"gitCommit", "6f2d1c1a7d3a4a7e8f2d5b8c5d2f9b1e0a7c3d4e"}};
  const nlohmann::json data = {{"project", kProject},
                               {"stage", kStage},
                               {"service", kService},
                               {"status", "succeeded"},
                               {"result", "pass"},
                               {"message", "Helm release carts deployed"},
                               {"labels", {{"build", "1.14.2"}, {"owner", "team-carts"}}},
                               {"test", test},
                               {"deployment", deployment}};
  const nlohmann::json event = {
      {"specversion", "1.0"},
      {"id", std::string(id)},
      {"source", "shipyard-controller"},
      {"type", "sh.keptn.event.test.triggered"},
      {"time", absl::FormatTime(absl::RFC3339_full, RealClock().TimeNow(), absl::UTCTimeZone())},
      {"datacontenttype", "application/json"},
      {"shkeptncontext", UuidV5(id)},
      {"shkeptnspecversion", "0.2.4"},
      {"data", data}};
  return event.dump();
}

absl::StatusOr<ParallelResult> PostEvents(int port, const std::vector<std::string>& ids,
                                          int connections) {
  std::vector<std::string> posts;
  for (const std::string& id : ids) posts.push_back(MakePost(id));
  std::vector<std::unique_ptr<testing::RawConnection>> open;
  for (int i = 0; i < connections; ++i) {
    open.push_back(testing::ConnectRaw(port));
    if (open.back() == nullptr) return absl::UnavailableError("intake does not accept connections");
  }
  return RunParallel(posts.size(), connections, [&](int thread, size_t i) {
    return Post(*open[static_cast<size_t>(thread)], posts[i]);
  });
}

}  // namespace jobexec::bench
