#include "tests/unit/docs/documents.h"

#include <fstream>
#include <sstream>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "scheduler/config/yaml_document.h"
#include "scheduler/config/yaml_reader.h"

namespace jobexec::testing {

std::string SourceFile(const std::string& path) {
  std::ifstream file(std::string(JOBEXEC_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<FencedBlock> FencedBlocks(absl::string_view markdown) {
  std::vector<FencedBlock> blocks;
  bool is_open = false;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(markdown, '\n')) {
    ++number;
    if (absl::StartsWith(line, "```")) {
      is_open = !is_open;
      if (is_open) blocks.push_back({std::string(absl::StripPrefix(line, "```")), "", number});
    } else if (is_open) {
      absl::StrAppend(&blocks.back().text, line, "\n");
    }
  }
  return blocks;
}

std::vector<FencedBlock> JobConfigBlocks() {
  return FencedBlocks(SourceFile("docs/job-config.md"));
}

bool IsJobConfig(const FencedBlock& block) {
  return absl::StartsWith(block.text, "apiVersion: v2");
}

nlohmann::json YamlToJson(absl::string_view yaml) {
  nlohmann::json json;
  const auto tree = scheduler::ParseYaml(yaml);
  if (const auto* root = std::get_if<scheduler::YamlNodePtr>(&tree); root != nullptr) {
    scheduler::YamlReader reader;
    scheduler::ReadYaml(reader, **root, json);
  }
  return json;
}

}  // namespace jobexec::testing
