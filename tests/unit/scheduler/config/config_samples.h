// Files job/config.yaml and what the parser says of them: for the tests of the parser and of the
// JSON Schema.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace jobexec::scheduler {

struct ConfigSample {
  std::string name;
  std::string text;
  std::string faults;  // "<line>:<column> <message>", one per line; "" if the file is valid
};

const std::vector<ConfigSample>& ConfigSamples();

// Text of the sample of that name, which must be there.
const std::string& SampleText(absl::string_view name);

// A file with one action of one task that has these fields, in flow style, from line 3 on.
std::string TaskFile(absl::string_view fields);

}  // namespace jobexec::scheduler
