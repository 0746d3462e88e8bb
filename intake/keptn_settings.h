// Settings of what intake has to do with Keptn and its events.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/config/settings.h"
#include "common/keptn/settings.h"
#include "common/keptn/uniform.h"

namespace jobexec::intake {

struct KeptnSettings {
  keptn::Settings api;
  std::string installation;
  keptn::Integration integration;
  std::vector<keptn::Subscription> configured;  // of PUBSUB_TOPIC and the filters; without ids
  bool registers = false;  // with Keptn; else `configured` is what is subscribed
  absl::Duration heartbeat;
  absl::Duration polling_interval;
  std::string nats_urls;     // where answers are looked up, if they go over NATS; else empty
  std::string nats_subject;  // what is taken from there; empty: nothing
  std::string lease;         // of the intake that polls; empty: each one polls
  std::string lease_namespace;
  std::string kubeconfig;             // for the Lease; empty: in-cluster
  std::vector<std::string> warnings;  // for the log, once at the start
};

// The narrowest subject that takes each of the topics: one topic itself, "a.b.>" for "a.b.c" and
// "a.b.d.e". Empty if they do not even begin alike.
std::string CommonSubject(const std::vector<std::string>& topics);

// Reads every setting, whatever the mode is. Faults are added to the reader.
KeptnSettings LoadKeptnSettings(config::SettingsReader& reader);

}  // namespace jobexec::intake
