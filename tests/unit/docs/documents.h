// What tests read out of the documentation.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace jobexec::testing {

// A file of the source tree, by its path from the root.
std::string SourceFile(const std::string& path);

// A block between ``` fences of a Markdown text.
struct FencedBlock {
  std::string language;  // what stands behind the opening fence
  std::string text;
  int line = 0;  // of the opening fence, from 1
};
std::vector<FencedBlock> FencedBlocks(absl::string_view markdown);

// The examples of docs/job-config.md: a block that begins with an apiVersion is a config.
std::vector<FencedBlock> JobConfigBlocks();
bool IsJobConfig(const FencedBlock& block);

// The text as JSON, read as job/config.yaml is: scalars as in YAML 1.1, merge keys resolved, of
// equal keys the first one. Null if it is no YAML.
nlohmann::json YamlToJson(absl::string_view yaml);

}  // namespace jobexec::testing
