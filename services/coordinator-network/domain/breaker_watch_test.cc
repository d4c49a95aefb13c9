// The lead's task while the outreach breaker is tripped.
#include "services/coordinator-network/domain/breaker_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/matching.h"

namespace polku::coordinator_network {
namespace {

using namespace polku::coordinator_network::v1;  // NOLINT
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kBreaker[] = "breakers/outreach";

class BreakerWatchTest : public ::testing::Test {
 protected:
  void Trip(int waiting) {
    BreakerWatchInput input;
    auto& fact = *input.mutable_outreach_breaker_tripped();
    fact.set_breaker(kBreaker);
    fact.set_rule(polku::follow_up::v1::RULE_NO_CONTACT);
    *fact.mutable_trip_time() = pipeline::ToProto(trip_);
    fact.set_waiting(waiting);
    Give(input);
  }
  void Release() {
    BreakerWatchInput input;
    input.mutable_outreach_breaker_released()->set_breaker(kBreaker);
    *input.mutable_outreach_breaker_released()->mutable_release_time() = pipeline::ToProto(trip_ + absl::Hours(1));
    Give(input);
  }
  void Give(const BreakerWatchInput& input) {
    EXPECT_THAT(domain_.KeyOf(input), IsOkAndHolds(std::string(kBreaker)));
    pipeline::Context context;
    context.now = trip_ + absl::Hours(2);
    context.fact_time = trip_;
    const auto decision = domain_.Decide(state_, input, context);
    ASSERT_THAT(decision, IsOk());
    for (const BreakerWatchEvent& event : decision->events) domain_.Evolve(event, state_);
    events_ = decision->events;
  }

  const BreakerWatchDomain domain_{1};
  const absl::Time trip_ = LocalTime(absl::CivilDay(2026, 3, 6), 600);  // A Friday.
  BreakerWatch state_;
  std::vector<BreakerWatchEvent> events_;
};

TEST_F(BreakerWatchTest, TellsTheLeadByTheNextOfficeDayThatOutreachIsStoppedAndHowManyWait) {
  Trip(7);
  const Task& task = state_.task();
  EXPECT_EQ(task.name(), "breakers/outreach/tasks/1");
  EXPECT_EQ(task.kind(), TASK_KIND_RELEASE_OUTREACH);
  EXPECT_EQ(task.coordinator(), kLead);
  EXPECT_EQ(task.subject(), kBreaker);
  EXPECT_EQ(task.rule(), polku::follow_up::v1::RULE_NO_CONTACT);
  EXPECT_EQ(task.waiting(), 7);
  EXPECT_EQ(pipeline::FromProto(task.due_time()), EndOfDay(absl::CivilDay(2026, 3, 9)));
  EXPECT_THAT(domain_.Index(state_), SizeIs(1));
}

TEST_F(BreakerWatchTest, CountsAnewInTheSameTask) {
  Trip(7);
  Trip(7);
  EXPECT_THAT(events_, IsEmpty());
  Trip(40);
  EXPECT_EQ(state_.task().waiting(), 40);
  EXPECT_EQ(state_.tasks_numbered(), 1);
}

TEST_F(BreakerWatchTest, EndsWithTheReleaseAndBeginsAnewWithTheNextTrip) {
  Release();  // Of a trip that was told before this service was there.
  EXPECT_THAT(events_, IsEmpty());
  Trip(7);
  Release();
  EXPECT_FALSE(state_.has_task());
  EXPECT_THAT(domain_.Index(state_), IsEmpty());
  Trip(3);
  EXPECT_EQ(state_.task().name(), "breakers/outreach/tasks/2");
}

}  // namespace
}  // namespace polku::coordinator_network
