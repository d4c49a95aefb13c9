// Moves a database's log into its file beside the commits: a connection and a thread of its own.
#pragma once

#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "libs/store/sqlite/connection.h"

namespace polku::store::sqlite {

// Thread-safe.
class Checkpointer {
 public:
  explicit Checkpointer(std::unique_ptr<Connection> connection);
  ~Checkpointer();

  // Begins to move what has been committed by now, unless that is going on already.
  void Begin();
  // Returns when nothing is going on.
  void Await();
  // As Connection::checkpoint_status.
  absl::Status status() const;

 private:
  void Run();

  const std::unique_ptr<Connection> connection_;  // The thread's.
  mutable absl::Mutex mutex_;
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;
  bool working_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace polku::store::sqlite
