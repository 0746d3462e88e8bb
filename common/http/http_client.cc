#include "common/http/http_client.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/status_details.h"
#include "common/base/tcp.h"

namespace jobexec::http {
namespace {

constexpr size_t kMaxHeaderBytes = 256 * 1024;
constexpr size_t kMaxStreamErrorBytes = 1024 * 1024;
constexpr char kNotSent[] = "NOT_SENT";

// ---- One exchange, as libcurl's callbacks see it. ----

// What happens to the body of a response.
enum class BodyUse { kCollect, kStream };

// Lives on the stack of the calling thread for one curl_easy_perform.
struct Exchange {
  CURL* easy = nullptr;
  BodyUse use = BodyUse::kCollect;
  size_t max_body_bytes = 0;
  int max_attempts = 1;
  const std::function<bool()>* may_send = nullptr;

  Response response;
  size_t header_bytes = 0;
  int attempts = 0;  // connections on which the request began to be sent
  bool too_large = false;
  bool body_cut = false;  // an error body of a stream reached its limit
  bool refused = false;   // by may_send
  bool cancelled = false;
  bool idle = false;

  // Of a stream only.
  const absl::Notification* stop = nullptr;
  absl::FunctionRef<bool(absl::string_view)>* on_data = nullptr;
  absl::Duration idle_timeout;
  absl::Duration last_data;
};

// Called each time the request is about to be sent: on a kept connection that turns out to be dead
// libcurl would send any request again, so the count is limited here.
int OnAboutToSend(void* context, char*, char*, int, int) {
  auto* exchange = static_cast<Exchange*>(context);
  if (exchange->attempts == exchange->max_attempts) return CURL_PREREQFUNC_ABORT;
  if (*exchange->may_send != nullptr && !(*exchange->may_send)()) {
    exchange->refused = true;
    return CURL_PREREQFUNC_ABORT;
  }
  ++exchange->attempts;
  return CURL_PREREQFUNC_OK;
}

// One line of the header. A status line begins a new response: the former was an interim one.
size_t OnHeader(char* data, size_t, size_t size, void* context) {
  auto* exchange = static_cast<Exchange*>(context);
  exchange->last_data = RealClock().Elapsed();
  exchange->header_bytes += size;
  if (exchange->header_bytes > kMaxHeaderBytes) {
    exchange->too_large = true;
    return 0;
  }
  const absl::string_view line = absl::StripAsciiWhitespace(absl::string_view(data, size));
  const size_t colon = line.find(':');
  if (absl::StartsWith(line, "HTTP/")) {
    exchange->response.headers.clear();
  } else if (colon != absl::string_view::npos) {
    exchange->response.headers.emplace_back(
        std::string(line.substr(0, colon)),
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1))));
  }
  return size;
}

int ResponseCode(CURL* easy) {
  long code = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
  return static_cast<int>(code);
}

size_t StreamBody(Exchange& exchange, absl::string_view data) {
  if ((*exchange.on_data)(data)) return data.size();
  exchange.cancelled = true;
  return 0;
}

size_t CollectBody(Exchange& exchange, absl::string_view data) {
  std::string& body = exchange.response.body;
  const size_t room = exchange.max_body_bytes - body.size();
  if (data.size() > room) {
    if (exchange.use == BodyUse::kStream) {
      body.append(data.data(), room);
      exchange.body_cut = true;
    } else {
      exchange.too_large = true;
    }
    return 0;
  }
  body.append(data.data(), data.size());
  return data.size();
}

size_t OnBody(char* data, size_t, size_t size, void* context) {
  auto* exchange = static_cast<Exchange*>(context);
  exchange->last_data = RealClock().Elapsed();
  const absl::string_view piece(data, size);
  const bool streams = exchange->use == BodyUse::kStream && ResponseCode(exchange->easy) < 300;
  return streams ? StreamBody(*exchange, piece) : CollectBody(*exchange, piece);
}

// Called by libcurl at least once a second.
int OnProgress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto* exchange = static_cast<Exchange*>(context);
  exchange->cancelled = exchange->cancelled || exchange->stop->HasBeenNotified();
  exchange->idle = RealClock().Elapsed() - exchange->last_data > exchange->idle_timeout;
  return exchange->cancelled || exchange->idle ? 1 : 0;
}

// ---- Sockets. ----

// Those that a client has open, so that another thread can end them. Thread-safe.
class Sockets {
 public:
  explicit Sockets(absl::Duration user_timeout) : user_timeout_(user_timeout) {}

  void Add(int socket) {
    SetTcpUserTimeout(socket, user_timeout_);
    absl::MutexLock lock(&mutex_);
    open_.insert(socket);
  }

