// Intake as a whole: everything is built and connected here, nowhere else.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "intake/settings.h"

namespace jobexec::intake {

// Thread-safe.
class App {
 public:
  // Builds and starts everything; the scheduler need not be there yet. Errors say what could not be
  // started and why.
  static absl::StatusOr<std::unique_ptr<App>> Start(const Settings& settings);

  // Same as Stop().
  ~App();

  // Ports in use, for logs and tests.
  int port() const;
  int admin_port() const;

  // Readiness off; new events are answered 503; those in flight get their outcome within the drain
  // timeout, or 503; then everything is closed. Idempotent.
  void Stop();

 private:
  struct Parts;
  explicit App(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

}  // namespace jobexec::intake
