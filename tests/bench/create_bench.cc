#include "tests/bench/create_bench.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "tests/bench/api_server.h"
#include "tests/bench/events.h"
#include "tests/bench/finished_log.h"
#include "tests/bench/job_bodies.h"
#include "tests/bench/services.h"
#include "tests/bench/statistics.h"

namespace jobexec::bench {
namespace {

// Before each measurement the machine may calm down for this long.
constexpr int kMaxQuietSeconds = 20;
constexpr double kQuietCores = 0.2;
// Without a call for this long, nothing more is to come.
constexpr absl::Duration kSettleStep = absl::Milliseconds(500);
constexpr int kMaxSettleSteps = 240;
constexpr absl::Duration kFinishedPatience = absl::Minutes(5);

void Say(const std::string& text) { std::fprintf(stderr, "jobexec-bench: %s\n", text.c_str()); }

// Waits for the controllers to be done with what was removed. Returns how many cores were busy in
// the last second.
double AwaitQuiet() {
  const absl::Notification never;
  double cores = 0;
  for (int i = 0; i < kMaxQuietSeconds; ++i) {
    const double before = MachineCpuSeconds();
    RealClock().WaitOrStop(never, absl::Seconds(1));
    cores = MachineCpuSeconds() - before;
    if (cores < kQuietCores) break;
  }
  return cores;
}

std::string NameOf(Part part) {
  switch (part) {
    case Part::kCreate:
      return "(a) events to Jobs, reporter stopped";
    case Part::kFinish:
      return "(b) events to .finished, all services running";
    case Part::kCreateAlone:
      return "(c) events to Jobs, reporter and the cluster's controllers stopped";
  }
  return "";
}

// When the services have made their last call of the Kubernetes API: answers are marked after they
// have arrived.
absl::StatusOr<absl::Duration> AwaitLastCall(Services& services) {
  const absl::Notification never;
  std::vector<ServiceState> last;
  absl::Duration time;
  for (int i = 0; i < kMaxSettleSteps; ++i) {
    ASSIGN_OR_RETURN(const auto states, services.Read());
    const bool same = std::equal(states.begin(), states.end(), last.begin(), last.end(),
                                 [](const auto& a, const auto& b) { return a.calls == b.calls; });
    if (same) return time;
    last = states;
    time = RealClock().Elapsed();
    RealClock().WaitOrStop(never, kSettleStep);
  }
  return absl::DeadlineExceededError("the services go on calling the API server");
}

// Keeps processes from running while it lives.
class Paused {
 public:
  explicit Paused(const std::vector<pid_t>& pids) : pids_(pids) { SignalAll(SIGSTOP); }
  ~Paused() { SignalAll(SIGCONT); }
  Paused(const Paused&) = delete;
  Paused& operator=(const Paused&) = delete;

 private:
  void SignalAll(int signal) const {
    for (const pid_t pid : pids_) kill(pid, signal);
  }

  const std::vector<pid_t>& pids_;
};

class Measurement {
 public:
  Measurement(const Installation& installation, const CreateOptions& options, Part part)
      : installation_(installation),
        options_(options),
        with_reporter_(part == Part::kFinish),
        result_{
            .name = NameOf(part), .events = options.events, .connections = options.connections} {}

  absl::StatusOr<PartResult> Run();

 private:
  absl::Status RunFirstCeilings();
  absl::Status RunCeiling(int in_flight);
  absl::Status RunBursts();
  absl::Status RunBurst(int batch);
  absl::StatusOr<double> Clean(ApiServer& api);
  absl::Status WarmUp(ApiServer& api, Services& services, FinishedLog* finished);
  absl::Status Measure(ApiServer& api, Services& services, FinishedLog* finished, int batch,
                       BurstRound& round);
  std::vector<std::string> NewIds(size_t count);

