#include "tests/support/subprocess.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "tests/support/poll.h"

namespace jobexec::testing {
namespace {

constexpr size_t kMaxLogBytes = 64 * 1024 * 1024;

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string LogEnd(const std::string& file) {
  const auto log = ReadFile(file, kMaxLogBytes);
  if (!log.ok()) return std::string(log.status().message());
  return log->size() > 2000 ? log->substr(log->size() - 2000) : *log;
}

std::optional<std::string> FindField(const std::string& file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_object() && json.contains(key) && json[key].is_string()) {
      return json[key].get<std::string>();
    }
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Subprocess>> Subprocess::Start(
    const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
    const std::string& log_file) {
  // A test that is killed leaves nothing running.
  std::vector<std::string> arguments = {"/usr/bin/setpriv", "--pdeathsig", "KILL"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  std::vector<std::string> variables;
  variables.reserve(environment.size());
  for (const auto& [name, value] : environment) {
    variables.push_back(absl::StrCat(name, "=", value));
  }

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log_file.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, arguments[0].c_str(), &files, nullptr,
                                Pointers(arguments).data(), Pointers(variables).data());
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot start ", command[0]));
  return std::unique_ptr<Subprocess>(new Subprocess(pid, log_file));
}

Subprocess::~Subprocess() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool Subprocess::Ended() {
  if (pid_ == 0) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  pid_ = 0;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

absl::StatusOr<std::string> Subprocess::WaitForLogField(const std::string& key,
                                                        absl::Duration timeout) {
  std::optional<std::string> value;
  PollUntil(
      [&] {
        const bool ended = Ended();
        value = FindField(log_file_, key);
        return value.has_value() || ended;
      },
      timeout);
  if (value.has_value()) return *value;
  return absl::DeadlineExceededError(
      absl::StrCat("no log line with \"", key, "\"; the log ends with\n", LogEnd(log_file_)));
}

absl::StatusOr<int> Subprocess::Stop(int signal, absl::Duration timeout) {
  if (!Ended()) kill(pid_, signal);
  if (!PollUntil([this] { return Ended(); }, timeout)) {
    return absl::DeadlineExceededError(
        absl::StrCat("still running; the log ends with\n", LogEnd(log_file_)));
  }
  return exit_code_;
}

}  // namespace jobexec::testing