  // Under the lock: the number may be another socket's at once.
  int Close(int socket) {
    absl::MutexLock lock(&mutex_);
    open_.erase(socket);
    return close(socket);
  }

  void AbortAll() {
    absl::MutexLock lock(&mutex_);
    for (const int socket : open_) AbortTcp(socket);
  }

 private:
  const absl::Duration user_timeout_;
  absl::Mutex mutex_;
  absl::flat_hash_set<int> open_ ABSL_GUARDED_BY(mutex_);
};

int OnSocket(void* context, curl_socket_t socket, curlsocktype) {
  static_cast<Sockets*>(context)->Add(socket);
  return CURL_SOCKOPT_OK;
}

int OnCloseSocket(void* context, curl_socket_t socket) {
  return static_cast<Sockets*>(context)->Close(socket) == 0 ? 0 : 1;
}

// ---- Errors. ----

// `url` without what may be secret: user information, query and fragment.
std::string ForMessages(absl::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const size_t scheme = url.find("://");
  if (scheme == absl::string_view::npos) return "(not a URL)";
  const absl::string_view rest = url.substr(scheme + 3);
  const size_t path = std::min(rest.find('/'), rest.size());
  const size_t at = rest.substr(0, path).rfind('@');
  const absl::string_view shown = at == absl::string_view::npos ? rest : rest.substr(at + 1);
  return absl::StrCat(url.substr(0, scheme + 3), shown);
}

