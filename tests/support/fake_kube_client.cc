#include "tests/support/fake_kube_client.h"

#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_details.h"

namespace jobexec::testing {
namespace {

using Json = nlohmann::json;
using kube::WatchEventType;

// How often a blocked watch looks at its stop notification.
constexpr absl::Duration kStopLook = absl::Milliseconds(5);

std::string Text(const Json& object, const std::string& pointer) {
  const Json::json_pointer where(pointer);
  if (!object.contains(where)) return "";
  const Json& value = object.at(where);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

absl::Status Error(absl::StatusCode code, absl::string_view text, absl::string_view reason) {
  absl::Status status(code, text);
  SetReason(status, reason);
  return status;
}

// Each of "a=b,c": true if `value_of("a")` is "b" and "c" exists.
template <typename Values>
bool Matches(const std::string& selector, Values value_of) {
  for (absl::string_view term : absl::StrSplit(selector, ',', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(term, absl::MaxSplits('=', 1));
    const std::optional<std::string> value = value_of(parts[0]);
    if (!value.has_value() || (parts.size() == 2 && *value != parts[1])) return false;
  }
  return true;
}

bool MatchesLabels(const Json& object, const std::string& selector) {
  return Matches(selector, [&](const std::string& label) -> std::optional<std::string> {
    const Json labels = object.value("metadata", Json::object()).value("labels", Json::object());
    if (!labels.contains(label)) return std::nullopt;
    return labels.value(label, "");
  });
}

bool MatchesFields(const Json& object, const std::string& selector) {
  return Matches(selector, [&](std::string field) -> std::optional<std::string> {
    std::replace(field.begin(), field.end(), '.', '/');
    return Text(object, absl::StrCat("/", field));
  });
}

bool HasFinalizers(const Json& object) {
  const Json metadata = object.value("metadata", Json::object());
  return metadata.contains("finalizers") && !metadata["finalizers"].empty();
}

}  // namespace

std::optional<FakeKubeClient::Script> FakeKubeClient::Begin(RecordedCall call) {
  std::deque<Script>& scripts = scripts_[call.verb];
  calls_.push_back(std::move(call));
  if (scripts.empty()) return std::nullopt;
  Script script = scripts.front();
  scripts.pop_front();
  return script;
}

template <typename Work>
auto FakeKubeClient::Run(RecordedCall call, Work work) -> decltype(work()) {
  absl::MutexLock lock(&mutex_);
  const std::optional<Script> script = Begin(std::move(call));
  if (!script.has_value()) return work();
  if (script->works) (void)work();
  return script->error;
}

nlohmann::json FakeKubeClient::Store(const Key& key, Json object, WatchEventType type) {
  object["metadata"]["resourceVersion"] = absl::StrCat(++version_);
  objects_[key] = object;
  changes_.push_back({version_, type, key, object});
  return object;
}

void FakeKubeClient::Erase(const Key& key) {
  Json object = std::move(objects_[key]);
  objects_.erase(key);
  object["metadata"]["resourceVersion"] = absl::StrCat(++version_);
  changes_.push_back({version_, WatchEventType::kDeleted, key, std::move(object)});
}

nlohmann::json FakeKubeClient::Put(const kube::Collection& collection, Json object) {
  absl::MutexLock lock(&mutex_);
  const Key key{collection.plural, collection.name_space, Text(object, "/metadata/name")};
  object["metadata"]["namespace"] = collection.name_space;
  if (!object["metadata"].contains("uid")) {
    object["metadata"]["uid"] = absl::StrCat("uid-", ++uids_);
  }
  const bool exists = objects_.contains(key);
  return Store(key, std::move(object), exists ? WatchEventType::kModified : WatchEventType::kAdded);
}

void FakeKubeClient::Remove(const kube::Collection& collection, const std::string& name) {
  absl::MutexLock lock(&mutex_);
  const Key key{collection.plural, collection.name_space, name};
  if (objects_.contains(key)) Erase(key);
}

void FakeKubeClient::FailNext(const std::string& verb, const absl::Status& error, int count) {
  absl::MutexLock lock(&mutex_);
  for (int i = 0; i < count; ++i) scripts_[verb].push_back({error, false});
}

void FakeKubeClient::LoseAnswerOfNext(const std::string& verb, const absl::Status& error,
                                      int count) {
  absl::MutexLock lock(&mutex_);
  for (int i = 0; i < count; ++i) scripts_[verb].push_back({error, true});
}

void FakeKubeClient::SetLog(const std::string& name_space, const std::string& pod,
                            const std::string& container, std::string text) {
  absl::MutexLock lock(&mutex_);
  logs_[{container, name_space, pod}] = std::move(text);
}

void FakeKubeClient::EndLog(const std::string& name_space, const std::string& pod,
                            const std::string& container) {
  absl::MutexLock lock(&mutex_);
  ended_logs_.insert({container, name_space, pod});
}

void FakeKubeClient::ForgetHistory() {
  absl::MutexLock lock(&mutex_);
  forgotten_ = version_;
  changes_.clear();
}

void FakeKubeClient::EndWatches(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  watch_end_ = std::move(status);
  ++watches_ended_;
}

nlohmann::json FakeKubeClient::Find(const kube::Collection& collection,
                                    const std::string& name) const {
  absl::MutexLock lock(&mutex_);
  const auto found = objects_.find({collection.plural, collection.name_space, name});
  return found == objects_.end() ? Json() : found->second;
}

std::vector<nlohmann::json> FakeKubeClient::All(const kube::Collection& collection) const {
  absl::MutexLock lock(&mutex_);
  std::vector<Json> all;
  for (const auto& [key, object] : objects_) {
    const bool in_namespace =
        collection.name_space.empty() || collection.name_space == key.name_space;
    if (key.plural == collection.plural && in_namespace) all.push_back(object);
  }
  return all;
}

std::vector<FakeKubeClient::RecordedCall> FakeKubeClient::Calls() const {
  absl::MutexLock lock(&mutex_);
  return calls_;
}

int FakeKubeClient::Count(const std::string& verb) const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(std::count_if(calls_.begin(), calls_.end(),
                                        [&](const auto& call) { return call.verb == verb; }));
}

void FakeKubeClient::ForgetCalls() {
  absl::MutexLock lock(&mutex_);
  calls_.clear();
}

void FakeKubeClient::AwaitIdleWatches(int count) const {
  absl::MutexLock lock(&mutex_);
  const auto enough = [&]()
                          ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return idle_watches_ >= count; };
  mutex_.Await(absl::Condition(&enough));
}

absl::Status FakeKubeClient::Create(const kube::Collection& collection, absl::string_view body,
                                    absl::Duration) {
  Json object = Json::parse(std::string(body), nullptr, false);
  const std::string name = Text(object, "/metadata/name");
  return Run({"create", collection.name_space, collection.plural, name, object},
             [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::StatusOr<Json> {
               if (!object.is_object() || name.empty()) {
                 return Error(absl::StatusCode::kInvalidArgument, "no object or no name",
                              "Invalid");
               }
               const Key key{collection.plural, collection.name_space, name};
               if (objects_.contains(key)) {
                 return Error(absl::StatusCode::kAlreadyExists,
                              absl::StrCat(collection.plural, " \"", name, "\" already exists"),
                              "AlreadyExists");
               }
               Json& metadata = object["metadata"];
               metadata["namespace"] = collection.name_space;
               metadata["uid"] = absl::StrCat("uid-", ++uids_);
               metadata["creationTimestamp"] =
                   absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", clock_.TimeNow(), absl::UTCTimeZone());
               return Store(key, object, WatchEventType::kAdded);
             })
      .status();
}

namespace {

absl::Status NotFound(const kube::Collection& collection, absl::string_view name) {
  return Error(absl::StatusCode::kNotFound,
               absl::StrCat(collection.plural, " \"", name, "\" not found"), "NotFound");
}

}  // namespace

absl::StatusOr<Json> FakeKubeClient::Get(const kube::Collection& collection, absl::string_view name,
                                         absl::Duration) {
  return Run({"get", collection.name_space, collection.plural, std::string(name), {}},
             [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::StatusOr<Json> {
               const auto found =
                   objects_.find({collection.plural, collection.name_space, std::string(name)});
               if (found == objects_.end()) return NotFound(collection, name);
               return found->second;
             });
}

// Stores the changed object, or removes it if it is being deleted and its last finalizer is gone.
absl::StatusOr<Json> FakeKubeClient::Replace(const Key& key, Json object) {
  if (object["metadata"].contains("deletionTimestamp") && !HasFinalizers(object)) {
    objects_[key] = object;
    Erase(key);
    return object;
  }
  return Store(key, std::move(object), WatchEventType::kModified);
}

absl::StatusOr<Json> FakeKubeClient::Patch(const kube::Collection& collection,
                                           absl::string_view name, const Json& json_patch,
                                           absl::Duration) {
  return Run({"patch", collection.name_space, collection.plural, std::string(name), json_patch},
             [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::StatusOr<Json> {
               const Key key{collection.plural, collection.name_space, std::string(name)};
               const auto found = objects_.find(key);
               if (found == objects_.end()) return NotFound(collection, name);
               try {
                 return Replace(key, found->second.patch(json_patch));
               } catch (const Json::exception& error) {
                 return Error(absl::StatusCode::kInvalidArgument, error.what(), "Invalid");
               }
             });
}

absl::StatusOr<Json> FakeKubeClient::Update(const kube::Collection& collection,
                                            absl::string_view name, const Json& object,
                                            absl::Duration) {
  return Run(
      {"update", collection.name_space, collection.plural, std::string(name), object},
      [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::StatusOr<Json> {
        const Key key{collection.plural, collection.name_space, std::string(name)};
        const auto found = objects_.find(key);
        if (found == objects_.end()) return NotFound(collection, name);
        const std::string version = Text(object, "/metadata/resourceVersion");
        if (!version.empty() && version != Text(found->second, "/metadata/resourceVersion")) {
          return Error(absl::StatusCode::kAborted, "the object has been modified", "Conflict");
        }
        return Replace(key, object);
      });
}

absl::Status FakeKubeClient::Delete(const kube::Collection& collection, absl::string_view name,
                                    absl::string_view uid, absl::Duration) {
  return Run({"delete",
              collection.name_space,
              collection.plural,
              std::string(name),
              {{"uid", std::string(uid)}}},
             [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::Status {
               const Key key{collection.plural, collection.name_space, std::string(name)};
               const auto found = objects_.find(key);
               if (found == objects_.end()) return NotFound(collection, name);
               if (!uid.empty() && Text(found->second, "/metadata/uid") != std::string(uid)) {
                 return Error(absl::StatusCode::kAborted, "the uid differs", "Conflict");
               }
               if (!HasFinalizers(found->second)) {
                 Erase(key);
                 return absl::OkStatus();
               }
               Json object = found->second;
               if (object["metadata"].contains("deletionTimestamp")) return absl::OkStatus();
               object["metadata"]["deletionTimestamp"] =
                   absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", clock_.TimeNow(), absl::UTCTimeZone());
               Store(key, std::move(object), WatchEventType::kModified);
               return absl::OkStatus();
             });
}

absl::StatusOr<Json> FakeKubeClient::List(const kube::Collection& collection,
                                          const kube::ListOptions& options, absl::Duration) {
  const Json selectors = {{"labelSelector", options.label_selector},
                          {"fieldSelector", options.field_selector}};
  return Run({"list", collection.name_space, collection.plural, "", selectors},
             [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::StatusOr<Json> {
               Json list = {{"metadata", {{"resourceVersion", absl::StrCat(version_)}}},
                            {"items", Json::array()}};
               for (const auto& [key, object] : objects_) {
                 if (key.plural == collection.plural &&
                     (collection.name_space.empty() || collection.name_space == key.name_space) &&
                     MatchesLabels(object, options.label_selector) &&
                     MatchesFields(object, options.field_selector)) {
                   list["items"].push_back(object);
                 }
               }
               return list;
             });
}

bool FakeKubeClient::HasNews(const kube::Collection& collection, int64_t version,
                             int64_t ended) const {
  if (ended != watches_ended_ || version < forgotten_) return true;
  return std::any_of(changes_.begin(), changes_.end(), [&](const Change& change) {
    return change.version > version && change.key.plural == collection.plural;
  });
}

absl::Status FakeKubeClient::Watch(
    const kube::Collection& collection, const kube::WatchOptions& options,
    const absl::Notification& stop,
    absl::FunctionRef<void(WatchEventType, const Json& object)> on_event) {
  int64_t seen = 0;
  (void)absl::SimpleAtoi(options.resource_version, &seen);
  int64_t ended = 0;
  {
    absl::MutexLock lock(&mutex_);
    const std::optional<Script> script = Begin({"watch",
                                                collection.name_space,
                                                collection.plural,
                                                "",
                                                {{"labelSelector", options.label_selector},
                                                 {"resourceVersion", options.resource_version}}});
    if (script.has_value()) return script->error;
    ended = watches_ended_;
  }
  while (!stop.HasBeenNotified()) {
    std::vector<Change> news;
    {
      absl::MutexLock lock(&mutex_);
      const auto has_news = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return HasNews(collection, seen, ended);
      };
      if (!has_news()) {
        ++idle_watches_;
        mutex_.AwaitWithTimeout(absl::Condition(&has_news), kStopLook);
        --idle_watches_;
      }
      if (seen < forgotten_) {
        return Error(absl::StatusCode::kOutOfRange, "too old resource version", "Expired");
      }
      for (const Change& change : changes_) {
        if (change.version > seen) news.push_back(change);
      }
      if (news.empty() && ended != watches_ended_) return watch_end_;
    }
    for (const Change& change : news) {
      seen = change.version;
      if (change.key.plural == collection.plural &&
          (collection.name_space.empty() || collection.name_space == change.key.name_space) &&
          MatchesLabels(change.object, options.label_selector)) {
        on_event(change.type, change.object);
      }
    }
  }
  return absl::CancelledError("stopped");
}

absl::StatusOr<std::string> FakeKubeClient::ReadLog(absl::string_view name_space,
                                                    absl::string_view pod,
                                                    absl::string_view container,
                                                    int64_t limit_bytes, absl::Duration) {
  return Run({"log",
              std::string(name_space),
              "pods",
              std::string(pod),
              {{"container", std::string(container)}}},
             [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::StatusOr<std::string> {
               const auto found =
                   logs_.find({std::string(container), std::string(name_space), std::string(pod)});
               if (found == logs_.end()) return NotFound(kube::Pods(name_space), pod);
               const std::string& text = found->second;
               const size_t limit = static_cast<size_t>(limit_bytes);
               return text.size() <= limit ? text : text.substr(text.size() - limit);
             });
}

absl::Status FakeKubeClient::StreamLog(absl::string_view name_space, absl::string_view pod,
                                       const kube::LogOptions& options,
                                       const absl::Notification& stop, absl::Duration,
                                       absl::FunctionRef<bool(absl::string_view)> on_data) {
  const Key key{options.container, std::string(name_space), std::string(pod)};
  {
    absl::MutexLock lock(&mutex_);
    const std::optional<Script> script =
        Begin({"stream log",
               key.name_space,
               "pods",
               key.name,
               {{"container", options.container},
                {"follow", options.follow},
                {"tailLines", options.tail_lines},
                {"since", absl::FormatTime(options.since, absl::UTCTimeZone())}}});
    if (script.has_value()) return script->error;
  }
  size_t seen = 0;
  while (!stop.HasBeenNotified()) {
    std::string news;
    {
      absl::MutexLock lock(&mutex_);
      if (!logs_.contains(key)) return NotFound(kube::Pods(name_space), pod);
      const auto has_news = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return logs_[key].size() > seen || ended_logs_.contains(key);
      };
      if (options.follow) mutex_.AwaitWithTimeout(absl::Condition(&has_news), kStopLook);
      news = logs_[key].substr(seen);
      if (news.empty() && (!options.follow || has_news())) return absl::OkStatus();
    }
    seen += news.size();
    if (!news.empty() && !on_data(news)) return absl::CancelledError("the reader had enough");
  }
  return absl::CancelledError("stopped");
}

absl::Status FakeKubeClient::CheckReady(absl::Duration) {
  return Run({"readyz", "", "", "", {}}, [] { return absl::OkStatus(); });
}

}  // namespace jobexec::testing
