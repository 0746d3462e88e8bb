// The reporter's settings, from environment variables.
#pragma once

#include <string>
#include <vector>

#include "common/config/settings.h"
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
  AnswerSettings answers;
  HttpSinkPublisher::Options sink;  // exactly one of sink.url
  std::string nats_urls;            // and nats_urls is set
  LogLimits log_limits;
  int workers = 0;
  int log_streams = 0;
};

// Reads every setting. Faults are added to the reader; call reader.Finish() afterwards.
Settings LoadSettings(config::SettingsReader& reader);

}  // namespace jobexec::reporter
