#pragma once

// `holm run --detach`: the instance goes on without the terminal.

#include <filesystem>
#include <functional>
#include <string>

namespace holm::cli {

// Runs `body(ready)` in a process of its own, in a session of its own, its output going to `log`. Returns in
// the caller when body has called ready(), with that process's number; fails with body's sentence if it fails
// before. Does not return in the new process.
pid_t run_detached(const std::filesystem::path& log,
                   const std::function<int(const std::function<void()>& ready)>& body);

// A process that keeps the log as long as somebody may write to it; the result is where to write. What `log`
// held before is gone.
int start_log_keeper(const std::filesystem::path& log);

// From here on this process reads nothing, and writes to a log.
void redirect_to_log(const std::filesystem::path& log);

// Where the console of a detached instance goes: NAME-NUMBER.log in the instance folder, the lowest number
// that no running instance has; so the log of the last one that ended stays until the next one starts.
std::filesystem::path new_log_path(const std::string& name);

}  // namespace holm::cli
