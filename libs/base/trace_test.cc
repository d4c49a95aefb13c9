#include "libs/base/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "libs/base/log.h"

namespace polku {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kParent = std::string("00-") + kTrace + "-00f067aa0ba902b7-01";

// Lines of the log while `what` runs.
template <class What>
std::string LogOf(What what) {
  std::string log;
  SetLogSink([&log](const std::string& line) { log += line + "\n"; });
  what();
  SetLogSink({});
  return log;
}

TEST(Traceparent, IsTakenAsTheStandardWritesIt) {
  EXPECT_TRUE(IsTraceparent(kParent));
  EXPECT_EQ(TraceIdOf(kParent), kTrace);
  for (const std::string& wrong : std::vector<std::string>{
           std::string(), std::string("00"), kParent + "0", kParent.substr(1), "01" + kParent.substr(2),
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           std::string("00-") + kTrace + "-0000000000000000-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           std::string("00-") + kTrace + "_00f067aa0ba902b7-01", std::string("00-") + kTrace + "-00f067aa0ba902b7_01",
           std::string("00-") + kTrace + "-00f067aa0ba902b7-0g"}) {
    EXPECT_FALSE(IsTraceparent(wrong)) << wrong;
    EXPECT_EQ(TraceIdOf(wrong), "") << wrong;
  }
}

TEST(Traceparent, OfANewTraceIsOneAndAnotherEachTime) {
  SeededRandom random(1);
  const std::string first = NewTraceparent(random);
  EXPECT_TRUE(IsTraceparent(first)) << first;
  EXPECT_NE(TraceIdOf(first), TraceIdOf(NewTraceparent(random)));
}

TEST(TraceScope, IsToldByLogLinesWithinItAndByNoOther) {
  const std::string log = LogOf([] {
    LogEvent(LogLevel::kError, "before");
    {
      const TraceScope scope(kParent);
      LogEvent(LogLevel::kError, "within");
      {
        const TraceScope none("");
        LogEvent(LogLevel::kError, "of nobody");
      }
      std::thread([] { LogEvent(LogLevel::kError, "elsewhere"); }).join();
      LogEvent(LogLevel::kError, "still within");
    }
    LogEvent(LogLevel::kError, "after");
  });
  const std::string told = std::string("\"trace\":\"") + kTrace + "\"";
  for (const char* with : {"\"within\"", "\"still within\""}) EXPECT_THAT(log, HasSubstr(with + ("," + told)));
  for (const char* without : {"\"before\"", "\"of nobody\"", "\"elsewhere\"", "\"after\""}) {
    EXPECT_THAT(log, HasSubstr(without));
    EXPECT_THAT(log, Not(HasSubstr(without + ("," + told))));
  }
}

}  // namespace
}  // namespace polku
