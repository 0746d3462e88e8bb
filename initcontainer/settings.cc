#include "initcontainer/settings.h"

namespace jobexec::initcontainer {

Settings LoadSettings(config::SettingsReader& reader) {
  reader.Group("Fetching files");
  Settings settings;
  settings.fetch.scheduler = reader.RequiredText("JOBEXEC_SCHEDULER", "host:port of the scheduler");
  settings.fetch.grant = reader.RequiredSecret("JOBEXEC_GRANT", "What may be fetched");
  settings.target = reader.Text("JOBEXEC_TARGET", "/keptn", "Folder that gets the files");
  settings.fetch.retry_for =
      reader.Duration("JOBEXEC_RETRY_FOR", absl::Minutes(2), absl::ZeroDuration(), absl::Hours(1),
                      "How long transient errors are retried");
  return settings;
}

}  // namespace jobexec::initcontainer
