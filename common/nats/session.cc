#include "common/nats/session.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/base/tcp.h"
#include "common/json/json.h"
#include "common/nats/socket.h"

namespace jobexec::nats {
namespace {

// A silent peer is given up after three intervals.
constexpr absl::Duration kPingInterval = absl::Seconds(10);
constexpr int kPingsOut = 2;
// What a connection sent is on its way no longer than this.
constexpr absl::Duration kTcpUserTimeout = absl::Seconds(30);

// One connection at a time, so that each finds its own socket.
ABSL_CONST_INIT absl::Mutex connect_mutex(absl::kConstInit);

absl::Status NoStream(absl::string_view what) {
  return NotSent(absl::FailedPreconditionError(
      absl::StrCat(what, ": no JetStream stream takes this subject, or JetStream is off")));
}

natsStatus Configure(const std::string& urls, const std::string& name,
                     absl::Duration connect_timeout, natsOptions* native) {
  const std::vector<std::string> list = absl::StrSplit(urls, ',');
  std::vector<const char*> servers;
  servers.reserve(list.size());
  for (const std::string& url : list) servers.push_back(url.c_str());
  natsStatus status =
      natsOptions_SetServers(native, servers.data(), static_cast<int>(servers.size()));
  if (status == NATS_OK) status = natsOptions_SetName(native, name.c_str());
  if (status == NATS_OK) status = natsOptions_SetAllowReconnect(native, false);
  if (status == NATS_OK) {
    status = natsOptions_SetTimeout(native, absl::ToInt64Milliseconds(connect_timeout));
  }
  if (status == NATS_OK) {
    status = natsOptions_SetPingInterval(native, absl::ToInt64Milliseconds(kPingInterval));
  }
  if (status == NATS_OK) status = natsOptions_SetMaxPingsOut(native, kPingsOut);
  return status;
}

// The port of the server that `connection` has reached.
int PortOf(natsConnection* connection) {
  char url[512] = "";
  if (natsConnection_GetConnectedUrl(connection, url, sizeof(url)) != NATS_OK) return 0;
  const absl::string_view text(url);
  int port = 0;
  (void)absl::SimpleAtoi(text.substr(text.rfind(':') + 1), &port);
  return port;
}

natsStatus ConnectSession(Session& session, natsOptions* options) {
  absl::MutexLock lock(&connect_mutex);
  const auto known = OpenSockets();
  const natsStatus status = natsConnection_Connect(&session.connection, options);
  if (status != NATS_OK) return status;
  session.socket = DuplicateNewSocket(known, PortOf(session.connection));
  if (session.socket >= 0) SetTcpUserTimeout(session.socket, kTcpUserTimeout);
  return status;
}

}  // namespace

absl::Status NotSent(absl::Status status) {
  SetReason(status, kNotSent);
  return status;
}

absl::Status ToStatus(natsStatus status, absl::string_view what) {
  const std::string text = absl::StrCat(what, ": ", natsStatus_GetText(status));
  switch (status) {
    case NATS_OK:
      return absl::OkStatus();
    case NATS_TIMEOUT:
      return absl::DeadlineExceededError(text);
    case NATS_NO_RESPONDERS:
      return NoStream(what);
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
      return NotSent(absl::PermissionDeniedError(text));
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
    case NATS_MAX_PAYLOAD:
      return NotSent(absl::InvalidArgumentError(text));
    default:
      return absl::UnavailableError(text);
  }
}

absl::Status ToStatus(natsStatus status, jsErrCode code, absl::string_view what) {
  if (status == NATS_OK || code == 0) return ToStatus(status, what);
  // This is also what the library says if nobody answered.
  if (code == JSNotEnabledErr) return NoStream(what);
  return absl::UnavailableError(absl::StrCat(what, ": ", natsStatus_GetText(status),
                                             " (JetStream error ", static_cast<int>(code), ")"));
}

Session::~Session() {
  jsCtx_Destroy(stream);
  natsConnection_Destroy(connection);
  if (socket >= 0) close(socket);
}

void Session::Abort() {
  if (socket >= 0) AbortTcp(socket);
  natsConnection_Close(connection);
}

bool Session::Connected() const {
  return natsConnection_Status(connection) == NATS_CONN_STATUS_CONNECTED;
}

absl::StatusOr<SessionPtr> Connect(const std::string& urls, const std::string& name,
                                   absl::Duration connect_timeout, absl::Duration request_timeout) {
  natsOptions* native = nullptr;
  natsStatus status = natsOptions_Create(&native);
  const OptionsPtr owner(native);
  if (status == NATS_OK) status = Configure(urls, name, connect_timeout, native);
  auto session = std::make_shared<Session>();
  if (status == NATS_OK) status = ConnectSession(*session, native);
  jsOptions stream_options;
  if (status == NATS_OK) status = jsOptions_Init(&stream_options);
  stream_options.Wait = absl::ToInt64Milliseconds(request_timeout);
  if (status == NATS_OK) {
    status = natsConnection_JetStream(&session->stream, session->connection, &stream_options);
  }
  if (status != NATS_OK) return NotSent(ToStatus(status, "connecting to NATS"));
  return session;
}

absl::StatusOr<nlohmann::json> ParseReply(natsMsg* reply) {
  return json::Parse(
      absl::string_view(natsMsg_GetData(reply), static_cast<size_t>(natsMsg_GetDataLength(reply))));
}

// The library has no call for it.
absl::StatusOr<std::string> StreamOf(const Session& session, const std::string& subject,
                                     absl::Duration request_timeout) {
  const std::string request = json::Dump({{"subject", subject}});
  natsMsg* reply = nullptr;
  const natsStatus status =
      natsConnection_RequestString(&reply, session.connection, "$JS.API.STREAM.NAMES",
                                   request.c_str(), absl::ToInt64Milliseconds(request_timeout));
  const MessagePtr owner(reply);
  RETURN_IF_ERROR(ToStatus(status, "looking for a stream"));
  ASSIGN_OR_RETURN(const nlohmann::json answer, ParseReply(reply));
  const nlohmann::json* names = json::Find(answer, "streams");
  if (names == nullptr || !names->is_array() || names->empty() || !(*names)[0].is_string()) {
    return NotSent(absl::FailedPreconditionError(
        absl::StrCat("no JetStream stream takes the subject ", subject)));
  }
  return (*names)[0].get<std::string>();
}

int64_t ToStartTime(absl::Time time) {
  const absl::Time second = absl::FromUnixSeconds(absl::ToUnixSeconds(time));
  const bool has_leading_zero = time - second < absl::Milliseconds(100);
  return absl::ToUnixNanos(has_leading_zero ? second - absl::Nanoseconds(1) : time);
}

absl::StatusOr<StreamInfo> ReadStreamInfo(const Session& session, const std::string& name) {
  jsStreamInfo* info = nullptr;
  jsErrCode code{};
  const natsStatus status = js_GetStreamInfo(&info, session.stream, name.c_str(), nullptr, &code);
  const StreamInfoPtr owner(info);
  RETURN_IF_ERROR(ToStatus(status, code, absl::StrCat("reading stream ", name)));
  return StreamInfo{.name = name,
                    .created = absl::FromUnixNanos(info->Created),
                    .first_sequence = info->State.FirstSeq,
                    .last_sequence = info->State.LastSeq,
                    .first_time = absl::FromUnixNanos(info->State.FirstTime),
                    .last_time = absl::FromUnixNanos(info->State.LastTime),
                    .duplicate_window = absl::Nanoseconds(info->Config->Duplicates)};
}

}  // namespace jobexec::nats
