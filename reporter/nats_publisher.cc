#include "reporter/nats_publisher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/telemetry/log.h"

namespace jobexec::reporter {
namespace {

// What was read of the stream is used this long without reading on. With kLookValidity it stays
// well within the minute that the protocol allows between look and publication.
constexpr absl::Duration kIndexAge = absl::Seconds(10);
// Subjects whose ids are kept, and ids of one subject.
constexpr size_t kMaxIndexes = 64;
constexpr size_t kMaxIds = 1'000'000;

// True if an index that begins at `from` has everything from `bound`, of the same kind, on.
bool Covers(const LookBound& from, const LookBound& bound) {
  return bound.sequence != 0 ? from.sequence <= bound.sequence : from.time <= bound.time;
}

// A bound that belongs to something already removed: absence proves nothing then.
bool IsBeforeStream(const LookBound& bound, const nats::StreamInfo& stream) {
  if (bound.sequence != 0) return stream.first_sequence > bound.sequence;
  // A stream that never lost a message starts at 1.
  return stream.first_sequence > 1 && stream.first_time > bound.time;
}

}  // namespace

NatsPublisher::NatsPublisher(nats::Connection& connection, Clock& clock)
    : connection_(connection), clock_(clock) {}

absl::StatusOr<Receipt> NatsPublisher::Publish(const cloudevents::Event& event) {
  ASSIGN_OR_RETURN(
      const nats::PublishAck ack,
      connection_.Publish(event.type(), event.id(), cloudevents::ToStructuredJson(event)));
  bool learned = false;
  {
    absl::MutexLock lock(&mutex_);
    learned = std::exchange(learned_, true);
  }
  if (!learned) {
    const absl::StatusOr<nats::StreamInfo> stream = connection_.FindStream(event.type());
    if (stream.ok()) Learn(*stream);
  }
  return Receipt{.sequence = ack.sequence, .duplicate = ack.duplicate};
}

void NatsPublisher::Learn(const nats::StreamInfo& stream) {
  {
    absl::MutexLock lock(&mutex_);
    learned_ = true;
    if (duplicate_window_ == stream.duplicate_window) return;
    duplicate_window_ = stream.duplicate_window;
  }
  if (stream.duplicate_window >= kSafeDuplicateWindow) return;
  log::Warning("the stream's duplicate window is too short: exactly-once is not promised",
               {{"stream", stream.name},
                {"window", absl::FormatDuration(stream.duplicate_window)},
                {"needed", absl::FormatDuration(kSafeDuplicateWindow)}});
}

absl::StatusOr<std::optional<Receipt>> NatsPublisher::Find(absl::string_view type,
                                                           absl::string_view id,
                                                           const LookBound& bound) {
  absl::MutexLock lock(&look_mutex_);
  const std::pair<std::string, bool> key(type, bound.sequence != 0);
  if (indexes_.size() >= kMaxIndexes && !indexes_.contains(key)) indexes_.clear();
  Index& index = indexes_[key];
  RETURN_IF_ERROR(Refresh(std::string(type), bound, index));
  const auto found = index.sequences.find(id);
  if (found == index.sequences.end()) return std::optional<Receipt>();
  return std::optional<Receipt>(Receipt{.sequence = found->second, .duplicate = true});
}

absl::Status NatsPublisher::Refresh(const std::string& subject, const LookBound& bound,
                                    Index& index) {
  const absl::Duration now = clock_.Elapsed();
  const bool covers = index.next != 0 && Covers(index.from, bound);
  if (covers && now - index.read_time < kIndexAge) return absl::OkStatus();
  if (!covers || index.sequences.size() > kMaxIds) index = Index{.from = bound};

  ASSIGN_OR_RETURN(const nats::StreamInfo stream, connection_.FindStream(subject));
  Learn(stream);
  if (index.next == 0 && IsBeforeStream(bound, stream)) {
    log::Warning("the stream no longer has the time in question: an answer may be sent twice",
                 {{"stream", stream.name}, {"first", absl::StrCat(stream.first_sequence)}});
  }
  const nats::ScanStart start{.sequence = index.next != 0 ? index.next : bound.sequence,
                              .time = bound.time};
  uint64_t last = stream.last_sequence;
  RETURN_IF_ERROR(connection_.Scan(stream.name, subject, start,
                                   [&](uint64_t sequence, absl::string_view message_id) {
                                     if (!message_id.empty())
                                       index.sequences.emplace(message_id, sequence);
                                     last = std::max(last, sequence);
                                   }));
  index.next = last + 1;
  index.read_time = now;
  return absl::OkStatus();
}

absl::Duration NatsPublisher::duplicate_window() const {
  absl::MutexLock lock(&mutex_);
  return duplicate_window_;
}

}  // namespace jobexec::reporter
