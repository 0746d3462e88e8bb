#include "tests/support/keptn/datastore_service.h"

#include <nlohmann/json.hpp>
#include <optional>

namespace jobexec::test_keptn {

http::Response ServeDatastore(const Datastore& datastore, const ServiceRequest& request) {
  constexpr int64_t kLargestPage = 100;
  if (request.path != "/event") return PageNotFound();
  if (request.method != "GET" && request.method != "HEAD") {
    return ErrorReply(405, "method is not allowed");
  }
  const std::optional<PageRequest> wanted = request.Paging();
  if (!wanted.has_value() || wanted->size < 1 || wanted->size > kLargestPage) {
    return ErrorReply(422, "pageSize in query should be from 1 to 100");
  }
  const auto found = datastore.Find({.project = request.Query("project"),
                                     .stage = request.Query("stage"),
                                     .service = request.Query("service"),
                                     .context = request.Query("keptnContext"),
                                     .type = request.Query("type"),
                                     .source = request.Query("source"),
                                     .id = request.Query("eventID")});
  const Page page = RightPage(found.size(), *wanted);
  nlohmann::json events = nlohmann::json::array();
  for (size_t i = page.begin; i < page.end; ++i) events.push_back(found[i]);
  return JsonReply(200, {{"events", events},
                         {"nextPageKey", page.next_key},
                         {"pageSize", wanted->size},
                         {"totalCount", found.size()}});
}

}  // namespace jobexec::test_keptn