absl::StatusCode CodeOf(CURLcode result) {
  switch (result) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return absl::StatusCode::kInvalidArgument;
    case CURLE_OPERATION_TIMEDOUT:
      return absl::StatusCode::kDeadlineExceeded;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

absl::Status MakeError(absl::StatusCode code, const Request& request, absl::string_view text,
                       int attempts) {
  absl::Status status(code,
                      absl::StrCat(request.method, " ", ForMessages(request.target), ": ", text));
  if (attempts == 0) SetReason(status, kNotSent);
  return status;
}

// The status of a failed exchange. `connect_limited`: the time to connect was shorter than the time
// for the whole, so that running out of time before sending means that the connection failed.
absl::Status ToStatus(CURLcode result, const Exchange& exchange, const Request& request,
                      bool connect_limited, const char* curl_text) {
  const int attempts = exchange.attempts;
  if (exchange.cancelled) {
    return MakeError(absl::StatusCode::kCancelled, request, "stopped", attempts);
  }
  if (exchange.refused) {
    return MakeError(absl::StatusCode::kCancelled, request, "it may not be sent now", attempts);
  }
  if (exchange.idle) {
    return MakeError(absl::StatusCode::kDeadlineExceeded, request,
                     absl::StrCat("no byte for ", absl::FormatDuration(exchange.idle_timeout)),
                     attempts);
  }
  if (exchange.too_large) {
    return MakeError(
        absl::StatusCode::kResourceExhausted, request,
        absl::StrCat("the response is larger than the limit of ", exchange.max_body_bytes,
                     " bytes or its header than ", kMaxHeaderBytes),
        attempts);
  }
  if (result == CURLE_ABORTED_BY_CALLBACK) {
    return MakeError(absl::StatusCode::kUnavailable, request,
                     "the connection broke before a response came", attempts);
  }
  const bool failed_to_connect =
      result == CURLE_OPERATION_TIMEDOUT && attempts == 0 && connect_limited;
  return MakeError(failed_to_connect ? absl::StatusCode::kUnavailable : CodeOf(result), request,
                   *curl_text != '\0' ? curl_text : curl_easy_strerror(result), attempts);
}

// ---- Handles. ----

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

// A libcurl handle and the one connection that it keeps.
struct Handle {
  std::unique_ptr<CURL, EasyDeleter> easy;
  std::array<char, CURL_ERROR_SIZE> error_text{};
  std::string origin;         // "https://host:port" that the kept connection goes to
  absl::Duration idle_since;  // on Clock::Elapsed
};

// Points libcurl at `text` without copying; it must outlive the handle.
curl_blob ToBlob(const std::string& text) {
  return {const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
}

void SetPemOrFile(CURL* easy, CURLoption blob_option, const std::string& pem,
                  CURLoption file_option, const std::string& file) {
  if (!pem.empty()) {
    curl_blob blob = ToBlob(pem);
    curl_easy_setopt(easy, blob_option, &blob);
  } else if (!file.empty()) {
    curl_easy_setopt(easy, file_option, file.c_str());
  }
}

void SetTlsOptions(CURL* easy, const TlsOptions& tls) {
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  SetPemOrFile(easy, CURLOPT_CAINFO_BLOB, tls.ca_pem, CURLOPT_CAINFO, tls.ca_file);
  // The system's authorities would count as well: libcurl has a folder of them beside the file.
  if (!tls.ca_pem.empty() || !tls.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  SetPemOrFile(easy, CURLOPT_SSLCERT_BLOB, tls.certificate_pem, CURLOPT_SSLCERT,
               tls.certificate_file);
  SetPemOrFile(easy, CURLOPT_SSLKEY_BLOB, tls.key_pem, CURLOPT_SSLKEY, tls.key_file);
  curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);  // authorities are read for each connection
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
}

// libcurl follows all the usual variables but HTTP_PROXY, which is no setting in a CGI script.
void SetProxy(CURL* easy, const std::string& origin) {
  const char* const proxy = std::getenv("HTTP_PROXY");
  if (proxy != nullptr && *proxy != '\0' && std::getenv("http_proxy") == nullptr &&
      absl::StartsWith(origin, "http://")) {
    curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
  }
}

long ToMilliseconds(absl::Duration duration) {
  return std::clamp<int64_t>(absl::ToInt64Milliseconds(duration), 1,
                             std::numeric_limits<int32_t>::max());
}

bool IsWellFormed(const Request& request) {
  const auto is_bad = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  const auto has_bad = [&](const std::string& text) {
    return std::any_of(text.begin(), text.end(), is_bad);
  };
  return !has_bad(request.method) && !has_bad(request.target) &&
         std::none_of(request.headers.begin(), request.headers.end(), [&](const auto& field) {
           return has_bad(field.first) || has_bad(field.second);
         });
}

std::string OriginOf(absl::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == absl::string_view::npos) return std::string(url);
  return std::string(url.substr(0, url.find_first_of("/?#", scheme + 3)));
}

// The request's own fields, and "none" for those that libcurl would add by itself.
HeaderList MakeHeaderList(const Request& request) {
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  for (const auto& [name, value] : request.headers) {
    // "Name;" is libcurl's form of a field with an empty value.
    list = curl_slist_append(
        list, (value.empty() ? absl::StrCat(name, ";") : absl::StrCat(name, ": ", value)).c_str());
  }
  if (FindHeader(request.headers, "Content-Type").empty()) {
    list = curl_slist_append(list, "Content-Type:");
  }
  return HeaderList(list);
}

// Method and body. The body is not copied: `request` must outlive the exchange.
void SetMethod(CURL* easy, const Request& request) {
  const std::string& method = request.method;
  const bool sends_body =
      !request.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (sends_body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  }
  if (method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
}

// Once per process, before the first handle; never undone, because threads may outlive main.
void InitializeCurl() {
  static const CURLcode kResult = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kResult != CURLE_OK) abort();  // only without memory
}

class CurlClient final : public Client {
 public:
  explicit CurlClient(Options options)
      : options_(std::move(options)), sockets_(options_.tcp_user_timeout) {
    InitializeCurl();
  }

  absl::StatusOr<Response> Send(const Request& request, absl::Duration timeout,
                                bool idempotent) override;
  absl::StatusOr<Response> Stream(const Request& request, const absl::Notification& stop,
                                  absl::Duration idle_timeout,
                                  absl::FunctionRef<bool(absl::string_view)> on_data) override;
  void Abort() override;

 private:
  std::unique_ptr<Handle> NewHandle(const std::string& origin);
  std::unique_ptr<Handle> Take(const std::string& origin);
  void GiveBack(std::unique_ptr<Handle> handle);
  absl::StatusOr<Response> Perform(Handle& handle, const Request& request, Exchange& exchange,
                                   bool connect_limited);

  const Options options_;
  Sockets sockets_;
  absl::Mutex mutex_;
  // Most recently used last.
  std::vector<std::unique_ptr<Handle>> idle_ ABSL_GUARDED_BY(mutex_);
};

std::unique_ptr<Handle> CurlClient::NewHandle(const std::string& origin) {
  auto handle = std::make_unique<Handle>();
  handle->origin = origin;
  CURL* easy = curl_easy_init();
  if (easy == nullptr) abort();  // only without memory
  handle->easy.reset(easy);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, handle->error_text.data());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "jobexec/" JOBEXEC_VERSION);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, ToMilliseconds(options_.connect_timeout));
  curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, 1L);
  // The default of 64 KiB, taken and given back per request, makes malloc tidy up each time.
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16L * 1024);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN,
                   static_cast<long>(absl::ToInt64Seconds(options_.max_idle_age)));
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 10L);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &OnSocket);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, &sockets_);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &OnCloseSocket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &sockets_);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &OnAboutToSend);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &OnBody);
  SetTlsOptions(easy, options_.tls);
  SetProxy(easy, origin);
  return handle;
}

