#include "initcontainer/fetcher.h"

#include <grpcpp/grpcpp.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/backoff.h"
#include "common/base/status_details.h"
#include "common/rpc/status.h"

namespace jobexec::initcontainer {
namespace {

using jobexecutor::v1::FetchRequest;
using jobexecutor::v1::FetchResponse;

absl::Status Outcome(const grpc::Status& finished, const FetchOptions& options) {
  absl::Status status = rpc::FromGrpc(finished);
  if (!absl::IsDeadlineExceeded(status)) return status;
  return Annotate(std::move(status), absl::StrCat("no whole answer within ",
                                                  absl::FormatDuration(options.attempt_timeout)));
}

absl::StatusOr<int> FetchOnce(jobexecutor::v1::Resources::StubInterface& scheduler,
                              const FetchOptions& options, FileWriter& writer, Clock& clock) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(clock.TimeNow() + options.attempt_timeout));
  context.set_wait_for_ready(true);
  FetchRequest request;
  request.set_grant(options.grant);
  const auto stream = scheduler.Fetch(&context, request);

  int files = 0;
  std::optional<std::string> path;
  absl::Status written;
  FetchResponse piece;
  while (written.ok() && stream->Read(&piece)) {
    if (path != piece.path()) {
      path = piece.path();
      ++files;
      written = writer.Begin(*path, piece.executable());
    }
    if (written.ok()) written = writer.Append(piece.chunk());
  }
  if (!written.ok()) context.TryCancel();
  const absl::Status finished = Outcome(stream->Finish(), options);
  if (!written.ok()) return written;
  if (!finished.ok()) return finished;
  return files;
}

// A full volume stays full: what is written here is not worth a retry.
bool WorthARetry(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsAborted(status) || absl::IsInternal(status);
}

}  // namespace

absl::StatusOr<int> FetchFiles(jobexecutor::v1::Resources::StubInterface& scheduler,
                               const FetchOptions& options, FileWriter& writer, Clock& clock) {
  const absl::Duration start = clock.Elapsed();
  const absl::Notification never;
  Backoff backoff(absl::Milliseconds(500), absl::Seconds(15));
  for (int attempt = 1;; ++attempt) {
    auto files = FetchOnce(scheduler, options, writer, clock);
    if (files.ok()) return files;
    const bool over = clock.Elapsed() - start >= options.retry_for;
    if (over || !WorthARetry(files.status())) {
      return Annotate(files.status(), absl::StrCat("cannot fetch the task's files from ",
                                                   options.scheduler, " (attempt ", attempt, ")"));
    }
    clock.WaitOrStop(never, backoff.Next());
  }
}

}  // namespace jobexec::initcontainer
