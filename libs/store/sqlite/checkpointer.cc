#include "libs/store/sqlite/checkpointer.h"

#include <utility>

namespace polku::store::sqlite {

Checkpointer::Checkpointer(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)), thread_([this] { Run(); }) {}

Checkpointer::~Checkpointer() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  thread_.join();
}

void Checkpointer::Begin() {
  absl::MutexLock lock(&mutex_);
  if (!working_) asked_ = true;
}

void Checkpointer::Await() {
  absl::MutexLock lock(&mutex_);
  const auto rests = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !asked_ && !working_; };
  mutex_.Await(absl::Condition(&rests));
}

absl::Status Checkpointer::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

void Checkpointer::Run() {
  absl::MutexLock lock(&mutex_);
  while (true) {
    const auto something = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return asked_ || stop_; };
    mutex_.Await(absl::Condition(&something));
    if (stop_) return;
    asked_ = false;
    working_ = true;
    mutex_.Unlock();
    const absl::Status moved = connection_->Checkpoint();
    mutex_.Lock();
    working_ = false;
    status_.Update(moved);
  }
}

}  // namespace polku::store::sqlite
