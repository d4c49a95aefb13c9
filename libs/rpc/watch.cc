#include "libs/rpc/watch.h"

#include <algorithm>

namespace polku::rpc {

void WatchStream::End(const grpc::Status& status) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!end_.has_value()) end_ = status;
  }
  Advance();
}

bool WatchStream::Idle() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !polling_ && !writing_ && !end_.has_value();
}

bool WatchStream::Poll() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (polling_ || writing_ || end_.has_value()) return false;
    polling_ = true;
  }
  bool more = false;
  const grpc::Status status = Fetch(more);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    polling_ = false;
    if (!status.ok() && !end_.has_value()) end_ = status;
  }
  Advance();
  return more && status.ok();
}

void WatchStream::Written(bool ok) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    Drop();
    writing_ = false;
    if (!ok && !end_.has_value()) end_ = grpc::Status::CANCELLED;
  }
  Advance();
}

void WatchStream::Gone() {
  if (on_gone) on_gone();
}

// gRPC is called without the lock: it may call back at once.
void WatchStream::Advance() {
  bool finish = false;
  grpc::Status status;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (polling_ || writing_ || finished_) return;
    if (end_.has_value()) {
      finished_ = finish = true;
      status = *end_;
    } else if (Waiting()) {
      writing_ = true;
    } else {
      return;
    }
  }
  if (finish) return FinishWith(status);
  StartNext();
}

Watches::Watches(int streams_max, absl::Duration poll_interval, absl::Duration stream_max, const MonotonicClock* clock)
    : streams_max_(static_cast<size_t>(streams_max)),
      poll_interval_(poll_interval),
      stream_max_(stream_max),
      clock_(clock) {}

bool Watches::Add(std::shared_ptr<WatchStream> stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (ended_ || entries_.size() >= streams_max_) return false;
  const absl::Duration now = clock_->Elapsed();
  entries_.push_back({std::move(stream), now, now + stream_max_});
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  wake_.notify_all();
  return true;
}

void Watches::Remove(const WatchStream* stream) {
  std::shared_ptr<WatchStream> removed;  // Not destroyed under the lock.
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [stream](const Entry& entry) { return entry.stream.get() == stream; });
  if (found == entries_.end()) return;
  removed = std::move(found->stream);
  entries_.erase(found);
}

void Watches::End() {
  std::vector<Entry> open;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    open.swap(entries_);
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  for (const Entry& entry : open) {
    entry.stream->End(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the service is stopping"));
  }
}

// Polls every stream whose time has come; when the next one's comes.
absl::Duration Watches::PollDue() {
  std::vector<Entry> due;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const absl::Duration now = clock_->Elapsed();
    for (Entry& entry : entries_) {
      if (entry.next_poll > now || !entry.stream->Idle()) continue;
      entry.next_poll = now + poll_interval_;
      due.push_back(entry);
    }
  }
  absl::Duration wait = poll_interval_;
  for (const Entry& entry : due) {
    // The caller comes back with its resume token, perhaps to another instance.
    if (clock_->Elapsed() >= entry.until) {
      entry.stream->End(grpc::Status::OK);
    } else if (entry.stream->Poll()) {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (Entry& each : entries_) {
        if (each.stream == entry.stream) each.next_poll = clock_->Elapsed();
      }
      wait = absl::Milliseconds(1);  // Until its messages are sent.
    }
  }
  return wait;
}

void Watches::Run() {
  while (true) {
    const absl::Duration wait = PollDue();
    std::unique_lock<std::mutex> lock(mutex_);
    if (!ended_) wake_.wait_for(lock, absl::ToChronoMilliseconds(std::max(wait, absl::Milliseconds(1))));
    if (ended_) return;
  }
}

}  // namespace polku::rpc
