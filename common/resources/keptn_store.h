// The configuration store as Keptn's resource-service.
#pragma once

#include <memory>

#include "common/keptn/api.h"
#include "common/resources/resource_store.h"

namespace jobexec::resources {

// Reads through `api`, which must outlive it. Every call asks Keptn: put a CachingStore before it.
//
// Commits. An event's commit is one of its stage's branch: service and stage level are read at it,
// the project level, which lives on another branch, always as it is now; so are Helm charts
// (helm/NAME.tgz), which Keptn packs from its newest files alone. A commit that the service does
// not know yet is asked for again after a read that makes it pull. Keptn lists the newest files
// only.
//
// What is hidden: .git and .keptn* folders, and on stage level the folder of the scope's own
// service, which holds the service level's files.
//
// Errors: as Store says. Only Keptn's own "Resource|Service|Stage|Project not found" is NOT_FOUND;
// everything else that is neither size nor a name, missing credentials and refused tokens included,
// is UNAVAILABLE: an outage of the store must never look like a missing file.
std::unique_ptr<Store> MakeKeptnStore(keptn::Api& api);

// A call that any working resource-service answers, with 404, without looking into a repository.
keptn::Call ResourceServiceProbe();

}  // namespace jobexec::resources
