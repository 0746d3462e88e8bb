// What a test in another process does to the test Keptn (no token is wanted):
//
//   GET    /test/log?kind=KIND&after=N   JSON lines, see event_log.h
//   GET    /test/faults                  {"faults":[...]}, see faults.h
//   POST   /test/faults                  one of them; answers {"id":n}
//   DELETE /test/faults, /test/faults/N
//   POST   /test/sequences  {"project","stage","service","sequence","data","context","commit"}
//                                        answers {"keptnContext","id"}
//   POST   /test/resources  {"project","stage","service","files":{path: text or null},
//                            "upstreamOnly":bool}; answers {"commit"}
//   PUT    /test/switches   any of {"controllerPaused","datastoreLossy","apiDown"}: bool, and
//                            "trouble": {"project","kind":
//                            "none|noCredentials|noUpstream|badToken"}
#pragma once

#include "common/http/http_message.h"
#include "tests/support/keptn/wire.h"

namespace jobexec::test_keptn {

class Keptn;

// Thread-safe.
class AdminService {
 public:
  // `keptn` owns this; it is not used before the first call.
  explicit AdminService(Keptn& keptn);

  http::Response Handle(const ServiceRequest& request) const;

 private:
  void AddFaultRoutes();
  http::Response ShowLog(const ServiceRequest& request) const;
  http::Response StartSequence(const ServiceRequest& request) const;
  http::Response CommitFiles(const ServiceRequest& request) const;
  http::Response Switch(const ServiceRequest& request) const;

  Keptn& keptn_;
  RouteTable routes_;
};

}  // namespace jobexec::test_keptn
