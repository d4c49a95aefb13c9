#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/status_matchers.h"
#include "libs/pipeline/proto_time.h"
#include "polku/coordinator_network/v1/api.pb.h"
#include "polku/follow_up/v1/api.pb.h"
#include "tools/polkuctl/session.h"
#include "tools/polkuctl/text.h"

namespace polku::polkuctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Enums, AreTypedAndShownInTheirShortForm) {
  EXPECT_THAT(ParseEnumAs<polku::follow_up::v1::EndReason>("work-or-study"),
              IsOkAndHolds(polku::follow_up::v1::END_REASON_WORK_OR_STUDY));
  EXPECT_THAT(ParseEnumAs<polku::follow_up::v1::EndReason>("nonsense"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("goal-reached")));
  EXPECT_THAT(ParseEnumAs<polku::follow_up::v1::EndReason>("unspecified"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Sessions, AreTypedAsDayAndTimes) {
  const auto session = ParseSession("wed 09:30-13:00");
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->day(), google::type::WEDNESDAY);
  EXPECT_EQ(session->start_minute(), 570);
  EXPECT_EQ(session->end_minute(), 780);
  for (const char* wrong : {"", "wed", "wed 9", "wed 09:00", "xyz 09:00-10:00", "wed 25:00-26:00"}) {
    EXPECT_THAT(ParseSession(wrong), StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  }
}

TEST(Dates, MustBeRealDays) {
  EXPECT_THAT(ParseDate("2026-02-28"), IsOk());
  EXPECT_THAT(ParseDate("2026-02-29"), Not(IsOk()));
}

TEST(Tables, AlignTheirColumnsAndShowLocalTime) {
  polku::coordinator_network::v1::Task task;
  task.set_name("clients/C/tasks/1");
  task.set_kind(polku::coordinator_network::v1::TASK_KIND_OUTREACH);
  *task.mutable_due_time() =
      pipeline::ToProto(absl::FromCivil(absl::CivilMinute(2026, 7, 1, 9, 0), absl::UTCTimeZone()));
  EXPECT_EQ(TableOf({&task}, {"due_time", "kind", "name"}),
            "DUE_TIME          KIND      NAME\n"
            "2026-07-01 12:00  outreach  clients/C/tasks/1\n");
}

void ExpectExamples(CLI::App& app, const std::string& path) {
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    const std::string name = path + " " + command->get_name();
    EXPECT_THAT(command->help(), HasSubstr("Example:\n  polkuctl ")) << name;
    EXPECT_FALSE(command->get_description().empty()) << name;
    ExpectExamples(*command, name);
  }
}

TEST(Help, OfEveryCommandHasAnExample) {
  std::ostringstream out;
  Session session(out, out);
  ExpectExamples(*MakeApp(session), "polkuctl");
}

TEST(ExitCodes, TellWrongUsageFromAServerThatIsNotThere) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(polkuctl::Run({"no-such-command"}, out, err), kUsage);
  EXPECT_EQ(polkuctl::Run({"plans", "propose", "--assessment", "a", "--type", "t", "--provider", "p", "--start",
                           "nonsense", "--end", "2026-01-01"},
                          out, err),
            kUsage);
  EXPECT_THAT(err.str(), HasSubstr("--start"));
  EXPECT_EQ(polkuctl::Run({"--help"}, out, err), kOk);
  EXPECT_THAT(out.str(), HasSubstr("Exit codes"));
  // Port 1 of the loopback is nobody's.
  EXPECT_EQ(polkuctl::Run({"--server", "127.0.0.1:1", "--timeout", "5", "safety-net"}, out, err), kUnreachable);
}

}  // namespace
}  // namespace polku::polkuctl
