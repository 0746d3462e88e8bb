// What carries events between Keptn's services.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace jobexec::test_keptn {

// Thread-safe.
class Broker {
 public:
  // What gets the events. Called on whatever thread brings them; may publish.
  struct Receivers {
    // shipyard-controller; `sequence` is the place in the stream, 0 without one.
    std::function<void(const nlohmann::json& event, uint64_t sequence)> controller;
    std::function<void(const nlohmann::json& event)> datastore;
  };

  virtual ~Broker() = default;

  // Begins to deliver, and ends it; what is being delivered is waited for. UNAVAILABLE: the server
  // cannot be reached.
  virtual absl::Status Start() = 0;
  virtual void Stop() = 0;

  // UNAVAILABLE if it provably goes nowhere. OK is no proof of delivery.
  virtual absl::Status Publish(const nlohmann::json& event) = 0;

  // While paused the controller takes nothing; what comes meanwhile waits for it.
  virtual void PauseController(bool paused) = 0;
};

// Hands events from one to the other inside the process, at once and in order. For tests without
// NATS.
class LocalBroker final : public Broker {
 public:
  explicit LocalBroker(Receivers receivers) : receivers_(std::move(receivers)) {}

  absl::Status Start() override { return absl::OkStatus(); }
  void Stop() override {}
  absl::Status Publish(const nlohmann::json& event) override;
  void PauseController(bool paused) override;

 private:
  void Deliver();

  const Receivers receivers_;
  absl::Mutex mutex_;
  std::deque<nlohmann::json> queue_ ABSL_GUARDED_BY(mutex_);
  bool delivering_ ABSL_GUARDED_BY(mutex_) = false;
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace jobexec::test_keptn
