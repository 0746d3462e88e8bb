#include "common/kube/watch_decoder.h"

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "common/kube/api_error.h"

namespace jobexec::kube {

absl::Status WatchDecoder::Feed(absl::string_view data, OnEvent on_event) {
  while (!data.empty()) {
    const size_t newline = data.find('\n');
    const bool is_whole = newline != absl::string_view::npos;
    const absl::string_view piece = data.substr(0, newline);
    data.remove_prefix(is_whole ? newline + 1 : data.size());
    if (partial_.size() + piece.size() > max_line_bytes_) {
      return absl::ResourceExhaustedError(
          absl::StrCat("watch: an event is larger than the limit of ", max_line_bytes_, " bytes"));
    }
    if (!is_whole || !partial_.empty()) partial_.append(piece.data(), piece.size());
    if (!is_whole) continue;
    RETURN_IF_ERROR(DecodeLine(partial_.empty() ? piece : absl::string_view(partial_), on_event));
    partial_.clear();
  }
  return absl::OkStatus();
}

absl::Status WatchDecoder::DecodeLine(absl::string_view line, OnEvent on_event) const {
  if (absl::StripAsciiWhitespace(line).empty()) return absl::OkStatus();
  const auto event = json::Parse(line, {.max_bytes = max_line_bytes_});
  if (!event.ok()) {
    return absl::InternalError(absl::StrCat("watch: not an event: ", event.status().message()));
  }
  const nlohmann::json* object = json::Find(*event, "object");
  const std::string type = json::GetString(*event, "type");
  if (object == nullptr) return absl::InternalError("watch: an event without object");
  if (type == "ERROR") return StatusObjectError("watch", *object);
  if (type == "ADDED") {
    on_event(WatchEventType::kAdded, *object);
  } else if (type == "MODIFIED") {
    on_event(WatchEventType::kModified, *object);
  } else if (type == "DELETED") {
    on_event(WatchEventType::kDeleted, *object);
  } else if (type == "BOOKMARK") {
    on_event(WatchEventType::kBookmark, *object);
  } else {
    return absl::InternalError("watch: an event of unknown type");
  }
  return absl::OkStatus();
}

}  // namespace jobexec::kube
