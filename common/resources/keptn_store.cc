#include "common/resources/keptn_store.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "common/keptn/api_error.h"

namespace jobexec::resources {
namespace {

using Json = nlohmann::json;

constexpr int kPageSize = 1000;
// Of one level, all its directories together.
constexpr size_t kMaxSeenFiles = 100'000;
// Every level has it, so reading it is the cheapest way to make the service pull.
constexpr char kPulledFile[] = "metadata.yaml";

std::string LevelPath(const Scope& scope, Level level) {
  std::string path = absl::StrCat("/v1/project/", keptn::Escape(scope.project));
  if (level != Level::kProject) absl::StrAppend(&path, "/stage/", keptn::Escape(scope.stage));
  if (level == Level::kService) absl::StrAppend(&path, "/service/", keptn::Escape(scope.service));
  return path + "/resource";
}

// Escaped twice: the gateway decodes once and the service's router wants a name without slashes.
// The service refuses what it may take for a way out of the repository, so this is escaped as well.
std::string EscapeResource(absl::string_view path) {
  return keptn::Escape(absl::StrReplaceAll(keptn::Escape(path), {{"~", "%7E"}, {"..", ".%2E"}}));
}

// Keptn does not take names with blanks.
absl::Status CheckKeptnScope(const Scope& scope) {
  RETURN_IF_ERROR(CheckScope(scope));
  for (const absl::string_view name : {scope.project, scope.stage, scope.service}) {
    if (absl::StrContains(name, " ")) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", name, "\" is not a name of a project, stage or service: it has a blank"));
    }
  }
  return absl::OkStatus();
}

bool IsHidden(const Scope& scope, Level level, absl::string_view path) {
  const std::vector<absl::string_view> segments = absl::StrSplit(path, '/');
  return absl::StartsWith(segments[0], ".keptn") ||
         (level == Level::kStage && segments[0] == scope.service) ||
         std::find(segments.begin(), segments.end(), ".git") != segments.end();
}

bool IsHelmChart(absl::string_view path) {
  const std::vector<absl::string_view> segments = absl::StrSplit(path, '/');
  return segments.size() >= 2 && segments[segments.size() - 2] == "helm" &&
         absl::EndsWith(path, ".tgz");
}

// "Resource not found" and its like; the other 404s tell of an outage.
bool SaysMissing(absl::string_view message) {
  for (const char* what : {"Resource", "Service", "Stage", "Project"}) {
    if (absl::EqualsIgnoreCase(message, absl::StrCat(what, " not found"))) return true;
  }
  return false;
}

// A name or path that Keptn does not take; older versions say 400 of a lost repository, too.
bool SaysNotAllowed(const keptn::ErrorAnswer& answer) {
  const std::string message = absl::AsciiStrToLower(answer.message);
  return answer.status == 400 && answer.from_keptn && !absl::StrContains(message, "repository") &&
         !absl::StrContains(message, "token");
}

// `error` of a call as this store's contract has it. Keeps the answer and when to come back.
absl::Status ToStoreError(const absl::Status& error) {
  if (absl::IsResourceExhausted(error)) return error;
  const auto answer = keptn::GetErrorAnswer(error);
  if (answer.has_value() && absl::IsNotFound(error) && SaysMissing(answer->message)) return error;
  if (answer.has_value() && SaysNotAllowed(*answer)) return error;
  absl::Status outage(absl::StatusCode::kUnavailable, error.message());
  error.ForEachPayload([&outage](absl::string_view url, const absl::Cord& payload) {
    outage.SetPayload(url, payload);
  });
  return outage;
}

// What Keptn says of a commit that its clone does not know, of reading a directory, and of much
// else.
bool IsInternalError(const absl::Status& error) {
  const auto answer = keptn::GetErrorAnswer(error);
  return answer.has_value() && answer->status == 500;
}

absl::StatusOr<std::string> DecodeContent(const Json& answer, absl::string_view path) {
  const Json* encoded = json::Find(answer, "resourceContent");
  if (encoded == nullptr || encoded->is_null()) return std::string();
  std::string content;
  if (!encoded->is_string() ||
      !absl::Base64Unescape(encoded->get_ref<const std::string&>(), &content)) {
    return absl::UnavailableError(absl::StrCat(path, ": Keptn's answer is not Base64"));
  }
  if (content.size() > kMaxFileBytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        path, " has ", content.size(), " bytes, at most ", kMaxFileBytes, " are allowed"));
  }
  return content;
}

class KeptnStore final : public Store {
 public:
  explicit KeptnStore(keptn::Api& api) : api_(api) {}

  absl::StatusOr<std::string> Read(const Scope& scope, Level level, absl::string_view path,
                                   absl::string_view commit) override;
  absl::StatusOr<std::vector<std::string>> List(const Scope& scope, Level level,
                                                absl::string_view path,
                                                absl::string_view commit) override;
  std::string EffectiveCommit(Level level, absl::string_view path,
                              absl::string_view commit) const override {
    return level == Level::kProject || IsHelmChart(path) ? "" : std::string(commit);
  }
  absl::Status CheckReady() const override { return api_.CheckReachable(); }

 private:
  absl::StatusOr<Json> Ask(const std::string& path);
  absl::StatusOr<std::string> ReadAt(const Scope& scope, Level level, absl::string_view path,
                                     absl::string_view commit);
  absl::StatusOr<std::string> ReadNewest(const Scope& scope, Level level, absl::string_view path);
  absl::Status Pull(const Scope& scope, Level level);
  absl::StatusOr<std::vector<std::string>> ListAll(const Scope& scope, Level level,
                                                   absl::string_view path);

  keptn::Api& api_;
};

