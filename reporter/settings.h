// The reporter's settings, from environment variables.
#pragma once

#include <string>
#include <vector>

#include "common/config/settings.h"
#include "common/keptn/settings.h"
#include "common/kube/lease_options.h"
#include "common/service/common_settings.h"
#include "reporter/answers.h"
#include "reporter/http_sink_publisher.h"
#include "reporter/logs.h"

namespace jobexec::reporter {

struct Settings : service::CommonSettings {
  std::string address;
  int port = 0;
  std::string kubeconfig;               // empty: in-cluster
  std::vector<std::string> namespaces;  // to watch; one empty name: all
  kube::LeaseOptions lease;             // without the holder; an empty name: no election
  AnswerSettings answers;
  // Where answers go: kRemote through Keptn's API, kInCluster to nats_urls, kNone to nats_urls or
  // to sink.url, of which exactly one is set.
  keptn::Settings keptn;
  std::string nats_urls;
  HttpSinkPublisher::Options sink;
  LogLimits log_limits;
  int workers = 0;
  int log_streams = 0;
};

// Reads every setting. Faults are added to the reader; call reader.Finish() afterwards.
Settings LoadSettings(config::SettingsReader& reader);

}  // namespace jobexec::reporter
