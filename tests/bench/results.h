// What was measured.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/bench/call_counts.h"
#include "tests/bench/process_usage.h"

namespace jobexec::bench {

// One pass of a loop that talks to the API server directly.
struct CeilingRound {
  double seconds = 0;            // until the last call was answered
  double seconds_succeeded = 0;  // until the last Job succeeded, too; 0 if that was not waited for
  double client_cpu_seconds = 0;
  double server_cpu_seconds = 0;  // of the API server, controllers' calls included
  double background_cores = 0;    // CPU cores that were busy on this machine just before
};

// One service in one burst.
struct ServiceRound {
  ProcessUsage idle;       // before its first event
  ProcessUsage end;        // after the burst
  double cpu_seconds = 0;  // in the burst
  CallCounts calls;        // in the burst
};

// One burst of events.
struct BurstRound {
  double seconds = 0;  // until the last event was accepted, and finished if there is a reporter
  double seconds_settled = 0;  // until the reporter's last patch was done, too; 0 without reporter
  std::vector<double> accepted_ms;
  std::vector<double> finished_ms;
  std::map<std::string, ServiceRound> services;
  CallCounts api_server;  // calls of all clients
  double client_cpu_seconds = 0;
  double server_cpu_seconds = 0;
  double background_cores = 0;
};

// One part of the benchmark.
struct PartResult {
  std::string name;
  int events = 0;
  int connections = 0;
  std::map<int, std::vector<CeilingRound>> ceilings;  // by requests in flight
  int best_in_flight = 0;
  std::map<int, std::vector<BurstRound>> bursts;  // by events in a request
};

// A table for people.
std::string FormatTable(const PartResult& part);

// The same and more as one line of JSON.
std::string FormatJson(const std::vector<PartResult>& parts);

}  // namespace jobexec::bench
