// docs/job-config.schema.json against the parser: the same verdict on every file.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "scheduler/config/config_parser.h"
#include "scheduler/config/yaml_document.h"
#include "tests/support/temp_directory.h"
#include "tests/unit/common/json/captured_data.h"
#include "tests/unit/docs/documents.h"
#include "tests/unit/scheduler/config/config_samples.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::CapturedData;
using ::jobexec::testing::FencedBlock;
using ::jobexec::testing::IsJobConfig;
using ::jobexec::testing::JobConfigBlocks;
using ::jobexec::testing::SourceFile;
using ::jobexec::testing::TempDirectory;
using ::jobexec::testing::YamlToJson;
using Json = nlohmann::json;

constexpr char kSchema[] = "docs/job-config.schema.json";

// What a schema cannot see since a document has it no more: keys that are given twice or are no
// texts, what << was given, and how a text was written. Each of them must be one.
const std::set<std::string>& NotSeenByASchema() {
  static const auto* const kNames = new std::set<std::string>{
      "DuplicateMapKey", "TwiceTheSame", "ListKey", "BadMerge", "BinaryThatIsNoText"};
  return *kNames;
}

struct File {
  std::string name;
  std::string text;
};

std::vector<File> SamplesAndExamples() {
  std::vector<File> files;
  for (const ConfigSample& sample : ConfigSamples()) files.push_back({sample.name, sample.text});
  for (const FencedBlock& block : JobConfigBlocks()) {
    if (!IsJobConfig(block)) continue;
    files.push_back({absl::StrCat("docs/job-config.md:", block.line), block.text});
  }
  return files;
}

// Every YAML file of the captures, whether it is meant as a config or not.
std::vector<File> CapturedFiles() {
  std::vector<File> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(CapturedData() / "jes")) {
    if (entry.path().extension() != ".yaml") continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    files.push_back({entry.path().filename(), text.str()});
  }
  return files;
}

std::string OutputOf(const std::string& command) {
  std::string output;
  FILE* const pipe = popen(command.c_str(), "r");
  std::array<char, 4096> buffer{};
  for (size_t bytes = 0; (bytes = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    output.append(buffer.data(), bytes);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  return output;
}

// Null, or what the schema has against it, for each of the documents.
Json SchemaVerdicts(const Json& documents) {
  TempDirectory directory;
  directory.Write("documents.json", documents.dump());
  const std::string root = JOBEXEC_SOURCE_DIR;
  // The interpreter of the distribution, which has the distribution's packages.
  return Json::parse(
      OutputOf(absl::StrCat("/usr/bin/python3 -I '", root, "/tests/unit/docs/validate.py' '", root,
                            "/", kSchema, "' '", directory.path(), "/documents.json'")),
      nullptr, false);
}

bool IsYaml(const File& file) { return std::holds_alternative<YamlNodePtr>(ParseYaml(file.text)); }

void ExpectTheParsersVerdicts(std::vector<File> files) {
  // What is no YAML at all never gets to the schema.
  files.erase(std::remove_if(files.begin(), files.end(), std::not_fn(IsYaml)), files.end());
  Json documents = Json::array();
  for (const File& file : files) documents.push_back(YamlToJson(file.text));
  const Json verdicts = SchemaVerdicts(documents);
  ASSERT_EQ(verdicts.size(), files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    const bool is_blind = NotSeenByASchema().count(files[i].name) > 0;
    const absl::Status status = ParseJobConfig(files[i].name, files[i].text).status();
    EXPECT_NE(is_blind, status.ok() == verdicts[i].is_null())
        << files[i].name << "\nparser: " << status << "\nschema: " << verdicts[i] << "\n"
        << files[i].text;
  }
}

TEST(JobConfigSchema, JudgesSamplesAndExamplesAsTheParserDoes) {
  const std::vector<File> files = SamplesAndExamples();
  ASSERT_GE(files.size(), 100);

  ExpectTheParsersVerdicts(files);
}

TEST(JobConfigSchema, JudgesTheCapturedFilesAsTheParserDoes) {
  SKIP_WITHOUT_CAPTURED_DATA();
  const std::vector<File> files = CapturedFiles();
  ASSERT_GE(files.size(), 45);

  ExpectTheParsersVerdicts(files);
}

// Calls `visit` with the place and schema of every field.
template <typename Visit>
void ForEachField(const Json& schema, const std::string& place, const Visit& visit) {
  for (const auto& [key, value] : schema.items()) {
    const std::string inner = absl::StrCat(place, "/", key);
    if (key == "properties") {
      for (const auto& field : value.items()) {
        visit(absl::StrCat(inner, "/", field.key()), field.value());
      }
    }
    if (value.is_structured()) ForEachField(value, inner, visit);
  }
}

TEST(JobConfigSchema, DescribesEveryField) {
  int fields = 0;
  ForEachField(Json::parse(SourceFile(kSchema)), "",
               [&](const std::string& place, const Json& field) {
                 ++fields;
                 EXPECT_GT(field.value("description", "").size(), 8) << place;
               });
  EXPECT_GE(fields, 70);
}

// The fields that the parser names when it is given one that it does not know.
std::set<std::string> FieldsOfTheParser(const std::string& text) {
  for (const ConfigFault& fault : ParseJobConfig("c", text).faults) {
    const size_t list = fault.message.find("allowed are ");
    if (!absl::StartsWith(fault.message, "unknown field \"zz\"")) continue;
    return absl::StrSplit(absl::StripPrefix(fault.message.substr(list), "allowed are "), ", ");
  }
  return {};
}

TEST(JobConfigSchema, HasExactlyTheParsersFields) {
  const std::pair<const char*, std::string> kObjects[] = {
      {"/properties", "zz: 1"},
      {"/definitions/action/properties", "actions: [{zz: 1}]"},
      {"/definitions/event/properties", "actions: [{events: [{zz: 1}]}]"},
      {"/definitions/event/properties/jsonpath/properties",
       "actions: [{events: [{jsonpath: {zz: 1}}]}]"},
      {"/definitions/task/properties", TaskFile("zz: 1")},
      {"/definitions/task/properties/resources/properties", TaskFile("resources: {zz: 1}")},
      {"/definitions/env/properties", TaskFile("env: [{zz: 1}]")},
      {"/definitions/securityContext/properties", TaskFile("securityContext: {zz: 1}")},
      {"/definitions/securityContext/properties/capabilities/properties",
       TaskFile("securityContext: {capabilities: {zz: 1}}")},
      {"/definitions/securityContext/properties/seccompProfile/properties",
       TaskFile("securityContext: {seccompProfile: {zz: 1}}")},
      {"/definitions/toleration/properties", TaskFile("tolerations: [{zz: 1}]")},
      {"/definitions/affinity/properties", TaskFile("affinity: {zz: 1}")},
      {"/definitions/affinity/properties/nodeAffinity/properties",
       TaskFile("affinity: {nodeAffinity: {zz: 1}}")},
      {"/definitions/affinity/properties/podAffinity/properties",
       TaskFile("affinity: {podAffinity: {zz: 1}}")},
      {"/definitions/affinity/properties/podAntiAffinity/properties",
       TaskFile("affinity: {podAntiAffinity: {zz: 1}}")},
  };
  const Json schema = Json::parse(SourceFile(kSchema));
  for (const auto& [place, text] : kObjects) {
    std::set<std::string> fields;
    for (const auto& field : schema.at(Json::json_pointer(place)).items()) {
      fields.insert(field.key());
    }
    EXPECT_EQ(fields, FieldsOfTheParser(text)) << place;
  }
}

}  // namespace
}  // namespace jobexec::scheduler
