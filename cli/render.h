// The Jobs of a plan for people. Pure.
#pragma once

#include <string>
#include <vector>

#include "scheduler/plan.h"

namespace jobexec::cli {

struct RenderedJob {
  std::string title;  // whose Job it is and when it runs, one line
  std::string body;   // serialised Job, as the scheduler creates it, but for the grant
};

// The Jobs in the order in which they run; the record of an event whose first task has no anchor
// comes last.
std::vector<RenderedJob> RenderPlan(const scheduler::Plan& plan);

// Why actions do not run, one line each.
std::vector<std::string> RefusedActions(const scheduler::Plan& plan);

// One document per Job, with its title as a comment.
std::string JobsAsYaml(const std::vector<RenderedJob>& jobs);

// One line per Job.
std::string JobsAsJson(const std::vector<RenderedJob>& jobs);

}  // namespace jobexec::cli
