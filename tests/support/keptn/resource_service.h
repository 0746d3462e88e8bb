// Keptn's resource-service over HTTP.
#pragma once

#include <map>
#include <string>

#include "common/http/http_message.h"
#include "tests/support/keptn/event_log.h"
#include "tests/support/keptn/resource_history.h"
#include "tests/support/keptn/wire.h"

namespace jobexec::test_keptn {

// Thread-safe.
class ResourceService {
 public:
  // Both must outlive it.
  ResourceService(ResourceHistory& history, EventLog& log);

  http::Response Handle(const ServiceRequest& request) const;

 private:
  void AddRoutes(const std::string& level);
  http::Response ReadOne(const ServiceRequest& request, const Place& place,
                         const std::string& uri) const;
  http::Response WriteOne(const ServiceRequest& request, const Place& place,
                          const std::string& uri) const;
  http::Response DeleteOne(const Place& place, const std::string& uri) const;
  http::Response ReadList(const ServiceRequest& request, const Place& place) const;
  http::Response WriteList(const ServiceRequest& request, const Place& place, int status) const;
  http::Response Commit(const Place& place,
                        const std::map<std::string, std::optional<std::string>>& files,
                        int status) const;
  void Note(const ServiceRequest& request, const Place& place, const std::string& uri,
            int status) const;

  ResourceHistory& history_;
  EventLog& log_;
  RouteTable routes_;
};

}  // namespace jobexec::test_keptn
