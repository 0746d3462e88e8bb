// jobexec-scheduler: turns events into Kubernetes Jobs.
#include "common/service/service_main.h"
#include "scheduler/app.h"

namespace {

constexpr char kDescription[] =
    "Matches CloudEvents against job/config.yaml and creates Kubernetes Jobs for them.";
constexpr char kExamples[] =
    "  jobexec-scheduler --kubeconfig=$HOME/.kube/config --job-namespace=default "
    "--resource-directory=./config\n"
    "  KUBECONFIG=~/.kube/config JOB_NAMESPACE=default RESOURCE_DIRECTORY=./config "
    "jobexec-scheduler\n"
    "  jobexec-scheduler --settings-file=scheduler.env --always-send-finished-event\n";

}  // namespace

int main(int argc, char** argv) {
  return jobexec::service::ServiceMain<jobexec::scheduler::App>(argc, argv,
                                                                {.name = "scheduler",
                                                                 .description = kDescription,
                                                                 .examples = kExamples,
                                                                 .port_field = "grpc_port"},
                                                                jobexec::scheduler::LoadSettings);
}