absl::StatusOr<Json> KeptnStore::Ask(const std::string& path) {
  auto answer = keptn::SendForJson(api_, {.service = keptn::Service::kResources, .path = path});
  if (!answer.ok()) return ToStoreError(answer.status());
  return answer;
}

absl::StatusOr<std::string> KeptnStore::ReadAt(const Scope& scope, Level level,
                                               absl::string_view path, absl::string_view commit) {
  std::string target = absl::StrCat(LevelPath(scope, level), "/", EscapeResource(path));
  if (!commit.empty()) absl::StrAppend(&target, "?gitCommitID=", keptn::Escape(commit));
  ASSIGN_OR_RETURN(const Json answer, Ask(target));
  return DecodeContent(answer, path);
}

// OK, or NOT_FOUND if the level itself is not there, or the outage.
absl::Status KeptnStore::Pull(const Scope& scope, Level level) {
  const absl::Status pulled = ReadAt(scope, level, kPulledFile, "").status();
  const auto answer = keptn::GetErrorAnswer(pulled);
  const bool only_no_file = absl::IsNotFound(pulled) && answer.has_value() &&
                            absl::EqualsIgnoreCase(answer->message, "Resource not found");
  return only_no_file ? absl::OkStatus() : pulled;
}

absl::StatusOr<std::string> KeptnStore::Read(const Scope& scope, Level level,
                                             absl::string_view path, absl::string_view commit) {
  RETURN_IF_ERROR(CheckKeptnScope(scope));
  RETURN_IF_ERROR(CheckPath(path));
  if (IsHidden(scope, level, path)) return absl::NotFoundError(absl::StrCat(path, " is hidden"));
  const std::string pinned = EffectiveCommit(level, path, commit);
  if (pinned.empty()) return ReadNewest(scope, level, path);
  auto content = ReadAt(scope, level, path, pinned);
  if (!IsInternalError(content.status()) || !Pull(scope, level).ok()) return content;
  content = ReadAt(scope, level, path, pinned);
  if (!IsInternalError(content.status())) return content;
  return Annotate(content.status(),
                  absl::StrCat("commit ", pinned, " is not known to Keptn, also after a pull"));
}

// Keptn fails at directories, which is told from an outage by what is below.
absl::StatusOr<std::string> KeptnStore::ReadNewest(const Scope& scope, Level level,
                                                   absl::string_view path) {
  auto content = ReadAt(scope, level, path, "");
  if (!IsInternalError(content.status())) return content;
  const auto below = ListAll(scope, level, path);
  if (!below.ok() || below->empty()) return content;
  return absl::NotFoundError(absl::StrCat(path, " is a directory"));
}

absl::StatusOr<std::vector<std::string>> KeptnStore::List(const Scope& scope, Level level,
                                                          absl::string_view path,
                                                          absl::string_view /*commit*/) {
  RETURN_IF_ERROR(CheckKeptnScope(scope));
  RETURN_IF_ERROR(CheckPath(path));
  if (IsHidden(scope, level, path)) return absl::NotFoundError(absl::StrCat(path, " is hidden"));
  // A list shows the clone as it is.
  RETURN_IF_ERROR(Pull(scope, level));
  ASSIGN_OR_RETURN(auto paths, ListAll(scope, level, path));
  if (paths.empty()) return absl::NotFoundError(absl::StrCat(path, ": no such directory"));
  return paths;
}

// The next page's number from an answer; -1 if this was the last.
int64_t NextPage(const Json& answer) {
  int64_t next = 0;
  return absl::SimpleAtoi(json::GetString(answer, "nextPageKey"), &next) && next > 0 ? next : -1;
}

// Adds the files of a page that are below `directory` (which ends in '/'). Returns how many the
// page had.
size_t AddPage(const Json& answer, const Scope& scope, Level level, absl::string_view directory,
               std::set<std::string>& paths) {
  const Json* resources = json::Find(answer, "resources");
  if (resources == nullptr || !resources->is_array()) return 0;
  for (const Json& resource : *resources) {
    const std::string uri = json::GetString(resource, "resourceURI");
    const absl::string_view path = absl::StripPrefix(uri, "/");
    if (absl::StartsWith(path, directory) && CheckPath(path).ok() &&
        !IsHidden(scope, level, path)) {
      paths.emplace(path);
    }
  }
  return resources->size();
}

// Empty if there is nothing below.
absl::StatusOr<std::vector<std::string>> KeptnStore::ListAll(const Scope& scope, Level level,
                                                             absl::string_view path) {
  const std::string directory = absl::StrCat(path, "/");
  std::set<std::string> paths;
  size_t seen = 0;
  int64_t page = 0;
  while (page >= 0) {
    ASSIGN_OR_RETURN(const Json answer,
                     Ask(absl::StrCat(LevelPath(scope, level), "?pageSize=", kPageSize,
                                      page == 0 ? "" : absl::StrCat("&nextPageKey=", page))));
    const size_t size = AddPage(answer, scope, level, directory, paths);
    seen += size;
    if (seen > kMaxSeenFiles || paths.size() > kMaxListedFiles) {
      return absl::ResourceExhaustedError(absl::StrCat(LevelName(level), " level holds more than ",
                                                       kMaxSeenFiles, " files, or ", path,
                                                       " more than ", kMaxListedFiles));
    }
    const int64_t next = NextPage(answer);
    // A page that does not go on would be asked for for ever.
    page = next > page && size > 0 ? next : -1;
  }
  return std::vector<std::string>(paths.begin(), paths.end());
}

}  // namespace

std::unique_ptr<Store> MakeKeptnStore(keptn::Api& api) { return std::make_unique<KeptnStore>(api); }

keptn::Call ResourceServiceProbe() {
  return {.service = keptn::Service::kResources,
          .path = "/v1/project/jobexec-is-keptn-there/resource?pageSize=1"};
}

}  // namespace jobexec::resources
