// Resources.Fetch: gives init containers the files that their grant names.
#pragma once

#include "common/base/clock.h"
#include "common/base/worker_pool.h"
#include "common/resources/resource_store.h"
#include "jobexecutor/v1/resources.grpc.pb.h"
#include "scheduler/grant.h"
#include "scheduler/metrics.h"

namespace jobexec::scheduler {

class ResourcesService final : public jobexecutor::v1::Resources::CallbackService {
 public:
  // The references must outlive the service.
  ResourcesService(resources::Store& store, const GrantSigner& signer, WorkerPool& workers,
                   Clock& clock, Metrics& metrics)
      : store_(store), signer_(signer), workers_(workers), clock_(clock), metrics_(metrics) {}

  grpc::ServerWriteReactor<jobexecutor::v1::FetchResponse>* Fetch(
      grpc::CallbackServerContext* context, const jobexecutor::v1::FetchRequest* request) override;

 private:
  resources::Store& store_;
  const GrantSigner& signer_;
  WorkerPool& workers_;
  Clock& clock_;
  Metrics& metrics_;
};

}  // namespace jobexec::scheduler
