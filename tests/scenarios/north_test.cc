// The regional models of the north and east; see south_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/read_file.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pathway/yaml_message.h"
#include "libs/pipeline/proto_time.h"
#include "tests/scenarios/story.h"

namespace polku::scenarios {
namespace {

namespace network = coordinator_network::v1;
using common::v1::ORGANISATION_KIND_EMPLOYER;
using common::v1::ORGANISATION_KIND_WELLBEING_SERVICES_COUNTY;
using common::v1::SEGMENT_EMPLOYED;
using common::v1::SEGMENT_OUTSIDE_SERVICES;
using ::testing::HasSubstr;

constexpr auto kWrong = absl::StatusCode::kInvalidArgument;

assessment::v1::PlannedMeasure WithoutSessions(assessment::v1::PlannedMeasure measure) {
  measure.clear_sessions();
  return measure;
}

// The template says "local rehabilitation"; in Kannus that is another provider than in Kokkola.
TEST(KeskiPohjanmaaKpOte, BindsOneTemplateToTheProviderOfTheMunicipality) {
  Story story({"keski-pohjanmaa-kp-ote", "217", "musculoskeletal"});
  story.ComesInBy({});
  story.IsAssessed();
  EXPECT_THAT(story.TryPlan({story.Measure("rehabilitation-course", "organisations/kokkolan-kuntoutus", 1, 30)}),
              StatusIs(kWrong, HasSubstr("measures[0].provider")));
  const auto local = "organisations/lestijokilaakson-kuntoutus";
  story.Gets({story.Measure("rehabilitation-course", local, 1, 30),
              story.Measure("workshop-training", "organisations/kannuksen-tyopaja", 36, 100)});
  story.IsHandedOver("rehabilitation", local);
  story.Starts(1, 1);
  story.Comes(1, 1);
  story.Completes(1, 3);
  const auto offered = story.TryOffer("workshop", "organisations/kannuksen-tyopaja");
  ASSERT_THAT(offered, IsOk());
  story.On(11);  // The workshop has not answered: who gave still answers for the client.
  story.IsMissedBy(follow_up::v1::RULE_MISSED_TRANSITION);
  EXPECT_EQ(story.Responsible(), local);
  follow_up::v1::AcceptTransitionRequest accept;
  accept.set_name(offered->name());
  story.Ok(&FollowUps::AcceptTransition, {"organisations/kannuksen-tyopaja", "coordinator"}, accept);
  story.IsReached(14);
  story.Meets("organisations/kannuksen-tyopaja");
  story.Starts(2, 36);
  story.Comes(2, 36);
  story.Completes(2, 37);
  story.Ends(follow_up::v1::CLOSE_REASON_GOAL_REACHED);
}

// Takes the shipped catalogue in, as `polkuctl services import` does.
void ImportCatalogue(Story& story) {
  const std::string path = POLKU_DEPLOY_FOLDER "/services/keski-pohjanmaa.yaml";
  const absl::StatusOr<std::string> text = ReadFile(path);
  ASSERT_THAT(text, IsOk());
  network::ServiceCatalogue file;
  pathway::Faults faults(path);
  pathway::ReadYaml(*text, file, faults);
  ASSERT_THAT(faults.ToStatus(), IsOk());
  for (const network::ProviderCatalogue& provider : file.providers()) {
    network::ImportServicesRequest request;
    *request.mutable_catalogue() = provider;
    EXPECT_EQ(story.Ok(&Coordinators::ImportServices, kLead, request).added(), provider.services_size());
  }
}

// The one service that can be planned as the measure type for somebody of the municipality.
network::ServiceEntry FindService(Story& story, const char* municipality, const char* measure_type) {
  network::SearchServicesRequest search;
  search.set_municipality(municipality);
  search.set_need("musculoskeletal");
  search.set_segment(common::v1::SEGMENT_UNEMPLOYED);
  search.set_measure_type(measure_type);
  const auto found = story.Ok(&Coordinators::SearchServices, kCoordinator, search);
  EXPECT_EQ(found.services_size(), 1) << found.DebugString();
  return found.services_size() == 1 ? found.services(0) : network::ServiceEntry();
}

std::string ProviderOf(const network::ServiceEntry& service) {
  return service.name().substr(0, service.name().find("/services/"));
}

// The same two steps are planned with whom the shared catalogue names for the client's municipality: capacity and queue
// are seen first, and each step has its own party that answers for the client.
TEST(KeskiPohjanmaaKpOte, PlansEachStepWithTheProviderThatTheSharedCatalogueNames) {
  struct Bound {
    const char* municipality;
    const char* course;
    int course_waits;  // Clients in the queue.
    const char* workshop;
  };
  for (const Bound& bound :
       {Bound{"217", "organisations/lestijokilaakson-kuntoutus", 0, "organisations/kannuksen-tyopaja"},
        Bound{"272", "organisations/kokkolan-kuntoutus", 6, "organisations/kokkolan-tyopaja"}}) {
    Story story({"keski-pohjanmaa-kp-ote", bound.municipality, "musculoskeletal"});
    ImportCatalogue(story);
    const network::ServiceEntry course = FindService(story, bound.municipality, "rehabilitation-course");
    const network::ServiceEntry workshop = FindService(story, bound.municipality, "workshop-training");
    EXPECT_EQ(ProviderOf(course), bound.course);
    EXPECT_EQ(course.capacity().waiting(), bound.course_waits);
    EXPECT_EQ(ProviderOf(workshop), bound.workshop);

    story.ComesInBy({});
    story.IsAssessed();
    story.Gets({story.Measure("rehabilitation-course", ProviderOf(course).c_str(), 1, 5),
                story.Measure("workshop-training", ProviderOf(workshop).c_str(), 8, 60)});
    EXPECT_EQ(story.Responsible(), "organisations/unit");
    story.IsHandedOver("rehabilitation", bound.course);
    story.Starts(1, 1);
    story.Comes(1, 1);
    story.Completes(1, 3);
    EXPECT_EQ(story.Responsible(), bound.course);
    story.IsHandedOver("workshop", bound.workshop);
    EXPECT_EQ(story.Responsible(), bound.workshop);
    story.Starts(2, 8);
    story.Comes(2, 8);
    story.Completes(2, 9);
    story.Ends(follow_up::v1::CLOSE_REASON_GOAL_REACHED);
  }
}

// Two people whom no service knew come to a group by themselves, without an identity code; one call marks the group.
TEST(SavonOte, MeetsPeopleOutsideServicesInGroups) {
  const char* site = "organisations/mikkelin-toimipiste";
  Story story({"savon-ote", "491", "life-situation", SEGMENT_OUTSIDE_SERVICES, site});
  const auto club = story.Measure("club", site, 1, 60, "maanantaikerho");
  story.ComesInBy({site, common::v1::ORGANISATION_KIND_CLIENT});
  const std::string friend_of = story.client();
  story.IsAssessed();
  story.Gets({club});
  story.Starts(1, 1);
  story.ComesInBy({site});
  ASSERT_NE(story.client(), friend_of);
  story.IsAssessed();
  EXPECT_THAT(story.TryPlan({story.Measure("club", "organisations/kuopion-toimipiste", 1, 60, "kerho")}),
              StatusIs(kWrong, HasSubstr("measures[0].provider")));  // Another site.
  story.Gets({club, story.Measure("rehabilitative-work", "organisations/mikkelin-tyopaja", 64, 180)});
  story.Starts(1, 1);
  for (const int day : {1, 3, 8}) {
    story.On(day, 20);
    follow_up::v1::RecordAttendanceRequest group;
    for (const std::string& client : {friend_of, story.client()}) {
      auto& mark = *group.add_marks();
      mark.set_measure(client + "/measures/1");
      *mark.mutable_date() = pipeline::ToProtoDay(Story::Day(day));
      mark.set_status(client == friend_of ? follow_up::v1::ATTENDANCE_STATUS_PRESENT
                                          : follow_up::v1::ATTENDANCE_STATUS_ABSENT);
    }
    if (day == 8) story.IsOnTrack();  // The threshold is low: three misses, not two.
    EXPECT_EQ(story.Ok(&FollowUps::RecordAttendance, {site, "provider"}, group).results_size(), 2);
  }
  story.IsMissedBy(follow_up::v1::RULE_MISSED_ATTENDANCE);
  story.IsReached();
  story.IsHandedOver("rehabilitative-work", "organisations/mikkelin-tyopaja");
  story.Ends(follow_up::v1::CLOSE_REASON_GOAL_REACHED);
}

// An employee who cannot go on in the old work: the employer refers, and takes the client into other work.
TEST(OuluUusiSuunta, PlacesAnEmployeeAnewWithTheEmployer) {
  Story story({"oulu-uusi-suunta", "564", "re-placement", SEGMENT_EMPLOYED});
  story.IsReferredBy(kThemselves);
  EXPECT_THAT(story.TryAccept(), StatusIs(kWrong, HasSubstr("takes no self-referrals")));
  story.ComesInBy({"organisations/tyonantaja", ORGANISATION_KIND_EMPLOYER});
  story.IsAssessed();
  EXPECT_THAT(story.TryPlan({story.Measure("rehabilitative-work", "organisations/tyopaja", 1, 60)}),
              StatusIs(kWrong, HasSubstr("measures[0].step")));  // For the unemployed.
  story.Gets({story.Measure("re-placement", "organisations/tyonantaja", 15, 100)});
  const auto offered = story.TryOffer("workplace", "organisations/tyonantaja");
  ASSERT_THAT(offered, IsOk());
  story.On(11);  // Employers have ten office days for an answer.
  story.IsOnTrack();
  follow_up::v1::AcceptTransitionRequest accept;
  accept.set_name(offered->name());
  story.Ok(&FollowUps::AcceptTransition, {"organisations/tyonantaja", "coordinator"}, accept);
  story.Meets("organisations/tyonantaja");
  story.Starts(1, 15);
  for (const int day : {15, 17, 22}) story.Misses(1, day);
  story.IsOnTrack();
  story.Misses(1, 24);
  story.IsMissedBy(follow_up::v1::RULE_MISSED_ATTENDANCE);
  story.IsReached();
  story.Comes(1, 29);
  story.Completes(1, 29);
  story.Ends(follow_up::v1::CLOSE_REASON_WORK_OR_STUDY);
}

// The unit is open without a referral. Kela comes to the table once the client has permitted it.
TEST(KainuuUnemployed, HoldsAMultiAgencyMeetingWithPermission) {
  Story story({"kainuu-unemployed", "205", "health-check"});
  story.ComesInBy({"organisations/unit"});
  network::ScheduleMeetingRequest meeting;
  meeting.set_client(story.client());
  *meeting.mutable_start_time() = pipeline::ToProto(story.region().clock().Now() + absl::Hours(26));
  meeting.add_participants()->set_organisation("organisations/kela");
  meeting.add_classes("assessment");
  EXPECT_EQ(ReasonOf(story.region().Call(&Coordinators::ScheduleMeeting, kCoordinator, meeting).status()),
            "PERMISSION_MISSING");
  referral::v1::GrantPermissionRequest permit;
  permit.set_client(story.client());
  permit.set_purpose("multi-agency-meeting");
  permit.set_organisation("organisations/kela");
  permit.add_classes("assessment");
  story.Ok(&Referrals::GrantPermission, kIntake, permit);
  story.Ok(&Coordinators::ScheduleMeeting, kCoordinator, meeting);
  story.On(1, 12);
  network::RecordMeetingRequest held;
  held.set_meeting(story.client() + "/meetings/1");
  held.set_state(network::MEETING_STATE_HELD);
  held.set_client_present(true);
  held.add_participants()->set_organisation("organisations/kela");
  story.Ok(&Coordinators::RecordMeeting, kCoordinator, held);
  story.IsAssessed();
  story.Gets({story.Measure("group-rehabilitation", "organisations/kuntoutus", 3, 60),
              story.Measure("job-coaching", "organisations/tyopaja", 64, 120)});
  story.IsHandedOver("care", "organisations/kuntoutus");
  story.Starts(1, 3);
  story.Comes(1, 3);
  story.Misses(1, 8);
  story.Misses(1, 10);
  story.IsMissedBy(follow_up::v1::RULE_MISSED_ATTENDANCE);
  story.IsReached();
  story.Completes(1, 11);
  story.IsHandedOver("work", "organisations/tyopaja");
  story.Starts(2, 64);
  story.Comes(2, 64);
  story.Ends(follow_up::v1::CLOSE_REASON_WORK_OR_STUDY);
}

// Support by the supervisor, then by occupational health; the coordinator has another job, and records the time.
TEST(KainuuEmployees, GoesFromEarlyToEnhancedSupport) {
  Story story({"kainuu-employees", "205", "musculoskeletal", SEGMENT_EMPLOYED, "organisations/esihenkilo"});
  story.ComesInBy({"organisations/kainuun-hyvinvointialue", ORGANISATION_KIND_EMPLOYER});
  story.ScoresWorkAbility(6);
  story.IsAssessed();
  const auto modified = WithoutSessions(story.Measure("modified-work", "organisations/esihenkilo", 1, 22));
  EXPECT_THAT(story.TryPlan({modified, story.Measure("short-psychotherapy", "organisations/muu", 24, 90)}),
              StatusIs(kWrong, HasSubstr("measures[1].step")));  // Not the client's need.
  story.Gets({modified, story.Measure("physiotherapy", "organisations/fysio", 24, 90),
              story.Measure("rehabilitation-examination", "organisations/tyoterveys", 24, 60)});
  story.Starts(1, 1);
  story.On(15);
  story.Meets("organisations/esihenkilo");
  story.On(30);  // The supervisor let it run out, and nobody has decided how it goes on.
  story.IsMissedBy(follow_up::v1::RULE_PLAN_OVERRUN);
  story.IsReached(32);
  story.Completes(1, 30);
  story.IsHandedOver("enhanced-support", "organisations/tyoterveys");
  network::RecordTimeUseRequest time;
  time.set_coordinator("coordinators/c01");
  *time.mutable_date() = pipeline::ToProtoDay(Story::Day(29));
  time.set_activity("client-work");
  time.set_minutes(45);
  story.Ok(&Coordinators::RecordTimeUse, {"organisations/esihenkilo", "coordinator"}, time);
  network::TimeUseStatisticsRequest statistics;
  statistics.set_coordinator("coordinators/c01");
  statistics.set_from_month("2026-03");
  statistics.set_to_month("2026-03");
  EXPECT_EQ(
      story.Ok(&Coordinators::TimeUseStatistics, {"organisations/esihenkilo", "lead"}, statistics).sums(0).minutes(),
      45);
  story.Ends(follow_up::v1::CLOSE_REASON_GOAL_REACHED);
}

// One case manager from the first day to the last, and no step that waits.
TEST(KeskiSuomiIskias, IsOwnedByTheCaseManagerWithoutDelay) {
  Client client{"keski-suomi-iskias", "179", "sciatica", SEGMENT_EMPLOYED};
  client.competence = "case-management";
  Story story(client);
  const char* manager = "organisations/palveluketju";
  story.ComesInBy({"organisations/sairaala", ORGANISATION_KIND_WELLBEING_SERVICES_COUNTY});
  story.IsAssessed();
  const auto imaging = WithoutSessions(story.Measure("imaging", "organisations/sairaala", 1, 2));
  const auto rehabilitation = story.Measure("back-rehabilitation", "organisations/fysio", 3, 30);
  const auto late = story.Measure("back-rehabilitation", "organisations/fysio", 10, 30);
  EXPECT_THAT(story.TryPlan({rehabilitation}),
              StatusIs(kWrong, HasSubstr("comes after imaging, which is not planned")));
  EXPECT_THAT(story.TryPlan({imaging, late}),
              StatusIs(kWrong, HasSubstr("is more than 5 office days after 2026-03-04")));
  story.Gets({imaging, rehabilitation, story.Measure("work-trial", "organisations/tyonantaja", 31, 60)});
  story.IsHandedOver("imaging", manager);
  story.Starts(1, 1);
  story.Completes(1, 2);
  EXPECT_THAT(story.TryOffer("treatment", "organisations/sairaala"),
              StatusIs(kWrong, HasSubstr("step: no transition of the pathway leads there")));
  story.On(11);  // Five office days behind its start the rehabilitation has not begun.
  story.IsMissedBy(follow_up::v1::RULE_NOT_STARTED);
  EXPECT_EQ(story.Responsible(), manager);
  story.IsReached(15);
  story.Starts(2, 15);
  story.Comes(2, 15);
  story.Completes(2, 16);
  story.Starts(3, 31);
  story.Comes(3, 31);
  EXPECT_EQ(story.Responsible(), manager);
  story.Ends(follow_up::v1::CLOSE_REASON_WORK_OR_STUDY, "back-at-work");
}

// Thirty unemployed at a time are given occupational health; the next one gets the place of one who is done.
TEST(KeskiSuomiIskias, HasThirtyPlacesForTheUnemployed) {
  Client client{"keski-suomi-iskias", "179", "back-pain"};
  client.competence = "case-management";
  Story story(client);
  const Referrer county{"organisations/sairaala", ORGANISATION_KIND_WELLBEING_SERVICES_COUNTY};
  for (int i = 0; i < 30; ++i) {
    story.IsReferredBy(county);
    EXPECT_THAT(story.TryAccept(), IsOk());
  }
  const std::string thirtieth = story.client();
  story.IsReferredBy(county);
  EXPECT_EQ(ReasonOf(story.TryAccept()), "QUOTA_FULL");
  referral::v1::GetUnitCapacityRequest capacity;
  capacity.set_unit("organisations/unit");
  const auto told = story.Ok(&Referrals::GetUnitCapacity, kReferrer, capacity);
  ASSERT_EQ(told.pathway_places_size(), 1);
  EXPECT_EQ(told.pathway_places(0).taken(), 30);
  follow_up::v1::CloseJourneyRequest close;
  close.set_client(thirtieth);
  close.set_reason(follow_up::v1::CLOSE_REASON_MOVED);
  story.Ok(&FollowUps::CloseJourney, kCoordinator, close);
  EXPECT_THAT(story.TryAccept(), IsOk());
}

}  // namespace
}  // namespace polku::scenarios
