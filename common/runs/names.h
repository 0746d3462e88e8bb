// Names of the Jobs of an event, and of what belongs to an installation. They follow from the event
// and its plan alone: whoever computes them gets the same, so creating twice is harmless.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace jobexec::runs {

// First 24 hex digits of SHA-256 over the length-prefixed source and id.
std::string EventHash(absl::string_view source, absl::string_view id);

// Name of the anchor, the one object that is named by the event alone: "jes-<hash>-000-001".
std::string AnchorName(absl::string_view event_hash);

// "jes-<hash>-<action>-<task>": the name of the containers of a Job, and the stem of its own.
// `action` counts the matching actions from 0, `task` from 1 (the anchor has 0, 1).
std::string TaskStem(absl::string_view event_hash, int action, int task);

// Name of any other Job: the stem and the first 8 hex digits of the plan's hash.
std::string MemberName(absl::string_view event_hash, int action, int task,
                       absl::string_view plan_hash);

// Name of a run for people and APIs: "<hash>-<action>".
std::string RunName(absl::string_view event_hash, int action);

// A legal label value close to `text`: each run of other characters than [-A-Za-z0-9_.] becomes one
// '_', cut to 63 bytes, without '-', '_' and '.' at its ends. May be empty.
std::string LabelValue(absl::string_view text);

// Id of an answer, the same whoever computes it: UUIDv5 over installation, source, id and kind
// ("started" or "finished").
std::string AnswerId(absl::string_view installation, absl::string_view source, absl::string_view id,
                     absl::string_view kind);

// Name of the Lease of an installation's `service`: "jobexec-<service>-<installation>".
// Installations may be called what no object may (capital letters, '_'): those are hashed.
std::string LeaseName(absl::string_view service, absl::string_view installation);

}  // namespace jobexec::runs
