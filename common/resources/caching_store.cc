#include "common/resources/caching_store.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "common/base/hash.h"

namespace jobexec::resources {
namespace {

constexpr absl::Duration kMissingAge = absl::Seconds(30);
// What an entry costs beside its texts, about.
constexpr size_t kEntryBytes = 256;
constexpr size_t kPathBytes = 32;

// A whole SHA-1 or SHA-256; beginnings of one, branches and tags may come to mean something else.
bool IsCommitId(absl::string_view commit) {
  return (commit.size() == 40 || commit.size() == 64) &&
         std::all_of(commit.begin(), commit.end(),
                     [](unsigned char c) { return absl::ascii_isxdigit(c); });
}

// The levels above share their files.
std::string KeyOf(absl::string_view kind, const Scope& scope, Level level, absl::string_view path,
                  absl::string_view commit) {
  return LengthPrefixed({kind, LevelName(level), scope.project,
                         level == Level::kProject ? "" : absl::string_view(scope.stage),
                         level == Level::kService ? absl::string_view(scope.service) : "", path,
                         commit});
}

prometheus::Counter& LookupCounter(prometheus::Registry& registry, const std::string& result) {
  return prometheus::BuildCounter()
      .Name("jobexec_resource_cache_lookups_total")
      .Help("Look-ups of files and lists: kept already, joined a read under way, read")
      .Register(registry)
      .Add({{"result", result}});
}

}  // namespace

CachingStore::CachingStore(Store& store, Options options, Clock& clock,
                           prometheus::Registry& registry)
    : store_(store),
      options_(options),
      clock_(clock),
      hits_(LookupCounter(registry, "hit")),
      joined_(LookupCounter(registry, "joined")),
      misses_(LookupCounter(registry, "miss")),
      bytes_gauge_(prometheus::BuildGauge()
                       .Name("jobexec_resource_cache_bytes")
                       .Help("Size of the files and lists that are kept")
                       .Register(registry)
                       .Add({})) {}

absl::StatusOr<std::string> CachingStore::Read(const Scope& scope, Level level,
                                               absl::string_view path, absl::string_view commit) {
  const std::string effective = EffectiveCommit(level, path, commit);
  const Result result = Get(KeyOf("file", scope, level, path, effective), IsCommitId(effective),
                            [&]() -> absl::StatusOr<Content> {
                              auto file = store_.Read(scope, level, path, commit);
                              if (!file.ok()) return file.status();
                              return Content{.file = *std::move(file)};
                            });
  if (!result->ok()) return result->status();
  return (*result)->file;
}

absl::StatusOr<std::vector<std::string>> CachingStore::List(const Scope& scope, Level level,
                                                            absl::string_view path,
                                                            absl::string_view commit) {
  const Result result = Get(KeyOf("list", scope, level, path, commit), /*is_pinned=*/false,
                            [&]() -> absl::StatusOr<Content> {
                              auto paths = store_.List(scope, level, path, commit);
                              if (!paths.ok()) return paths.status();
                              return Content{.paths = *std::move(paths)};
                            });
  if (!result->ok()) return result->status();
  return (*result)->paths;
}

CachingStore::Result CachingStore::Get(const std::string& key, bool is_pinned,
                                       absl::FunctionRef<absl::StatusOr<Content>()> read) {
  std::shared_ptr<Flight> flight;
  {
    absl::MutexLock lock(&mutex_);
    if (Result kept = FindLocked(key); kept != nullptr) {
      hits_.Increment();
      return kept;
    }
    std::shared_ptr<Flight>& under_way = flights_[key];
    if (under_way != nullptr) {
      joined_.Increment();
      flight = under_way;
      mutex_.Await(absl::Condition(
          +[](Flight* waited_for) { return waited_for->result != nullptr; }, flight.get()));
      return flight->result;
    }
    flight = under_way = std::make_shared<Flight>();
  }
  misses_.Increment();
  // From before the read: what it gives may be as old as that.
  const absl::Duration now = clock_.Elapsed();
  auto result = std::make_shared<const absl::StatusOr<Content>>(read());
  absl::MutexLock lock(&mutex_);
  const bool is_missing = absl::IsNotFound(result->status());
  if (is_pinned && result->ok()) {
    KeepLocked(key, result, absl::InfiniteDuration());
  } else if (result->ok() || is_missing) {
    KeepLocked(key, result, now + (is_pinned ? kMissingAge : options_.newest_age));
  }
  flights_.erase(key);
  flight->result = result;
  return result;
}

CachingStore::Result CachingStore::FindLocked(const std::string& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  if (clock_.Elapsed() >= found->second->expires_at) {
    EraseLocked(found->second);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->result;
}

void CachingStore::KeepLocked(const std::string& key, Result result, absl::Duration expires_at) {
  size_t bytes = kEntryBytes + key.size();
  if (result->ok()) {
    bytes += (*result)->file.size();
    for (const std::string& path : (*result)->paths) bytes += kPathBytes + path.size();
  }
  if (bytes > options_.max_bytes) return;
  while (bytes_ + bytes > options_.max_bytes) EraseLocked(std::prev(entries_.end()));
  entries_.push_front({key, std::move(result), bytes, expires_at});
  index_[entries_.front().key] = entries_.begin();
  bytes_ += bytes;
  bytes_gauge_.Set(static_cast<double>(bytes_));
}

void CachingStore::EraseLocked(std::list<Entry>::iterator entry) {
  bytes_ -= entry->bytes;
  bytes_gauge_.Set(static_cast<double>(bytes_));
  index_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace jobexec::resources
