// Which Lease, and how it is held.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace jobexec::kube {

struct LeaseOptions {
  std::string name_space;
  std::string name;
  std::string holder;  // differs in every life of every process: NewHolderName
  // A Lease that nobody was seen to renew for this long may be taken.
  absl::Duration duration = absl::Seconds(8);
  // How long after the start of its last successful renewal the holder leads. Less than `duration`.
  absl::Duration renew_deadline = absl::Seconds(5);
  absl::Duration retry = absl::Seconds(1);  // from one attempt to the next, and up to a fifth more
  absl::Duration call_timeout = absl::Seconds(2);  // one renewal may be lost without loss
};

}  // namespace jobexec::kube
