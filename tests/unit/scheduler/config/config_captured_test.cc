// The parser against what the original made of the same files.
#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "scheduler/config/config_parser.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/json/captured_data.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::CapturedData;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using Json = nlohmann::json;

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// File name and what the original printed for it.
std::map<std::string, std::string> ProbeResults() {
  std::map<std::string, std::string> results;
  std::istringstream lines(ReadText(CapturedData() / "jes/captured/yaml-probes/RESULTS.tsv"));
  for (std::string line; std::getline(lines, line);) {
    const size_t tab = line.find('\t');
    results[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return results;
}

// Lines that the original's error names.
std::set<int> LinesOf(const std::string& error) {
  std::set<int> lines;
  const std::vector<std::string> parts = absl::StrSplit(error, "line ");
  for (size_t i = 1; i < parts.size(); ++i) lines.insert(std::stoi(parts[i]));
  return lines;
}

template <typename T>
Json Optional(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json();
}

Json ToCaptured(const EventFilter& filter) {
  return {{"Name", filter.type_pattern},
          {"JSONPath", {{"Property", filter.property}, {"Match", filter.match}}}};
}

Json ToCaptured(const EnvVariable& variable) {
  return {{"Name", variable.name},
          {"Value", variable.value},
          {"ValueFrom", variable.value_from},
          {"Formatting", variable.as}};
}

Json ToCaptured(const std::map<std::string, std::string>& quantities) {
  Json json = Json::object();
  if (quantities.count("cpu") > 0) json["CPU"] = quantities.at("cpu");
  if (quantities.count("memory") > 0) json["Memory"] = quantities.at("memory");
  return json;
}

Json ToCaptured(const Task& task);
Json ToCaptured(const Action& action);

template <typename T>
Json ListToCaptured(const std::vector<T>& items) {
  Json list = Json::array();
  for (const T& item : items) list.push_back(ToCaptured(item));
  return list;
}

Json ToCaptured(const Task& task) {
  Json json = {{"Name", task.name},
               {"Files", task.files},
               {"Image", task.image},
               {"ImagePullPolicy", task.image_pull_policy},
               {"Cmd", task.cmd},
               {"Args", task.args},
               {"Env", ListToCaptured(task.env)},
               {"WorkingDir", task.working_dir},
               {"MaxPollDuration", Optional(task.max_poll_duration)},
               {"Namespace", task.name_space},
               {"TTLSecondsAfterFinished", Optional(task.ttl_seconds_after_finished)},
               {"SecurityContext", {{"Privileged", Optional(task.security_context.privileged)}}},
               {"ServiceAccount", Optional(task.service_account)},
               {"Annotations", task.annotations}};
  if (task.resources.has_value()) {
    json["Resources"] = {{"Limits", ToCaptured(task.resources->limits)},
                         {"Requests", ToCaptured(task.resources->requests)}};
  }
  return json;
}

Json ToCaptured(const Action& action) {
  return {{"Name", action.name},
          {"Events", ListToCaptured(action.events)},
          {"Tasks", ListToCaptured(action.tasks)},
          {"Silent", action.silent}};
}

// Without members that are absent or empty: Go tells nil from empty where it does not matter.
Json Pruned(const Json& value) {
  Json pruned = value.is_object() ? Json::object() : value.is_array() ? Json::array() : value;
  if (value.is_array()) {
    for (const Json& item : value) pruned.push_back(Pruned(item));
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      const Json kept = Pruned(member);
      const bool is_empty =
          kept.is_null() || kept == "" || kept == false || (kept.is_structured() && kept.empty());
      if (!is_empty || key == "c") pruned[key] = kept;
    }
  }
  return pruned;
}

// Refused on purpose though the original takes it: it then crashed on it.
const std::set<std::string>& RefusedOnPurpose() {
  static const auto* const kFiles = new std::set<std::string>{"28-seccomp-notype.yaml"};
  return *kFiles;
}

TEST(ConfigCaptured, ProbesAreReadAsByTheOriginal) {
  SKIP_WITHOUT_CAPTURED_DATA();
  const auto results = ProbeResults();
  ASSERT_EQ(results.size(), 26);
  for (const auto& [name, result] : results) {
    SCOPED_TRACE(name);
    const std::string text = ReadText(CapturedData() / "jes/captured/yaml-probes" / name);
    const ParsedConfig parsed = ParseJobConfig(name, text);
    if (RefusedOnPurpose().count(name) > 0) {
      EXPECT_FALSE(parsed.ok());
    } else if (absl::StartsWith(result, "ERR ")) {
      std::set<int> lines;
      for (const ConfigFault& fault : parsed.faults) lines.insert(fault.position.line);
      EXPECT_FALSE(parsed.ok());
      EXPECT_THAT(lines, IsSupersetOf(LinesOf(result)));
    } else {
      ASSERT_THAT(parsed.status(), IsOk());
      const Json expected = Json::parse(result);
      EXPECT_EQ(Pruned({{"Actions", ListToCaptured(parsed.config.actions)}}),
                Pruned({{"Actions", expected["Actions"]}}));
    }
  }
}

TEST(ConfigCaptured, FilesOfTheOriginalAreValid) {
  SKIP_WITHOUT_CAPTURED_DATA();
  int files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(CapturedData() / "jes/test/data")) {
    const std::string name = entry.path().filename();
    if (!absl::EndsWith(name, "config.yaml")) continue;
    ++files;
    const absl::Status status = ParseJobConfig(name, ReadText(entry.path())).status();
    if (name == "empty.config.yaml") {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("2:10: actions is a mapping, expected a list")));
    } else {
      EXPECT_THAT(status, IsOk());
    }
  }
  EXPECT_EQ(files, 16);
}

TEST(ConfigCaptured, HashIsTheOriginals) {
  SKIP_WITHOUT_CAPTURED_DATA();
  const std::string text = ReadText(CapturedData() / "jes/captured/sample.config.yaml");

  EXPECT_EQ(ParseJobConfig("sample.config.yaml", text).config.hash,
            "cadae6f7c5952e22ebca7a25c93b571949e90e58eabcf2efeffb64df");
}

}  // namespace
}  // namespace jobexec::scheduler
