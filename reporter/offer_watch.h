// Notices that Keptn offers an event no more: nobody waits for its runs then.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/keptn/api.h"
#include "common/kube/kube_client.h"
#include "reporter/metrics.h"
#include "reporter/store.h"

namespace jobexec::reporter {

// An offer counts as gone when two answers this far apart do not have it.
inline constexpr absl::Duration kOfferGap = absl::Seconds(10);

// Which offers were missing, and since when. Not thread-safe. Pure.
class AbsentOffers {
 public:
  // Notes what one answer, got at `elapsed`, says of an event. True if its offer is gone.
  bool Note(const std::string& hash, bool present, absl::Duration elapsed);

  // Forgets all others.
  void Retain(const absl::flat_hash_set<std::string>& hashes);

 private:
  absl::flat_hash_map<std::string, absl::Duration> since_;
};

// Cancels runs whose event came as a polled offer (facts.via) and is not offered any more: its
// sequence was aborted, ran out of time, or somebody else has ended the task. One request per type
// of such events every 10 s, none if there are no such events.
//
// Look belongs to one thread.
class OfferWatch {
 public:
  // Everything given by reference must outlive the watch.
  struct Parts {
    keptn::Api& api;
    kube::Client& kube;
    const Store& store;
    Metrics& metrics;
    Clock& clock;
    std::function<bool()> may_act;  // thread-safe; false: nothing is asked or written now
  };

  explicit OfferWatch(Parts parts) : parts_(std::move(parts)) {}

  // Looks, every kOfferGap, until `stop`. Takes a thread of its own.
  void Run(const absl::Notification& stop);

  // One look at all of them. False if something could not be asked or written.
  bool Look();

 private:
  // An event that waits for its answer.
  struct Waiting {
    std::string hash;
    std::string id;
    std::string project;
    std::string name_space;  // of the anchor, as its name and uid
    std::string job;
    std::string uid;
  };

  std::map<std::string, std::vector<Waiting>> ListWaiting() const;
  bool LookAt(const std::string& type, const std::vector<Waiting>& events);
  bool Ask(const std::string& type, const std::vector<Waiting>& missing);
  bool Judge(const Waiting& event, bool present);
  bool Cancel(const Waiting& event);

  const Parts parts_;
  AbsentOffers absent_;
  std::string asked_last_;  // hash; questions about single events go on after it
};

}  // namespace jobexec::reporter
