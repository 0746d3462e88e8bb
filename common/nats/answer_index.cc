#include "common/nats/answer_index.h"

#include <algorithm>

#include "common/base/status_macros.h"

namespace jobexec::nats {
namespace {

// What was read of the stream is used this long without reading on: well within the minute that the
// protocol of answers allows between a look and a publication.
constexpr absl::Duration kMaxAge = absl::Seconds(10);
// Subjects whose ids are kept, and ids of one subject.
constexpr size_t kMaxSubjects = 64;
constexpr size_t kMaxIds = 1'000'000;

// True if ids that begin at `have` include everything from `want`, of the same kind, on.
bool Covers(const ScanStart& have, const ScanStart& want) {
  return want.sequence != 0 ? have.sequence <= want.sequence : have.time <= want.time;
}

bool IsEmpty(const StreamInfo& stream) { return stream.first_sequence > stream.last_sequence; }

// True if messages at or after `from` may have been removed from the stream.
bool HasLost(const StreamInfo& stream, const ScanStart& from) {
  // A stream that never lost a message starts at 1.
  if (stream.first_sequence <= 1) return false;
  if (from.sequence != 0) return stream.first_sequence > from.sequence;
  return IsEmpty(stream) || stream.first_time > from.time;
}

// From where on nothing is missing. Of an empty stream nobody knows the time.
ScanStart BeginOf(const StreamInfo& stream) {
  return {.sequence = stream.first_sequence,
          .time = IsEmpty(stream) ? absl::InfiniteFuture() : stream.first_time};
}

}  // namespace

absl::StatusOr<AnswerIndex::Look> AnswerIndex::Find(absl::string_view subject, absl::string_view id,
                                                    const ScanStart& from) {
  absl::MutexLock lock(&mutex_);
  const std::pair<std::string, bool> key(subject, from.sequence != 0);
  if (subjects_.size() >= kMaxSubjects && !subjects_.contains(key)) subjects_.clear();
  Ids& ids = subjects_[key];
  RETURN_IF_ERROR(Refresh(key.first, from, ids));
  const auto found = ids.sequences.find(id);
  if (found == ids.sequences.end()) return Look{.complete = Covers(ids.lost_before, from)};
  return Look{.sequence = found->second};
}

absl::Status AnswerIndex::Refresh(const std::string& subject, const ScanStart& from, Ids& ids) {
  const absl::Duration now = clock_.Elapsed();
  const bool covers = ids.next != 0 && Covers(ids.from, from);
  if (covers && now - ids.read_time < kMaxAge) return absl::OkStatus();

  ASSIGN_OR_RETURN(const StreamInfo stream, connection_.FindStream(subject));
  if (observer_) observer_(stream);
  const bool usable = covers && ids.sequences.size() <= kMaxIds && ids.created == stream.created;
  if (!usable) ids = Ids{.from = from, .created = stream.created};
  RETURN_IF_ERROR(ReadOn(stream, subject, ids));
  ids.read_time = now;
  return absl::OkStatus();
}

absl::Status AnswerIndex::ReadOn(const StreamInfo& stream, const std::string& subject, Ids& ids) {
  ScanStart start = ids.from;
  if (ids.next != 0) start.sequence = ids.next;
  if (HasLost(stream, start) || ids.lost_before.time == absl::InfiniteFuture()) {
    ids.lost_before = BeginOf(stream);
  }
  uint64_t last = stream.last_sequence;
  RETURN_IF_ERROR(
      connection_.Scan(stream.name, subject, start, [&](uint64_t sequence, absl::string_view id) {
        if (!id.empty()) ids.sequences.emplace(id, sequence);
        last = std::max(last, sequence);
      }));
  ids.next = last + 1;
  return absl::OkStatus();
}

}  // namespace jobexec::nats
