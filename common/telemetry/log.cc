#include "common/telemetry/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/telemetry/log_record.h"

namespace jobexec::log {
namespace {

constexpr size_t kMaxValueBytes = 4096;
constexpr size_t kMaxLineBytes = 16384;

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

absl::string_view LevelName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "info";
}

// The logger and the service's name; replaced only by Configure, before other threads exist.
struct Sink {
  std::shared_ptr<spdlog::logger> logger;
  std::string service = "jobexec";
};

Sink& TheSink() {
  // Leaked on purpose: threads may still log while the process exits.
  static Sink& sink = *[] {
    auto* made = new Sink;
    made->logger = std::make_shared<spdlog::logger>(
        "jobexec", std::make_shared<spdlog::sinks::stdout_sink_mt>());
    made->logger->set_pattern("%v");
    made->logger->flush_on(spdlog::level::debug);
    return made;
  }();
  return sink;
}

std::string Cut(absl::string_view value) {
  if (value.size() <= kMaxValueBytes) return std::string(value);
  return absl::StrCat(value.substr(0, kMaxValueBytes), "... (", value.size(), " bytes)");
}

// The fields that every line has.
nlohmann::ordered_json NewLine(const Sink& sink, Level level, absl::string_view message) {
  nlohmann::ordered_json line;
  line["time"] =
      absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", RealClock().TimeNow(), absl::UTCTimeZone());
  line["level"] = std::string(LevelName(level));
  line["service"] = sink.service;
  line["message"] = Cut(message);
  return line;
}

std::string Dump(const nlohmann::ordered_json& line) {
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string FormatLine(const Sink& sink, Level level, absl::string_view message, Fields fields) {
  nlohmann::ordered_json line = NewLine(sink, level, message);
  size_t bytes = message.size();
  for (const auto& [key, value] : fields) {
    bytes += value.size();
    if (bytes > kMaxLineBytes) {
      line["truncated"] = true;
      break;
    }
    line[std::string(key)] = Cut(value);
  }
  return Dump(line);
}

}  // namespace

void Configure(absl::string_view service, Level lowest) {
  TheSink().service = std::string(service);
  TheSink().logger->set_level(ToSpdlog(lowest));
}

absl::StatusOr<Level> ParseLevel(absl::string_view text) {
  for (Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    if (text == LevelName(level)) return level;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not a log level: use debug, info, warning or error"));
}

void Write(Level level, absl::string_view message, Fields fields) {
  Sink& sink = TheSink();
  if (!sink.logger->should_log(ToSpdlog(level))) return;
  const std::string line = FormatLine(sink, level, message, fields);
  sink.logger->log(ToSpdlog(level), line);
}

void WriteRecord(Level level, absl::string_view message, absl::string_view key,
                 const nlohmann::ordered_json& value) {
  Sink& sink = TheSink();
  if (!sink.logger->should_log(ToSpdlog(level))) return;
  nlohmann::ordered_json line = NewLine(sink, level, message);
  line[std::string(key)] = value;
  sink.logger->log(ToSpdlog(level), Dump(line));
}

}  // namespace jobexec::log
