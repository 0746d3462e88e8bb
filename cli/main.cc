// jobexec: checks a job/config.yaml and shows what an event leads to, without a cluster.
#include <unistd.h>

#include <iostream>

#include "cli/commands.h"

int main(int argc, char** argv) {
  const jobexec::config::Environment environment = jobexec::config::ProcessEnvironment();
  const int code = jobexec::cli::RunProgram({argv + 1, argv + argc},
                                            {.in = std::cin,
                                             .out = std::cout,
                                             .err = std::cerr,
                                             .environment = environment,
                                             .is_terminal = isatty(STDOUT_FILENO) == 1});
  if (std::cout.flush()) return code;
  std::cerr << "jobexec: the output could not be written\n";
  return jobexec::cli::kFailure;
}