// A handle that is connected to `origin` if there is one, else a new one.
std::unique_ptr<Handle> CurlClient::Take(const std::string& origin) {
  {
    absl::MutexLock lock(&mutex_);
    const auto found = std::find_if(idle_.rbegin(), idle_.rend(),
                                    [&](const auto& handle) { return handle->origin == origin; });
    if (found != idle_.rend()) {
      auto handle = std::move(*found);
      idle_.erase(std::next(found).base());
      return handle;
    }
  }
  return NewHandle(origin);
}

// Keeps `handle` for later and closes those that are too many or too old.
void CurlClient::GiveBack(std::unique_ptr<Handle> handle) {
  handle->idle_since = RealClock().Elapsed();
  const absl::Duration oldest = handle->idle_since - options_.max_idle_age;
  std::vector<std::unique_ptr<Handle>> closing;  // destroyed without the lock
  absl::MutexLock lock(&mutex_);
  idle_.push_back(std::move(handle));
  auto keep = idle_.begin();
  while (keep != idle_.end() &&
         ((*keep)->idle_since < oldest || idle_.end() - keep > options_.max_idle_connections)) {
    closing.push_back(std::move(*keep++));
  }
  idle_.erase(idle_.begin(), keep);
}

absl::StatusOr<Response> CurlClient::Perform(Handle& handle, const Request& request,
                                             Exchange& exchange, bool connect_limited) {
  CURL* easy = handle.easy.get();
  const HeaderList headers = MakeHeaderList(request);
  exchange.easy = easy;
  exchange.may_send = &options_.may_send;
  exchange.last_data = RealClock().Elapsed();
  handle.error_text[0] = '\0';
  SetMethod(easy, request);
  curl_easy_setopt(easy, CURLOPT_URL, request.target.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  const CURLcode result = curl_easy_perform(easy);
  // The list ends with this function, the handle lives on.
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
  if (result != CURLE_OK && !exchange.body_cut) {
    return ToStatus(result, exchange, request, connect_limited, handle.error_text.data());
  }
  exchange.response.status = ResponseCode(easy);
  return std::move(exchange.response);
}

absl::StatusOr<Response> CurlClient::Send(const Request& request, absl::Duration timeout,
                                          bool idempotent) {
  if (!IsWellFormed(request)) {
    return MakeError(absl::StatusCode::kInvalidArgument, request,
                     "control characters in method, URL or header", 0);
  }
  if (timeout <= absl::ZeroDuration()) {
    return MakeError(absl::StatusCode::kDeadlineExceeded, request, "no time left to send it", 0);
  }
  Exchange exchange;
  exchange.max_body_bytes = options_.max_response_bytes;
  exchange.max_attempts = idempotent ? 2 : 1;
  auto handle = Take(OriginOf(request.target));
  curl_easy_setopt(handle->easy.get(), CURLOPT_TIMEOUT_MS, ToMilliseconds(timeout));
  auto response = Perform(*handle, request, exchange, options_.connect_timeout < timeout);
  GiveBack(std::move(handle));
  return response;
}

absl::StatusOr<Response> CurlClient::Stream(const Request& request, const absl::Notification& stop,
                                            absl::Duration idle_timeout,
                                            absl::FunctionRef<bool(absl::string_view)> on_data) {
  if (!IsWellFormed(request)) {
    return MakeError(absl::StatusCode::kInvalidArgument, request,
                     "control characters in method, URL or header", 0);
  }
  Exchange exchange;
  exchange.use = BodyUse::kStream;
  exchange.max_body_bytes = kMaxStreamErrorBytes;
  exchange.stop = &stop;
  exchange.on_data = &on_data;
  exchange.idle_timeout = idle_timeout;
  // A handle of its own ends its connection with it.
  auto handle = NewHandle(OriginOf(request.target));
  CURL* easy = handle->easy.get();
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &OnProgress);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &exchange);
  return Perform(*handle, request, exchange, true);
}

void CurlClient::Abort() {
  sockets_.AbortAll();
  std::vector<std::unique_ptr<Handle>> closing;  // destroyed without the lock
  absl::MutexLock lock(&mutex_);
  closing.swap(idle_);
}

}  // namespace

std::unique_ptr<Client> Client::Create(Options options) {
  return std::make_unique<CurlClient>(std::move(options));
}

}  // namespace jobexec::http
