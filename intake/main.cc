// jobexec-intake: takes CloudEvents over HTTP and hands them to the scheduler.
#include "common/service/service_main.h"
#include "intake/app.h"

namespace {

constexpr char kDescription[] =
    "Takes CloudEvents over HTTP, hands them to the scheduler and answers with its decision.\n"
    "Example: SCHEDULER_ADDRESS=localhost:8090 jobexec-intake";

}  // namespace

int main(int argc, char** argv) {
  return jobexec::service::ServiceMain<jobexec::intake::App>(
      argc, argv, {.name = "intake", .description = kDescription, .port_field = "http_port"},
      jobexec::intake::LoadSettings);
}
