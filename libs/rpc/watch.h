// Streams of changes: one thread looks for what is new, for every open stream in turn. Internal to the gate.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"

namespace polku::rpc {

// One stream without its types. It is polled while nothing waits to be sent, so it never holds more than one poll's
// messages, however slow its caller is. Thread-safe.
class WatchStream {
 public:
  virtual ~WatchStream() = default;

  // Finishes the stream once; what waits to be sent is dropped.
  void End(const grpc::Status& status);
  // Nothing is being sent and it has not ended.
  bool Idle() const;
  // Asks for what is new and sends it. True if there may be more at once. One caller.
  bool Poll();

  // Called when the caller leaves or the stream has ended otherwise.
  std::function<void()> on_gone;

 protected:
  void Written(bool ok);
  void Gone();

  virtual grpc::Status Fetch(bool& more) = 0;  // Fills what Waiting counts. Not under the lock.
  virtual bool Waiting() const = 0;
  virtual void Drop() = 0;       // The message that was sent.
  virtual void StartNext() = 0;  // Sends the first that waits.
  virtual void FinishWith(const grpc::Status& status) = 0;

 private:
  void Advance();

  mutable std::mutex mutex_;
  bool polling_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
};

// The reactor of a stream of `Response`. Owns itself until gRPC is done with it.
template <class Response>
class WatchReactor final : public grpc::ServerWriteReactor<Response>, public WatchStream {
 public:
  // Appends what is new; true if there may be more at once.
  using FetchFn = std::function<grpc::Status(std::vector<Response>&, bool&)>;

  void SetFetch(FetchFn fetch) { fetch_ = std::move(fetch); }
  void Own(std::shared_ptr<WatchReactor> self) { self_ = std::move(self); }

  void OnWriteDone(bool ok) override { Written(ok); }
  void OnCancel() override { Gone(); }
  void OnDone() override {
    Gone();
    self_.reset();  // May be the end of this object.
  }

 private:
  grpc::Status Fetch(bool& more) override {
    std::vector<Response> found;
    const grpc::Status status = fetch_(found, more);
    for (Response& response : found) waiting_.push_back(std::move(response));
    return status;
  }
  bool Waiting() const override { return !waiting_.empty(); }
  void Drop() override { waiting_.pop_front(); }
  void StartNext() override { this->StartWrite(&waiting_.front()); }
  void FinishWith(const grpc::Status& status) override { this->Finish(status); }

  FetchFn fetch_;
  std::deque<Response> waiting_;  // Touched by the poll while idle, else by the writing alone.
  std::shared_ptr<WatchReactor> self_;
};

// Polls the streams. Thread-safe.
class Watches {
 public:
  Watches(int streams_max, absl::Duration poll_interval, absl::Duration stream_max, const MonotonicClock* clock);
  ~Watches() { End(); }

  // False when there are too many, or after End.
  bool Add(std::shared_ptr<WatchStream> stream);
  void Remove(const WatchStream* stream);
  // Ends all streams with UNAVAILABLE, takes no more, joins the thread. More calls do nothing.
  void End();

 private:
  struct Entry {
    std::shared_ptr<WatchStream> stream;
    absl::Duration next_poll;
    absl::Duration until;
  };

  void Run();
  absl::Duration PollDue();

  const size_t streams_max_;
  const absl::Duration poll_interval_;
  const absl::Duration stream_max_;
  const MonotonicClock* const clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace polku::rpc
