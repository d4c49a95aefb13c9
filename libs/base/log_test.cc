#include "libs/base/log.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/violation.h"

namespace polku {
namespace {

using Json = nlohmann::json;

class Log : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogSink([this](const std::string& line) { lines_.push_back(line); });
    InitLogging("referral", &clock_);
  }
  void TearDown() override {
    SetLogSink(nullptr);
    InitLogging("", nullptr);
    SetLogLevel(LogLevel::kInfo);
  }

  ManualClock clock_{absl::FromUnixMillis(1767596400123)};
  std::vector<std::string> lines_;
};

TEST_F(Log, WritesOneObjectALineWithFixedNamesFirst) {
  LogEvent(LogLevel::kWarning, "publish failed", {{"topic", "referral.v1"}, {"attempt", 3}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0],
            R"({"time":"2026-01-05T07:00:00.123Z","level":"warning","service":"referral","message":"publish failed",)"
            R"("topic":"referral.v1","attempt":3})");
}

TEST_F(Log, WritesEachKindOfValueAsItsJsonKind) {
  LogEvent(LogLevel::kInfo, "kinds",
           {{"text", std::string("a")},
            {"view", absl::string_view("b")},
            {"negative", int64_t{-5}},
            {"large", std::numeric_limits<uint64_t>::max()},
            {"ratio", 0.5},
            {"flag", true},
            {"at", absl::FromUnixSeconds(0)},
            {"took", absl::Milliseconds(1500)},
            {"never", absl::InfiniteDuration()}});
  const Json line = Json::parse(lines_.at(0));
  EXPECT_EQ(line["text"], "a");
  EXPECT_EQ(line["view"], "b");
  EXPECT_EQ(line["negative"], -5);
  EXPECT_EQ(line["large"], std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(line["ratio"], 0.5);
  EXPECT_EQ(line["flag"], true);
  EXPECT_EQ(line["at"], "1970-01-01T00:00:00Z");
  EXPECT_EQ(line["took"], 1.5);
  EXPECT_EQ(line["never"], "inf");
}

TEST_F(Log, WritesAStatusWithItsReason) {
  LogEvent(LogLevel::kError, "m",
           {{"plain", absl::NotFoundError("no")}, {"rich", WithReason(absl::AbortedError("lost"), "STALE_VERSION")}});
  const Json line = Json::parse(lines_.at(0));
  EXPECT_EQ(line["plain"], Json::parse(R"({"code":"NOT_FOUND","message":"no"})"));
  EXPECT_EQ(line["rich"], Json::parse(R"({"code":"ABORTED","message":"lost","reason":"STALE_VERSION"})"));
}

TEST_F(Log, EscapesWhatWouldBreakALineAndReplacesBytesThatAreNotUtf8) {
  LogEvent(LogLevel::kInfo, "m", {{"text", "a\"\n\x01"}, {"bytes", "x\xff"}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0].find('\n'), std::string::npos);
  const Json line = Json::parse(lines_[0]);
  EXPECT_EQ(line["text"], "a\"\n\x01");
  EXPECT_EQ(line["bytes"], "x\xEF\xBF\xBD");
}

TEST_F(Log, LosesNoFieldThatHasATakenName) {
  LogEvent(LogLevel::kInfo, "m", {{"message", "other"}, {"a", 1}, {"a", 2}});
  const Json line = Json::parse(lines_.at(0));
  EXPECT_EQ(line["message"], "m");
  EXPECT_EQ(line["message_"], "other");
  EXPECT_EQ(line["a"], 1);
  EXPECT_EQ(line["a_"], 2);
}

TEST_F(Log, LeavesOutEventsBelowTheLevel) {
  LogEvent(LogLevel::kDebug, "m");
  EXPECT_EQ(lines_.size(), 0u);
  SetLogLevel(LogLevel::kDebug);
  LogEvent(LogLevel::kDebug, "m");
  EXPECT_EQ(lines_.size(), 1u);
  SetLogLevel(LogLevel::kError);
  LogEvent(LogLevel::kWarning, "m");
  EXPECT_EQ(lines_.size(), 1u);
}

TEST_F(Log, GivesTheSinkOneLineAtATime) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) LogEvent(LogLevel::kInfo, "m", {{"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines_.size(), 400u);
}

TEST(LogToStderr, WorksBeforeInit) {
  ::testing::internal::CaptureStderr();
  LogEvent(LogLevel::kInfo, "early");
  const std::string written = ::testing::internal::GetCapturedStderr();
  ASSERT_FALSE(written.empty());
  EXPECT_EQ(written.back(), '\n');
  const Json line = Json::parse(written);
  EXPECT_EQ(line["message"], "early");
  EXPECT_EQ(line["service"], "");
}

}  // namespace
}  // namespace polku
