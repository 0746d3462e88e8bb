// The bytes of a watch as events.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/kube/kube_client.h"

namespace jobexec::kube {

// Not thread-safe. One per watch.
class WatchDecoder {
 public:
  using OnEvent = absl::FunctionRef<void(WatchEventType, const nlohmann::json& object)>;

  explicit WatchDecoder(size_t max_line_bytes = 4 * 1024 * 1024)
      : max_line_bytes_(max_line_bytes) {}

  // Takes the next bytes, cut anywhere, and calls `on_event` for each event that is whole now.
  // After an error the decoder is of no further use. RESOURCE_EXHAUSTED: a line above the limit;
  // INTERNAL: a line that is no event; else what an ERROR event says (410 is OUT_OF_RANGE).
  absl::Status Feed(absl::string_view data, OnEvent on_event);

 private:
  absl::Status DecodeLine(absl::string_view line, OnEvent on_event) const;

  const size_t max_line_bytes_;
  std::string partial_;  // the line whose end has not come yet
};

}  // namespace jobexec::kube
