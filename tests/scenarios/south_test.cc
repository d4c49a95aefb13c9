// The regional models of the south and west, each from the referral to its end: what is particular to it is in the
// definition (deploy/pathways), and happens here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "tests/scenarios/story.h"

namespace polku::scenarios {
namespace {

using common::v1::ORGANISATION_KIND_EDUCATION;
using common::v1::ORGANISATION_KIND_EMPLOYER;
using common::v1::ORGANISATION_KIND_EMPLOYMENT_AUTHORITY;
using common::v1::SEGMENT_EMPLOYED;
using common::v1::SEGMENT_STUDENT;
using ::testing::HasSubstr;

constexpr auto kWrong = absl::StatusCode::kInvalidArgument;

assessment::v1::PlannedMeasure WithoutSessions(assessment::v1::PlannedMeasure measure) {
  measure.clear_sessions();
  return measure;
}

// A client of Kotka, a unit in Lappeenranta, a provider on the other side of the border; support before work has ended.
TEST(EtelaKarjalaKymenlaakso, SharesAClientAcrossTheCountyBorder) {
  Story story({"etela-karjala-kymenlaakso", "285", "early-support", SEGMENT_EMPLOYED, "organisations/lappeenranta"});
  story.ComesInBy({"organisations/tyonantaja", ORGANISATION_KIND_EMPLOYER});
  story.IsAssessed();
  const auto support = WithoutSessions(story.Measure("early-support", "organisations/lappeenranta", 1, 40));
  EXPECT_THAT(story.TryPlan({support, story.Measure("rehabilitation-course", "organisations/muu", 43, 90)}),
              StatusIs(kWrong, HasSubstr("measures[1].provider: does not play the role rehabilitation")));
  story.Gets({support, story.Measure("rehabilitation-course", "organisations/kymen-kuntoutus", 43, 90)});
  story.Starts(1, 1);
  story.On(15);
  story.IsOnTrack();
  story.On(16);  // After 14 days, not 21: the pathway says so.
  story.IsMissedBy(follow_up::v1::RULE_NO_CONTACT);
  story.IsReached();
  story.Completes(1, 17);
  story.IsHandedOver("rehabilitation", "organisations/kymen-kuntoutus");
  story.Starts(2, 43);
  story.Comes(2, 43);
  story.Completes(2, 44);
  // Each organisation sees the whole way.
  EXPECT_GE(story.Journey().timeline_size(), 10);
  story.Ends(follow_up::v1::CLOSE_REASON_GOAL_REACHED);
}

// The screen ends in inclusion: work is no longer planned for this client, and the teacher hands over.
TEST(ValidiaFokus, LeadsToInclusionInsteadOfEmployment) {
  Story story({"validia-fokus", "186", "support-need", SEGMENT_STUDENT, "organisations/oppilaitos"});
  story.IsReferredBy({"organisations/te-toimisto", ORGANISATION_KIND_EMPLOYMENT_AUTHORITY});
  EXPECT_THAT(story.TryAccept(), StatusIs(kWrong, HasSubstr("takes no referrals of an organisation of this kind")));
  story.ComesInBy({"organisations/lukio", ORGANISATION_KIND_EDUCATION});
  story.IsAssessed("inclusion");
  EXPECT_THAT(story.TryPlan({story.Measure("job-coaching", "organisations/tyohonvalmennus", 1, 60)}),
              StatusIs(kWrong, HasSubstr("measures[0].step")));
  EXPECT_THAT(story.TryPlan({story.Measure("inclusion-group", "organisations/osallisuus", 1, 60)}),
              StatusIs(kWrong, HasSubstr("measures[0].group")));
  story.Gets({story.Measure("inclusion-group", "organisations/osallisuus", 1, 60, "torstai")});
  story.IsHandedOver("inclusion", "organisations/osallisuus");
  story.Starts(1, 1);
  story.Comes(1, 1);
  story.Misses(1, 3);
  story.Misses(1, 8);
  story.IsMissedBy(follow_up::v1::RULE_MISSED_ATTENDANCE);
  story.IsReached();
  story.Comes(1, 10);
  story.Completes(1, 10);
  story.Ends(follow_up::v1::CLOSE_REASON_GOAL_REACHED);
}

// The same screen, the other branch: from the teacher to the job coach.
TEST(ValidiaFokus, LeadsFromStudyToWork) {
  Story story({"validia-fokus", "186", "study-to-work", SEGMENT_STUDENT, "organisations/oppilaitos"});
  story.ComesInBy(kThemselves);
  story.IsAssessed("employment");
  const auto coaching = story.Measure("job-coaching", "organisations/tyohonvalmennus", 43, 90);
  EXPECT_THAT(story.TryPlan({coaching}), StatusIs(kWrong, HasSubstr("comes after study, which is not planned")));
  story.Gets({story.Measure("on-the-job-learning", "organisations/oppilaitos", 1, 40), coaching});
  story.Starts(1, 1);
  story.Comes(1, 1);
  story.Misses(1, 3);
  story.Misses(1, 8);
  story.IsMissedBy(follow_up::v1::RULE_MISSED_ATTENDANCE);
  story.IsReached();
  story.Completes(1, 9);
  story.IsHandedOver("work", "organisations/tyohonvalmennus");
  story.Ends(follow_up::v1::CLOSE_REASON_WORK_OR_STUDY);
}

// The coaching centre is three providers and one service: where one ends and the next does not begin, it is the service
// guidance that misses the client.
TEST(PoriSataosaa, IsOneServiceOfThreeProviders) {
  Story story({"pori-sataosaa", "609", "work-ability"});
  story.ComesInBy({});
  assessment::v1::CompleteAssessmentRequest complete;
  complete.set_name(story.Assessment());
  EXPECT_EQ(ReasonOf(story.region().Call(&Assessments::CompleteAssessment, kAssessor, complete).status()),
            "INSTRUMENTS_MISSING");  // Everybody is assessed by the common method.
  story.ScoresWorkAbility(5);
  story.IsAssessed();
  const auto individual = story.Measure("individual-coaching", "organisations/valmennus-a", 1, 20);
  EXPECT_THAT(story.TryPlan({individual, story.Measure("work-coaching", "organisations/muu", 24, 80)}),
              StatusIs(kWrong, HasSubstr("measures[1].provider")));
  story.Gets({individual, story.Measure("work-coaching", "organisations/valmennus-b", 24, 80)});
  story.IsHandedOver("coaching", "organisations/palveluohjaus");
  story.Starts(1, 1);
  story.Comes(1, 1);
  story.Completes(1, 2);
  story.On(29);
  story.IsOnTrack();
  story.On(30);  // Three office days behind the start that valmennus-b was to make.
  story.IsMissedBy(follow_up::v1::RULE_NOT_STARTED);
  EXPECT_EQ(story.Responsible(), "organisations/palveluohjaus");
  story.IsReached(36);
  story.Starts(2, 36);
  story.Comes(2, 36);
  story.Completes(2, 37);
  story.Ends(follow_up::v1::CLOSE_REASON_WORK_OR_STUDY);
}

// A peer coach is paid from the client's own budget; the way leads into a co-operative.
TEST(PaijatHamePahee, StaysWithinAPersonalBudget) {
  Story story({"paijat-hame-pahee", "398", "disability", SEGMENT_STUDENT, "organisations/vammaispalvelut"});
  story.ComesInBy({"organisations/oppilaitos", ORGANISATION_KIND_EDUCATION});
  story.IsAssessed();
  const auto peer = story.Measure("peer-coaching", "organisations/vertaiset", 1, 60, "", 1800);
  EXPECT_THAT(story.TryPlan({peer}, 7000), StatusIs(kWrong, HasSubstr("personal_budget_euros: must be 0 to 6000")));
  EXPECT_THAT(story.TryPlan({peer}, 1500), StatusIs(kWrong, HasSubstr("is less than the 1800 that the measures cost")));
  story.Gets({peer, story.Measure("co-operative-work", "organisations/tyoosuuskunta", 8, 60),
              story.Measure("rented-labour", "organisations/tyoosuuskunta", 64, 150)},
             2000);
  story.IsHandedOver("trial", "organisations/siirtymatyo");
  story.Starts(1, 1);
  story.Misses(1, 1);
  story.Misses(1, 3);
  story.IsMissedBy(follow_up::v1::RULE_MISSED_ATTENDANCE);
  story.IsReached();
  story.Starts(2, 8);
  story.Comes(2, 8);
  EXPECT_THAT(story.TryClose(follow_up::v1::CLOSE_REASON_WORK_OR_STUDY, ""),
              StatusIs(kWrong, HasSubstr("outcome: is needed on this pathway")));
  story.Ends(follow_up::v1::CLOSE_REASON_WORK_OR_STUDY, "co-operative-member");
}

// Nobody referred the client. The specialist advises and owns nothing.
TEST(PirkanmaaToike, TakesAdviceWithoutGivingTheClientAway) {
  Story story({"pirkanmaa-toike", "837", "musculoskeletal", SEGMENT_EMPLOYED});
  story.ComesInBy({"organisations/unit"});
  story.IsAdvisedBy("organisations/erikoislaakari");
  EXPECT_EQ(story.Responsible(), "organisations/unit");
  story.IsAssessed();
  story.Gets({story.Measure("physiotherapy", "organisations/unit", 1, 60),
              story.Measure("work-trial", "organisations/tyoterveys", 64, 120)});
  story.Starts(1, 1);
  story.Comes(1, 1);
  follow_up::v1::EndMeasureEarlyRequest end;
  end.set_name(story.client() + "/measures/1");
  *end.mutable_end_date() = pipeline::ToProtoDay(Story::Day(1));
  end.set_reason(follow_up::v1::END_REASON_ILLNESS);
  story.Ok(&FollowUps::EndMeasureEarly, {"organisations/unit", "provider"}, end);
  story.IsMissedBy(follow_up::v1::RULE_ENDED_EARLY);
  story.IsReached();
  story.IsHandedOver("return-to-work", "organisations/tyoterveys");
  story.Starts(2, 64);
  story.Comes(2, 64);
  story.Ends(follow_up::v1::CLOSE_REASON_WORK_OR_STUDY, "allowance-under-60-days");
}

// A poor score leads past the mini-intervention to the team, which must take the client within two days.
TEST(SatakuntaFysioterapia, ScreensTheRiskBehindADoorWithoutReferral) {
  Story story({"satakunta-fysioterapia", "684", "musculoskeletal", SEGMENT_EMPLOYED});
  story.IsReferredBy(kThemselves);
  EXPECT_THAT(story.TryAccept(), StatusIs(kWrong, HasSubstr("takes no self-referrals")));
  story.ComesInBy({"organisations/unit"});
  story.ScoresWorkAbility(4);
  story.IsAssessed();
  EXPECT_THAT(story.TryPlan({story.Measure("mini-intervention", "organisations/unit", 1, 20)}),
              StatusIs(kWrong, HasSubstr("measures[0].step")));
  EXPECT_THAT(story.TryPlan({story.Measure("enhanced-rehabilitation", "organisations/kuntoutustiimi", 15, 90)}),
              StatusIs(kWrong, HasSubstr("measures[0].start_date: is more than 10 office days after")));
  story.Gets({story.Measure("enhanced-rehabilitation", "organisations/kuntoutustiimi", 8, 90)});
  const auto offered = story.TryOffer("enhanced", "organisations/kuntoutustiimi");
  ASSERT_THAT(offered, IsOk());
  story.On(3);  // Not five office days: two.
  story.IsMissedBy(follow_up::v1::RULE_MISSED_TRANSITION);
  EXPECT_EQ(story.Responsible(), "organisations/unit");
  follow_up::v1::AcceptTransitionRequest accept;
  accept.set_name(offered->name());
  story.Ok(&FollowUps::AcceptTransition, {"organisations/kuntoutustiimi", "coordinator"}, accept);
  story.IsReached(7);
  story.Meets("organisations/kuntoutustiimi");
  story.Starts(1, 8);
  story.Comes(1, 8);
  story.Completes(1, 9);
  story.Ends(follow_up::v1::CLOSE_REASON_GOAL_REACHED);
}

// Two clients, two versions: the draft is tried by those who are accepted onto it by name.
TEST(KiipulaRivakka, TriesADraftBesideTheActiveVersion) {
  Client client{"kiipula-rivakka", "109", "work-ability"};
  client.competence = "network-agent";
  client.version = 2;
  Story story(client);
  story.ComesInBy(kThemselves);  // The coordinator is proposed for being a network agent.
  EXPECT_EQ(story.Journey().pathway_version(), 2);
  story.IsAssessed();
  const auto panel = story.Measure("client-panel", "organisations/kiipula", 1, 100, "raati");
  EXPECT_THAT(story.TryPlan({panel, story.Measure("job-coaching", "organisations/kumppani", 8, 60)}),
              StatusIs(kWrong, HasSubstr("measures[1].start_date: is more than 5 office days")));
  story.Gets({WithoutSessions(panel), WithoutSessions(story.Measure("job-coaching", "organisations/kumppani", 4, 60))});
  story.IsHandedOver("coaching", "organisations/kumppani");
  story.Starts(1, 1);
  story.Starts(2, 4);
  story.On(14);
  story.IsOnTrack();
  story.On(15);  // The draft tries ten days of silence.
  story.IsMissedBy(follow_up::v1::RULE_NO_CONTACT);
  story.IsReached();
  story.Completes(2, 16);
  story.Ends(follow_up::v1::CLOSE_REASON_WORK_OR_STUDY);

  client.version = 0;
  Story other(client);
  other.ComesInBy(kThemselves);
  EXPECT_EQ(other.Journey().pathway_version(), 1);
}

}  // namespace
}  // namespace polku::scenarios