  const Installation& installation_;
  const CreateOptions& options_;
  const bool with_reporter_;
  int ids_ = 0;
  PartResult result_;
};

absl::StatusOr<PartResult> Measurement::Run() {
  RETURN_IF_ERROR(RunFirstCeilings());
  RETURN_IF_ERROR(RunBursts());
  for (int round = 1; round < options_.rounds; ++round) {
    RETURN_IF_ERROR(RunCeiling(result_.best_in_flight));
    RETURN_IF_ERROR(RunBursts());
  }
  return result_;
}

absl::Status Measurement::RunFirstCeilings() {
  for (const int in_flight : options_.in_flight) RETURN_IF_ERROR(RunCeiling(in_flight));
  const auto best = std::min_element(
      result_.ceilings.begin(), result_.ceilings.end(),
      [](const auto& a, const auto& b) { return a.second[0].seconds < b.second[0].seconds; });
  result_.best_in_flight = best->first;
  return absl::OkStatus();
}

// The bench's own client is new each time, as the services are.
absl::Status Measurement::RunCeiling(int in_flight) {
  ASSIGN_OR_RETURN(const auto api,
                   ApiServer::Connect(installation_.kubeconfig, installation_.name_space));
  ASSIGN_OR_RETURN(const auto bodies, MakeJobBodies(SchedulerEnvironment(installation_),
                                                    NewIds(static_cast<size_t>(options_.events))));
  CeilingRound round;
  ASSIGN_OR_RETURN(round.background_cores, Clean(*api));
  ASSIGN_OR_RETURN(const double server_cpu, api->CpuSeconds());
  const double cpu = OwnCpuSeconds();
  ASSIGN_OR_RETURN(const ParallelResult loop, with_reporter_
                                                  ? api->CreateAndAnswerJobs(bodies, in_flight)
                                                  : api->CreateJobs(bodies, in_flight));
  round.client_cpu_seconds = OwnCpuSeconds() - cpu;
  ASSIGN_OR_RETURN(round.server_cpu_seconds, api->CpuSeconds());
  round.server_cpu_seconds -= server_cpu;
  round.seconds = absl::ToDoubleSeconds(loop.Total());
  if (with_reporter_) {
    RETURN_IF_ERROR(api->AwaitAllSucceeded());
    const absl::Duration start = *std::min_element(loop.starts.begin(), loop.starts.end());
    round.seconds_succeeded = absl::ToDoubleSeconds(RealClock().Elapsed() - start);
  }
  Say(absl::StrFormat("ceiling, %d in flight: %.0f/s", in_flight, options_.events / round.seconds));
  result_.ceilings[in_flight].push_back(round);
  return absl::OkStatus();
}

absl::Status Measurement::RunBursts() {
  for (const int batch : options_.batches) RETURN_IF_ERROR(RunBurst(batch));
  return absl::OkStatus();
}

absl::Status Measurement::RunBurst(int batch) {
  ASSIGN_OR_RETURN(const auto api,
                   ApiServer::Connect(installation_.kubeconfig, installation_.name_space));
  BurstRound round;
  ASSIGN_OR_RETURN(round.background_cores, Clean(*api));
  std::unique_ptr<FinishedLog> finished;
  if (with_reporter_) {
    ASSIGN_OR_RETURN(finished, FinishedLog::Start());
  }
  ASSIGN_OR_RETURN(const auto services,
                   Services::Start(installation_, with_reporter_ ? finished->Url() : ""));
  ASSIGN_OR_RETURN(const auto idle, services->Read());
  for (const ServiceState& state : idle) round.services[state.name].idle = state.usage;
  RETURN_IF_ERROR(WarmUp(*api, *services, finished.get()));
  RETURN_IF_ERROR(Measure(*api, *services, finished.get(), batch, round));
  Say(absl::StrFormat("burst over %d connections, %d events a request: %.0f/s",
                      options_.connections, batch, options_.events / round.seconds));
  result_.bursts[batch].push_back(std::move(round));
  return absl::OkStatus();
}

absl::StatusOr<double> Measurement::Clean(ApiServer& api) {
  RETURN_IF_ERROR(api.EnsureNamespace());
  RETURN_IF_ERROR(api.RemoveJobs());
  return AwaitQuiet();
}

// Opens the connections between the parts, as the ceiling's stand before its clock starts. What it
// leaves is done with, so that the controllers are as idle as before a ceiling.
absl::Status Measurement::WarmUp(ApiServer& api, Services& services, FinishedLog* finished) {
  const auto ids = NewIds(static_cast<size_t>(options_.connections) * 2);
  RETURN_IF_ERROR(
      PostEvents(services.intake_port(), ids, options_.connections, /*batch=*/1).status());
  return finished == nullptr ? api.RemoveJobs() : finished->Await(ids, kFinishedPatience);
}

absl::Status Measurement::Measure(ApiServer& api, Services& services, FinishedLog* finished,
                                  int batch, BurstRound& round) {
  const auto ids = NewIds(static_cast<size_t>(options_.events));
  ASSIGN_OR_RETURN(const auto before, services.Read());
  ASSIGN_OR_RETURN(const CallCounts calls_before, api.Calls());
  ASSIGN_OR_RETURN(const double server_cpu, api.CpuSeconds());
  const double cpu = OwnCpuSeconds();

  ASSIGN_OR_RETURN(const ParallelResult posts,
                   PostEvents(services.intake_port(), ids, options_.connections, batch));
  round.seconds = absl::ToDoubleSeconds(posts.Total());
  round.accepted_ms = posts.Milliseconds();
  if (finished != nullptr) {
    RETURN_IF_ERROR(finished->Await(ids, kFinishedPatience));
    ASSIGN_OR_RETURN(const ParallelResult runs, finished->TimesOf(ids, posts.starts));
    round.seconds = absl::ToDoubleSeconds(runs.Total());
    round.finished_ms = runs.Milliseconds();
    const absl::Duration start = *std::min_element(posts.starts.begin(), posts.starts.end());
    ASSIGN_OR_RETURN(const absl::Duration settled, AwaitLastCall(services));
    round.seconds_settled = absl::ToDoubleSeconds(settled - start);
  }

  round.client_cpu_seconds = OwnCpuSeconds() - cpu;
  ASSIGN_OR_RETURN(round.server_cpu_seconds, api.CpuSeconds());
  round.server_cpu_seconds -= server_cpu;
  ASSIGN_OR_RETURN(const auto after, services.Read());
  ASSIGN_OR_RETURN(const CallCounts calls_after, api.Calls());
  round.api_server = Difference(calls_after, calls_before);
  for (size_t i = 0; i < after.size(); ++i) {
    ServiceRound& service = round.services[after[i].name];
    service.end = after[i].usage;
    service.cpu_seconds = after[i].usage.cpu_seconds - before[i].usage.cpu_seconds;
    service.calls = Difference(after[i].calls, before[i].calls);
  }
  return absl::OkStatus();
}

// Never used before, on this cluster: runs may follow one another on one that is kept.
std::vector<std::string> Measurement::NewIds(size_t count) {
  return MakeIds(absl::StrCat("bench-", absl::ToUnixMillis(RealClock().TimeNow()), "-", ++ids_),
                 count);
}

}  // namespace

absl::StatusOr<PartResult> Measure(Part part, const Installation& installation,
                                   const CreateOptions& options) {
  Say(NameOf(part));
  Measurement measurement(installation, options, part);
  if (part != Part::kCreateAlone) return measurement.Run();
  // Removing pods takes the controllers, so none may be left; while they stand, no pod is made.
  ASSIGN_OR_RETURN(const auto api,
                   ApiServer::Connect(installation.kubeconfig, installation.name_space));
  RETURN_IF_ERROR(api->EnsureNamespace());
  RETURN_IF_ERROR(api->RemoveJobs());
  const Paused paused(options.controllers);
  auto result = measurement.Run();
  RETURN_IF_ERROR(api->RemoveJobs());
  return result;
}

}  // namespace jobexec::bench
