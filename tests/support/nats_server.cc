#include "tests/support/nats_server.h"

#include <nats/nats.h>
#include <signal.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "common/base/status_macros.h"
#include "tests/support/poll.h"

namespace jobexec::testing {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

// Runs `use` with a connection of its own.
absl::Status WithConnection(const std::string& url,
                            const std::function<natsStatus(natsConnection*, jsCtx*)>& use) {
  natsConnection* connection = nullptr;
  jsCtx* stream = nullptr;
  natsStatus status = natsConnection_ConnectTo(&connection, url.c_str());
  if (status == NATS_OK) status = natsConnection_JetStream(&stream, connection, nullptr);
  if (status == NATS_OK) status = use(connection, stream);
  jsCtx_Destroy(stream);
  natsConnection_Destroy(connection);
  if (status == NATS_OK) return absl::OkStatus();
  return absl::UnavailableError(natsStatus_GetText(status));
}

// The client port from the file that the server writes once it listens.
std::optional<int> ReadPort(const std::string& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".ports") continue;
    const absl::StatusOr<std::string> text = ReadFile(entry.path().string(), 4096);
    const nlohmann::json ports = nlohmann::json::parse(text.value_or(""), nullptr, false);
    if (!ports.is_object() || !ports.contains("nats")) continue;
    const std::string url = ports["nats"][0].get<std::string>();
    int port = 0;
    if (absl::SimpleAtoi(url.substr(url.rfind(':') + 1), &port)) return port;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::unique_ptr<NatsServer>> NatsServer::Start(bool jetstream) {
  std::unique_ptr<NatsServer> server(new NatsServer());
  server->jetstream_ = jetstream;
  RETURN_IF_ERROR(server->Run("-1"));
  return server;
}

absl::Status NatsServer::Run(const std::string& port) {
  const std::string directory = directory_.path();
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".ports") std::filesystem::remove(entry.path());
  }
  std::vector<std::string> command = {"/usr/sbin/nats-server", "-a",     "127.0.0.1", "-p", port,
                                      "--ports_file_dir",      directory};
  if (jetstream_) command.insert(command.end(), {"-js", "-sd", directory});
  ASSIGN_OR_RETURN(process_, Subprocess::Start(command, {}, absl::StrCat(directory, "/log")));
  const bool up = PollUntil(
      [&] {
        const std::optional<int> found = ReadPort(directory);
        port_ = found.value_or(0);
        url_ = absl::StrCat("nats://127.0.0.1:", port_);
        return found.has_value() &&
               WithConnection(url_, [](natsConnection*, jsCtx*) { return NATS_OK; }).ok();
      },
      kPatience);
  return up ? absl::OkStatus() : absl::UnavailableError("nats-server does not start");
}

absl::Status NatsServer::AddStream(const std::string& name, const std::string& subjects,
                                   absl::Duration duplicate_window) {
  return WithConnection(url_, [&](natsConnection*, jsCtx* stream) {
    const char* subject_list[] = {subjects.c_str()};
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = name.c_str();
    config.Subjects = subject_list;
    config.SubjectsLen = 1;
    config.Duplicates = absl::ToInt64Nanoseconds(duplicate_window);
    return js_AddStream(nullptr, stream, &config, nullptr, nullptr);
  });
}

absl::Status NatsServer::Purge(const std::string& stream_name) {
  return WithConnection(url_, [&](natsConnection*, jsCtx* stream) {
    return js_PurgeStream(stream, stream_name.c_str(), nullptr, nullptr);
  });
}

absl::Status NatsServer::DeleteStream(const std::string& stream_name) {
  return WithConnection(url_, [&](natsConnection*, jsCtx* stream) {
    return js_DeleteStream(stream, stream_name.c_str(), nullptr, nullptr);
  });
}

absl::Status NatsServer::DeleteConsumer(const std::string& stream_name,
                                        const std::string& consumer) {
  return WithConnection(url_, [&](natsConnection*, jsCtx* stream) {
    return js_DeleteConsumer(stream, stream_name.c_str(), consumer.c_str(), nullptr, nullptr);
  });
}

absl::Status NatsServer::AddPushConsumer(const std::string& stream_name,
                                         const std::string& consumer, const std::string& subject) {
  return WithConnection(url_, [&](natsConnection*, jsCtx* stream) {
    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.Durable = consumer.c_str();
    config.DeliverSubject = subject.c_str();
    config.AckPolicy = js_AckExplicit;
    return js_AddConsumer(nullptr, stream, stream_name.c_str(), &config, nullptr, nullptr);
  });
}

absl::Status NatsServer::PublishCore(const std::string& subject, const std::string& text) {
  return WithConnection(url_, [&](natsConnection* connection, jsCtx*) {
    const natsStatus status =
        natsConnection_PublishString(connection, subject.c_str(), text.c_str());
    return status == NATS_OK ? natsConnection_Flush(connection) : status;
  });
}

absl::Status NatsServer::Kill() { return process_->Stop(SIGKILL, kPatience).status(); }

absl::Status NatsServer::Restart() { return Run(absl::StrCat(port_)); }

absl::Status NatsServer::RestartWithJetStream() {
  jetstream_ = true;
  return Restart();
}

}  // namespace jobexec::testing
