#include "services/follow-up/api/attendance_batch.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/rpc/status.h"
#include "polku/follow_up/v1/api.pb.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {
namespace {

pipeline::Command BatchOf(int marks) {
  auto request = std::make_unique<v1::RecordAttendanceRequest>();
  for (int i = 0; i < marks; ++i) request->add_marks()->set_session(i);
  pipeline::Command command;
  command.method = "polku.follow_up.v1.FollowUpService/RecordAttendance";
  command.request = std::move(request);
  command.request_id = "id";
  command.principal.organisation = "organisations/o";
  return command;
}

absl::Status StatusOf(const google::rpc::Status& row) {
  return rpc::FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(row.code()), row.message(), row.SerializeAsString()));
}

TEST(FanOutAttendance, AnswersEveryRowOnItsOwnAndInOrder) {
  std::vector<std::pair<pipeline::Command, pipeline::Done>> rows;
  const SubmitCommand submit = FanOutAttendance(
      [&](pipeline::Command command, pipeline::Done done) { rows.emplace_back(std::move(command), std::move(done)); });
  int answers = 0;
  v1::RecordAttendanceResponse response;
  submit(BatchOf(3), [&](absl::StatusOr<std::unique_ptr<google::protobuf::Message>> reply) {
    ++answers;
    ASSERT_THAT(reply, IsOk());
    response = static_cast<const v1::RecordAttendanceResponse&>(**reply);
  });
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[2].first.request_id, "id/2");
  EXPECT_EQ(rows[2].first.principal.organisation, "organisations/o");
  rows[2].second(absl::NotFoundError("gone"));
  rows[0].second(std::make_unique<v1::MarkTaken>());
  EXPECT_EQ(answers, 0);
  auto known = std::make_unique<v1::MarkTaken>();
  known->set_unchanged(true);
  rows[1].second(std::move(known));
  EXPECT_EQ(answers, 1);
  ASSERT_EQ(response.results_size(), 3);
  EXPECT_EQ(response.results(0).code(), 0);
  EXPECT_EQ(response.results(2).code(), static_cast<int>(absl::StatusCode::kNotFound));
  EXPECT_THAT(response.unchanged(), ::testing::ElementsAre(1));
}

TEST(FanOutAttendance, GivesARefusedRowTheDetailsOfACallAndItsPlaceInTheRequest) {
  const SubmitCommand submit = FanOutAttendance([](pipeline::Command command, pipeline::Done done) {
    const int32_t row = static_cast<const v1::AttendanceMark&>(*command.request).session();
    if (row == 0) return done(WithReason(absl::NotFoundError("no such measure"), "MEASURE_NOT_FOUND"));
    done(InvalidField("status", "required"));
  });
  v1::RecordAttendanceResponse response;
  submit(BatchOf(2), [&](absl::StatusOr<std::unique_ptr<google::protobuf::Message>> reply) {
    ASSERT_THAT(reply, IsOk());
    response = static_cast<const v1::RecordAttendanceResponse&>(**reply);
  });
  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(ReasonOf(StatusOf(response.results(0))), "MEASURE_NOT_FOUND");
  const absl::Status wrong = StatusOf(response.results(1));
  EXPECT_THAT(wrong, StatusIs(absl::StatusCode::kInvalidArgument, "marks[1].status: required"));
  EXPECT_THAT(ViolationsOf(wrong), ::testing::ElementsAre(FieldViolation{"marks[1].status", "required"}));
  google::rpc::RequestInfo request;
  EXPECT_TRUE(std::any_of(response.results(1).details().begin(), response.results(1).details().end(),
                          [&](const auto& detail) { return detail.UnpackTo(&request); }));
  EXPECT_EQ(request.request_id(), "id/1");
}

TEST(FanOutAttendance, RefusesABatchThatIsEmptyOrTooLong) {
  const SubmitCommand submit = FanOutAttendance([](pipeline::Command, pipeline::Done) { FAIL(); });
  for (const int marks : {0, kMarksMax + 1}) {
    submit(BatchOf(marks), [](absl::StatusOr<std::unique_ptr<google::protobuf::Message>> reply) {
      EXPECT_THAT(reply, StatusIs(absl::StatusCode::kInvalidArgument));
    });
  }
}

TEST(FanOutAttendance, PassesEveryOtherCommandOn) {
  int passed = 0;
  const SubmitCommand submit = FanOutAttendance([&](pipeline::Command, pipeline::Done) { ++passed; });
  pipeline::Command command;
  command.request = std::make_unique<v1::StartMeasureRequest>();
  submit(std::move(command), [](absl::StatusOr<std::unique_ptr<google::protobuf::Message>>) {});
  EXPECT_EQ(passed, 1);
}

}  // namespace
}  // namespace polku::follow_up
