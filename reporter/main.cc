// jobexec-reporter: follows the Jobs of events and answers them.
#include "common/service/service_main.h"
#include "reporter/app.h"

namespace {

constexpr char kDescription[] =
    "Watches the Jobs of events, lets the next task go and sends .started and .finished.\n"
    "Example: KUBECONFIG=~/.kube/config JOB_NAMESPACE=default EVENT_SINK_URL=http://localhost:9000 "
    "jobexec-reporter";

}  // namespace

int main(int argc, char** argv) {
  return jobexec::service::ServiceMain<jobexec::reporter::App>(
      argc, argv, {.name = "reporter", .description = kDescription, .port_field = "grpc_port"},
      jobexec::reporter::LoadSettings);
}
