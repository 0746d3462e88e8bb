// An HTTP server on loopback that answers as a test says and remembers what it was asked.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/http/http_server.h"
#include "common/keptn/settings.h"

namespace jobexec::testing {

inline http::Response JsonAnswer(int status, absl::string_view body) {
  return http::MakeResponse(status, "application/json", std::string(body));
}

// Thread-safe.
class ScriptedKeptn {
 public:
  // `answer` runs on the server's threads.
  using Script = std::function<http::Response(const http::Request&)>;

  explicit ScriptedKeptn(Script answer, int threads = 1)
      : server_(*http::Server::Start(
            {.address = "127.0.0.1", .threads = threads},
            [this, answer = std::move(answer)](http::Request request, http::Reply reply) {
              {
                absl::MutexLock lock(&mutex_);
                requests_.push_back(request);
              }
              std::move(reply)(answer(request));
            })) {}
  ~ScriptedKeptn() { server_->Shutdown(absl::ZeroDuration()); }

  std::string url() const { return absl::StrCat("http://127.0.0.1:", server_->port()); }

  // As Keptn's gateway at /api.
  keptn::Settings RemoteSettings() const {
    const std::string endpoint = url() + "/api";
    keptn::Settings settings;
    settings.mode = keptn::Mode::kRemote;
    settings.urls = {endpoint, endpoint + "/controlPlane", endpoint + "/resource-service",
                     endpoint + "/mongodb-datastore"};
    return settings;
  }

  std::vector<http::Request> requests() const {
    absl::MutexLock lock(&mutex_);
    return requests_;
  }
  // "GET /path?query" of each.
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const http::Request& request : requests()) {
      lines.push_back(absl::StrCat(request.method, " ", request.target));
    }
    return lines;
  }
  void Forget() {
    absl::MutexLock lock(&mutex_);
    requests_.clear();
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<http::Request> requests_ ABSL_GUARDED_BY(mutex_);
  const std::unique_ptr<http::Server> server_;
};

}  // namespace jobexec::testing
