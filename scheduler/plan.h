// A plan: every Kubernetes object that one event leads to, ready to be created.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/runs/schema.h"

namespace jobexec::scheduler {

struct PlannedJob {
  std::string name_space;
  std::string name;
  std::string body;  // serialised batch/v1 Job
  int action = 0;    // index among the matching actions
};

struct Plan {
  // Created first, in any order, suspended.
  std::vector<PlannedJob> members;
  // Created last; its existence commits the plan.
  PlannedJob anchor;
  // What the anchor says: every Job and every action that does not run.
  std::vector<runs::ManifestEntry> manifest;
  // Set if nothing runs at all: the anchor is a record of this refusal.
  std::optional<runs::Refusal> refusal;
};

}  // namespace jobexec::scheduler
