#include "common/nats/ack_subject.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace jobexec::nats {
namespace {

// Tokens of the two forms, and where the number of deliveries stands; sequences and time follow.
constexpr size_t kOldTokens = 9;
constexpr size_t kOldDeliveries = 4;
constexpr size_t kNewTokens = 11;  // further ones may follow
constexpr size_t kNewDeliveries = 6;

}  // namespace

std::optional<DeliveryInfo> ParseAckSubject(absl::string_view reply) {
  const std::vector<absl::string_view> tokens = absl::StrSplit(reply, '.');
  if (tokens.size() < kOldTokens || tokens[0] != "$JS" || tokens[1] != "ACK") return std::nullopt;
  if (tokens.size() > kOldTokens && tokens.size() < kNewTokens) return std::nullopt;
  const size_t at = tokens.size() == kOldTokens ? kOldDeliveries : kNewDeliveries;
  DeliveryInfo info;
  int64_t nanoseconds = 0;
  if (!absl::SimpleAtoi(tokens[at], &info.deliveries) ||
      !absl::SimpleAtoi(tokens[at + 1], &info.sequence) ||
      !absl::SimpleAtoi(tokens[at + 3], &nanoseconds)) {
    return std::nullopt;
  }
  info.time = absl::FromUnixNanos(nanoseconds);
  return info;
}

}  // namespace jobexec::nats
