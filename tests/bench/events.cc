#include "tests/bench/events.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/base/status_macros.h"
#include "tests/support/raw_socket.h"

namespace jobexec::bench {
namespace {

// One POST on the wire: what is not the product's own work shall cost as little as possible.
struct Post {
  std::string text;
  size_t events;
};

Post MakePost(absl::Span<const std::string> ids) {
  const auto add_event = [](std::string* out, const std::string& id) { *out += MakeEvent(id); };
  const std::string events = absl::StrJoin(ids, ",", add_event);
  const bool is_batch = ids.size() > 1;
  const std::string body = is_batch ? absl::StrCat("[", events, "]") : events;
  return {.text = absl::StrCat(
              "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ", "application/cloudevents",
              is_batch ? "-batch" : "", "+json\r\nContent-Length: ", body.size(), "\r\n\r\n", body),
          .events = ids.size()};
}

absl::Status Send(testing::RawConnection& connection, const Post& post) {
  if (!connection.Write(post.text)) return absl::UnavailableError("intake closed the connection");
  const std::string answer = connection.ReadMessage();
  if (answer.empty()) return absl::UnavailableError("no answer from intake");
  const std::vector<absl::string_view> parts = absl::StrSplit(answer, "\"alreadyKnown\":false");
  const bool all_new = absl::StartsWith(answer, "HTTP/1.1 202 ") && parts.size() == post.events + 1;
  return all_new ? absl::OkStatus() : absl::InternalError("intake answered: " + answer);
}

// The times of requests as those of their events.
std::vector<absl::Duration> PerEvent(const std::vector<absl::Duration>& times, size_t events,
                                     size_t batch) {
  std::vector<absl::Duration> per_event;
  for (size_t i = 0; i < events; ++i) per_event.push_back(times[i / batch]);
  return per_event;
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
                                          int connections, int batch) {
  const auto size = static_cast<size_t>(batch);
  std::vector<Post> posts;
  for (size_t i = 0; i < ids.size(); i += size) {
    posts.push_back(MakePost(absl::MakeSpan(ids).subspan(i, size)));
  }
  std::vector<std::unique_ptr<testing::RawConnection>> open;
  for (int i = 0; i < connections; ++i) {
    open.push_back(testing::ConnectRaw(port));
    if (open.back() == nullptr) return absl::UnavailableError("intake does not accept connections");
  }
  ASSIGN_OR_RETURN(const ParallelResult requests,
                   RunParallel(posts.size(), connections, [&](int thread, size_t i) {
                     return Send(*open[static_cast<size_t>(thread)], posts[i]);
                   }));
  return ParallelResult{PerEvent(requests.starts, ids.size(), size),
                        PerEvent(requests.ends, ids.size(), size)};
}

}  // namespace jobexec::bench
