// SIGTERM and SIGINT as something a main function can wait for.
#pragma once

namespace jobexec {

// Blocks SIGTERM and SIGINT for this thread and all threads started later, and ignores SIGPIPE.
// Call it first in main, before any thread exists.
void BlockShutdownSignals();

// Waits until SIGTERM or SIGINT arrives. Returns the signal's number.
int WaitForShutdownSignal();

}  // namespace jobexec
