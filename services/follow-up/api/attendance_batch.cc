#include "services/follow-up/api/attendance_batch.h"

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/violation.h"
#include "libs/rpc/status.h"
#include "polku/follow_up/v1/api.pb.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {
namespace {

using v1::RecordAttendanceRequest;
using v1::RecordAttendanceResponse;

// Shared by the callbacks of one batch; the last of them answers. Each writes its own row only.
struct Batch {
  std::unique_ptr<RecordAttendanceResponse> response = std::make_unique<RecordAttendanceResponse>();
  std::vector<char> unchanged;  // Per row. Not bits: neighbours are written by different threads.
  std::atomic<int> left = 0;
  pipeline::Done done;
};

bool IsUnchanged(const absl::StatusOr<std::unique_ptr<google::protobuf::Message>>& reply) {
  const auto* taken = reply.ok() ? dynamic_cast<const v1::MarkTaken*>(reply->get()) : nullptr;
  return taken != nullptr && taken->unchanged();
}

void Finish(Batch& batch) {
  for (size_t i = 0; i < batch.unchanged.size(); ++i) {
    if (batch.unchanged[i] != 0) batch.response->add_unchanged(static_cast<int>(i));
  }
  batch.done(std::move(batch.response));
}

absl::Status CheckSize(const RecordAttendanceRequest& request) {
  if (request.marks().empty()) return InvalidField("marks", "must not be empty");
  if (request.marks_size() > kMarksMax) return InvalidField("marks", absl::StrCat("must be at most ", kMarksMax));
  return absl::OkStatus();
}

void SubmitRows(const RecordAttendanceRequest& request, const pipeline::Command& command, pipeline::Done done,
                const SubmitCommand& submit) {
  auto batch = std::make_shared<Batch>();  // Shared: the rows are answered in any order, on any thread.
  batch->left = request.marks_size();
  batch->done = std::move(done);
  batch->unchanged.resize(request.marks_size());
  for (int i = 0; i < request.marks_size(); ++i) batch->response->add_results();
  for (int i = 0; i < request.marks_size(); ++i) {
    pipeline::Command row;
    row.method = command.method;
    row.request = std::make_unique<v1::AttendanceMark>(request.marks(i));
    row.request_id = absl::StrCat(command.request_id, "/", i);
    row.principal = command.principal;
    row.traceparent = command.traceparent;
    row.deadline = command.deadline;
    google::rpc::Status* result = batch->response->mutable_results(i);
    auto answer = [batch, result, i,
                   id = row.request_id](absl::StatusOr<std::unique_ptr<google::protobuf::Message>> reply) {
      *result = rpc::ToGoogleStatus(UnderField(reply.status(), absl::StrCat("marks[", i, "]")), id);
      batch->unchanged[i] = IsUnchanged(reply) ? 1 : 0;
      if (--batch->left == 0) Finish(*batch);
    };
    submit(std::move(row), std::move(answer));
  }
}

}  // namespace

SubmitCommand FanOutAttendance(SubmitCommand submit) {
  return [submit = std::move(submit)](pipeline::Command command, pipeline::Done done) {
    const auto* request = dynamic_cast<const RecordAttendanceRequest*>(command.request.get());
    if (request == nullptr) return submit(std::move(command), std::move(done));
    if (absl::Status wrong = CheckSize(*request); !wrong.ok()) return done(std::move(wrong));
    SubmitRows(*request, command, std::move(done), submit);
  };
}

}  // namespace polku::follow_up
