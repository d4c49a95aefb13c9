#include "libs/rpc/status.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"

namespace polku::rpc {
namespace {

template <class Detail>
std::optional<Detail> DetailOf(const grpc::Status& status) {
  google::rpc::Status wire;
  EXPECT_TRUE(wire.ParseFromString(status.error_details()));
  Detail detail;
  for (const auto& any : wire.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

TEST(ToGrpc, LeavesSuccessAlone) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_THAT(FromGrpc(grpc::Status::OK), IsOk());
}

TEST(ToGrpc, GivesTheSameCodeMessageAndDetailsInTheStandardForm) {
  absl::Status status = InvalidField("referral.person", "required");
  AddViolation(status, "request_id", "not a UUID");
  status = WithRetryDelay(WithReason(status, "BAD_REFERRAL"), absl::Milliseconds(1500));
  const grpc::Status wire = ToGrpc(status, "0190a000-0000-7000-8000-000000000001");
  EXPECT_EQ(wire.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(wire.error_message(), "referral.person: required; request_id: not a UUID");
  const auto info = DetailOf<google::rpc::ErrorInfo>(wire);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "BAD_REFERRAL");
  EXPECT_EQ(info->domain(), "polku");
  const auto bad = DetailOf<google::rpc::BadRequest>(wire);
  ASSERT_TRUE(bad.has_value());
  ASSERT_EQ(bad->field_violations_size(), 2);
  EXPECT_EQ(bad->field_violations(1).field(), "request_id");
  EXPECT_EQ(bad->field_violations(1).description(), "not a UUID");
  const auto retry = DetailOf<google::rpc::RetryInfo>(wire);
  ASSERT_TRUE(retry.has_value());
  EXPECT_EQ(retry->retry_delay().seconds(), 1);
  EXPECT_EQ(retry->retry_delay().nanos(), 500'000'000);
  const auto request = DetailOf<google::rpc::RequestInfo>(wire);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->request_id(), "0190a000-0000-7000-8000-000000000001");
}

TEST(ToGrpc, NamesTheCodeWhereNoReasonIsKnownAndLeavesTheRestOut) {
  const grpc::Status wire = ToGrpc(absl::UnavailableError("database away"));
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(wire)->reason(), "UNAVAILABLE");
  EXPECT_FALSE(DetailOf<google::rpc::BadRequest>(wire).has_value());
  EXPECT_FALSE(DetailOf<google::rpc::RetryInfo>(wire).has_value());
  EXPECT_FALSE(DetailOf<google::rpc::RequestInfo>(wire).has_value());
}

TEST(FromGrpc, RestoresCodeMessageReasonViolationsAndDelay) {
  absl::Status status = InvalidField("a", "wrong");
  AddViolation(status, "b", "wrong too");
  status = WithRetryDelay(WithReason(status, "SOME_REASON"), absl::Seconds(2));
  const absl::Status back = FromGrpc(ToGrpc(status, "id"));
  EXPECT_EQ(back.code(), status.code());
  EXPECT_EQ(back.message(), status.message());
  EXPECT_EQ(ReasonOf(back), "SOME_REASON");
  EXPECT_EQ(ViolationsOf(back), ViolationsOf(status));
  EXPECT_EQ(RetryDelayOf(back), absl::Seconds(2));
}

TEST(FromGrpc, KeepsEveryCode) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "m");
    EXPECT_EQ(FromGrpc(ToGrpc(status)).code(), status.code());
    EXPECT_EQ(static_cast<int>(ToGrpc(status).error_code()), code);
    EXPECT_EQ(NameOf(status.code()), absl::StatusCodeToString(status.code()));
  }
}

TEST(FromGrpc, TakesAStatusOfAServerThatSendsNoOrBrokenDetails) {
  const absl::Status plain = FromGrpc(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone"));
  EXPECT_THAT(plain, StatusIs(absl::StatusCode::kNotFound, "gone"));
  EXPECT_EQ(ReasonOf(plain), "");
  EXPECT_THAT(FromGrpc(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone", "\xff\xff")),
              StatusIs(absl::StatusCode::kNotFound, "gone"));
}

TEST(ToGrpc, FitsIntoATrailerHoweverMuchIsWrong) {
  absl::Status status = InvalidField("field_0", std::string(300, 'x'));
  for (int i = 1; i < 100; ++i) AddViolation(status, absl::StrCat("field_", i), std::string(300, 'x'));
  const grpc::Status wire = ToGrpc(status);
  EXPECT_LE(wire.error_details().size() * 4 / 3 + 3 * wire.error_message().size(), size_t{8000});
  EXPECT_GE(DetailOf<google::rpc::BadRequest>(wire)->field_violations_size(), 5);
}

TEST(ToGrpc, CutsAMessageBetweenCharacters) {
  std::string text(511, 'a');
  text += "\xc3\xa4\xc3\xa4";
  EXPECT_EQ(ToGrpc(absl::InternalError(text)).error_message(), std::string(511, 'a'));
}

}  // namespace
}  // namespace polku::rpc
