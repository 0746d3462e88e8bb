// jobexec-intake: takes CloudEvents over HTTP, from NATS or from Keptn, and hands them to the
// scheduler.
#include "common/service/service_main.h"
#include "intake/app.h"

namespace {

constexpr char kDescription[] =
    "Takes CloudEvents over HTTP, hands them to the scheduler and answers with its decision. With\n"
    "Keptn it registers there and takes what is subscribed, from NATS or Keptn's API.";
constexpr char kExamples[] =
    "  jobexec-intake --scheduler-address=localhost:9090\n"
    "  SCHEDULER_ADDRESS=localhost:9090 RCV_PORT=8000 jobexec-intake --log-level=debug\n"
    "  KEPTN_API_ENDPOINT=https://keptn.example/api KEPTN_API_TOKEN_FILE=token \\\n"
    "    JOB_NAMESPACE=keptn PUBSUB_TOPIC=sh.keptn.event.deployment.triggered \\\n"
    "    jobexec-intake --scheduler-address=localhost:9090\n"
    "  jobexec-intake --settings-file=intake.env\n";

}  // namespace

int main(int argc, char** argv) {
  return jobexec::service::ServiceMain<jobexec::intake::App>(argc, argv,
                                                             {.name = "intake",
                                                              .description = kDescription,
                                                              .examples = kExamples,
                                                              .port_field = "http_port"},
                                                             jobexec::intake::LoadSettings);
}
