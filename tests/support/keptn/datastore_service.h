// mongodb-datastore over HTTP.
#pragma once

#include "common/http/http_message.h"
#include "tests/support/keptn/datastore.h"
#include "tests/support/keptn/wire.h"

namespace jobexec::test_keptn {

// GET /event?project&stage&service&keptnContext&type&source&eventID&pageSize&nextPageKey.
http::Response ServeDatastore(const Datastore& datastore, const ServiceRequest& request);

}  // namespace jobexec::test_keptn
