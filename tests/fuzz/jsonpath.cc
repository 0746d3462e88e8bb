#include "common/json/jsonpath.h"

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/jsonpath_evaluator.h"
#include "common/json/jsonpath_parser.h"
#include "tests/fuzz/properties.h"
#include "tests/fuzz/targets.h"

namespace jobexec::fuzz {
namespace {

using Json = nlohmann::json;
using json::JsonPath;
using Nodes = std::vector<const Json*>;

constexpr json::SelectLimits kLimits = {.max_results = 10'000, .max_steps = 200'000};
constexpr size_t kMaxPathsChecked = 16;

// A name as the RFC's normalized paths have it.
std::string Quoted(absl::string_view name) {
  std::string quoted = "['";
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppend(&quoted, "\\u", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad4));
    } else {
      if (c == '\'' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  return quoted + "']";
}

// Every value of a document with its normalized path.
using Paths = std::map<const Json*, std::string>;

void AddPaths(const Json& value, const std::string& path, Paths& paths) {
  paths[&value] = path;
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) AddPaths(member, path + Quoted(name), paths);
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) {
      AddPaths(value[i], absl::StrCat(path, "[", i, "]"), paths);
    }
  }
}

// "JSONPath, column 12: ...", inside the expression or just behind it.
absl::Status CheckError(absl::string_view expression, const absl::Status& error) {
  const std::string message(error.message());
  RETURN_IF_ERROR(RequireReadable(message));
  constexpr absl::string_view kPlace = "JSONPath, column ";
  if (!absl::StartsWith(message, kPlace)) {
    return Require(expression.size() > json::path::kMaxExpressionBytes || !IsValidUtf8(expression),
                   "an error in the expression has a column");
  }
  const int column = std::atoi(message.c_str() + kPlace.size());
  return Require(column >= 1 && static_cast<size_t>(column) <= ToCodePoints(expression).size() + 1,
                 "the column is inside the expression");
}

// Every selected value belongs to the document and is the only one that its own path selects.
absl::Status CheckPaths(const Nodes& nodes, const Json& document) {
  Paths paths;
  AddPaths(document, "$", paths);
  for (size_t i = 0; i < nodes.size(); ++i) {
    const auto place = paths.find(nodes[i]);
    RETURN_IF_ERROR(Require(place != paths.end(), "a selected value belongs to the document"));
    const std::string& path = place->second;
    if (i >= kMaxPathsChecked || path.size() > json::path::kMaxExpressionBytes) continue;
    const auto own = JsonPath::Compile(path);
    RETURN_IF_ERROR(Require(own.ok() && own->IsSingular(), "a normalized path is a query"));
    RETURN_IF_ERROR(Require(*own->Select(document) == Nodes{nodes[i]},
                            "a normalized path selects its own value"));
  }
  return absl::OkStatus();
}

// Names and indexes are looked up on a short cut; the long way has to lead to the same.
absl::Status CheckShortCut(absl::string_view expression, const Nodes& nodes, const Json& document) {
  const auto query = json::path::ParseQuery(expression);
  json::path::Budget budget(kLimits.max_steps);
  const Nodes found = json::path::Evaluator(document, budget).Select(*query, document);
  return Require(budget.exhausted() || found == nodes, "a singular query selects as any other");
}

// A condition that holds wherever it is asked selects all children of the root, else none.
absl::Status CheckCondition(const std::string& condition, bool holds, const Json& document) {
  const auto path = JsonPath::Compile(absl::StrCat("$[?", condition, "]"));
  if (!path.ok()) return absl::OkStatus();  // nested too deep, or too long
  const auto nodes = path->Select(document, kLimits);
  if (!nodes.ok()) return absl::OkStatus();
  return Require(nodes->size() == (holds && document.is_structured() ? document.size() : 0),
                 absl::StrCat("the condition holds or does not: ", condition));
}

absl::Status CheckSelected(absl::string_view expression, const JsonPath& path, const Nodes& nodes,
                           const Json& document) {
  RETURN_IF_ERROR(Require(nodes.size() <= kLimits.max_results, "no more results than allowed"));
  RETURN_IF_ERROR(CheckPaths(nodes, document));
  if (path.IsSingular()) {
    RETURN_IF_ERROR(Require(nodes.size() <= 1, "a singular query selects one value at most"));
    RETURN_IF_ERROR(CheckShortCut(expression, nodes, document));
  }
  RETURN_IF_ERROR(CheckCondition(std::string(expression), !nodes.empty(), document));
  RETURN_IF_ERROR(CheckCondition(absl::StrCat("!", expression), nodes.empty(), document));
  return CheckCondition(absl::StrCat("count(", expression, ") == ", nodes.size()), true, document);
}

}  // namespace

absl::Status FuzzJsonPath(absl::string_view input) {
  const auto [expression, text] = SplitInput(input);
  const auto path = JsonPath::Compile(expression);
  if (!path.ok()) return CheckError(expression, path.status());
  const auto document = json::Parse(text);
  if (!document.ok()) return RequireReadable(document.status().message());

  const auto nodes = path->Select(*document, kLimits);
  if (nodes.ok()) return CheckSelected(expression, *path, *nodes, *document);
  RETURN_IF_ERROR(Require(absl::IsResourceExhausted(nodes.status()), "only limits stop a query"));
  return RequireReadable(nodes.status().message());
}

}  // namespace jobexec::fuzz
