// Early return on an error status, for functions that return absl::Status or absl::StatusOr.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define JOBEXEC_CONCAT_INNER(a, b) a##b
#define JOBEXEC_CONCAT(a, b) JOBEXEC_CONCAT_INNER(a, b)

// Evaluates an absl::Status and returns it from the calling function if it is an error.
#define RETURN_IF_ERROR(expression)                  \
  do {                                               \
    absl::Status jobexec_status = (expression);      \
    if (!jobexec_status.ok()) return jobexec_status; \
  } while (false)

// ASSIGN_OR_RETURN(auto value, FunctionThatReturnsStatusOr()).
#define ASSIGN_OR_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_IMPL(JOBEXEC_CONCAT(jobexec_statusor_, __LINE__), declaration, expression)

// The declaration must stay as it is written.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define ASSIGN_OR_RETURN_IMPL(statusor, declaration, expression) \
  auto statusor = (expression);                                  \
  if (!statusor.ok()) return std::move(statusor).status();       \
  declaration = *std::move(statusor)
// NOLINTEND(bugprone-macro-parentheses)
