// What is fuzzed. A target takes any bytes and checks what has to hold for all of them; libFuzzer
// makes up the bytes (fuzzer_main.cc), the unit test feeds those of the committed corpora
// (corpus_test.cc).
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace jobexec::fuzz {

// Each returns OK, or names the property that does not hold for `input`.

// A job/config.yaml: parsed, compiled and matched with one event.
absl::Status FuzzConfig(absl::string_view input);

// An HTTP request: header lines, a blank line, the body.
absl::Status FuzzEventHttp(absl::string_view input);

// An event in the protobuf format's bytes.
absl::Status FuzzEventProto(absl::string_view input);

// A glob in the first line, a text in each of the others.
absl::Status FuzzGlob(absl::string_view input);

// A JSON value, printed as Go would.
absl::Status FuzzGoFormat(absl::string_view input);

// A JSONPath, a line "=====", a JSON document.
absl::Status FuzzJsonPath(absl::string_view input);

// A job/config.yaml, a line "=====", an event as a JSON document: planned.
absl::Status FuzzPlan(absl::string_view input);

// A Kubernetes quantity.
absl::Status FuzzQuantity(absl::string_view input);

// A settings file.
absl::Status FuzzSettingsFile(absl::string_view input);

struct Target {
  absl::string_view name;  // also of its folder in corpus/
  absl::Status (*run)(absl::string_view input);
};

inline constexpr Target kTargets[] = {
    {"config", FuzzConfig}, {"event_http", FuzzEventHttp}, {"event_proto", FuzzEventProto},
    {"glob", FuzzGlob},     {"go_format", FuzzGoFormat},   {"jsonpath", FuzzJsonPath},
    {"plan", FuzzPlan},     {"quantity", FuzzQuantity},    {"settings_file", FuzzSettingsFile},
};

}  // namespace jobexec::fuzz
