// jobexec-reporter: follows the Jobs of events and answers them.
#include "common/service/service_main.h"
#include "reporter/app.h"

namespace {

constexpr char kDescription[] =
    "Watches the Jobs of events, lets the next task go and sends .started and .finished.";
constexpr char kExamples[] =
    "  jobexec-reporter --kubeconfig=$HOME/.kube/config --job-namespace=default "
    "--event-sink-url=http://localhost:9000\n"
    "  JOB_NAMESPACE=default EVENTBROKER=nats://nats:4222 jobexec-reporter\n"
    "  jobexec-reporter --settings-file=reporter.env\n";

}  // namespace

int main(int argc, char** argv) {
  return jobexec::service::ServiceMain<jobexec::reporter::App>(argc, argv,
                                                               {.name = "reporter",
                                                                .description = kDescription,
                                                                .examples = kExamples,
                                                                .port_field = "grpc_port"},
                                                               jobexec::reporter::LoadSettings);
}
