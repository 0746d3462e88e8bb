// The reporter as a whole: everything is built and connected here, nowhere else.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "reporter/settings.h"

namespace jobexec::reporter {

// Thread-safe.
class App {
 public:
  // Builds and starts everything. Errors say what could not be started and why.
  static absl::StatusOr<std::unique_ptr<App>> Start(const Settings& settings);

  // Same as Stop().
  ~App();

  // Ports in use, for logs and tests.
  int port() const;
  int admin_port() const;

  // Readiness off, no new calls, finishes what workers are doing (at most about 30 s). Idempotent.
  void Stop();

 private:
  struct Parts;
  explicit App(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace jobexec::reporter
