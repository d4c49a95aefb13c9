#include "services/coordinator-network/api/queries.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/domain/index.h"
#include "services/coordinator-network/domain/permissions.h"
#include "services/coordinator-network/domain/time_use.h"
#include "services/coordinator-network/service.h"

namespace polku::coordinator_network {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const char kClient[] = "clients/0190a000-0000-7000-8000-000000000001";

class CoordinatorNetworkQueries : public ::testing::Test {
 protected:
  void SetUp() override {
    store::SqliteOptions options;
    options.base = StoreOptions();
    options.path = folder_.path() + "/coordinator-network.db";
    options.key_path = folder_.path() + "/coordinator-network.keys";
    options.random = &random_;
    auto database = store::OpenSqlite(options);
    ASSERT_THAT(database, IsOk());
    database_ = *std::move(database);
  }

  template <class State>
  void Save(const std::string& key, const State& state) {
    auto transaction = database_->Begin();
    ASSERT_THAT(transaction, IsOk());
    store::StoredAggregate aggregate;
    aggregate.key = key;
    aggregate.version = 1;
    aggregate.schema = 1;
    aggregate.state = state.SerializeAsString();
    const store::AggregateWrite write{0, aggregate};
    ASSERT_THAT((*transaction)->Save({&write, 1}), IsOk());
    for (const pipeline::IndexRow& index : IndexOf(state)) {
      store::Row row = index.key;
      row.insert(row.end(), index.values.begin(), index.values.end());
      ASSERT_THAT((*transaction)->Upsert(*index.shape, {&row, 1}), IsOk());
    }
    ASSERT_THAT((*transaction)->Commit(), IsOk());
  }

  // One client with tasks due at these instants, on the list of coordinator "a" unless odd.
  void SaveClient(const std::vector<int>& due_seconds) {
    v1::ClientSupport state;
    state.set_name(kClient);
    state.set_open(true);
    state.mutable_assignment()->set_client(kClient);
    state.mutable_assignment()->set_state(v1::ASSIGNMENT_STATE_PROPOSED);
    state.mutable_assignment()->set_coordinator("coordinators/a");
    for (const int due : due_seconds) {
      v1::Task& task = *state.add_tasks();
      task.set_name(absl::StrCat(kClient, "/tasks/", state.tasks_size()));
      task.set_kind(v1::TASK_KIND_OUTREACH);
      task.set_coordinator(due % 2 == 0 ? "coordinators/a" : "coordinators/lead");
      task.set_next_step_required(true);
      *task.mutable_due_time() = pipeline::ToProto(absl::FromUnixSeconds(due));
    }
    Save(kClient, state);
  }

  struct Used {
    std::string coordinator;
    int number;
    int month;  // Of 2026.
    std::string activity;
    int minutes;
  };
  void SaveTimeUse(const std::vector<Used>& entries) {
    std::vector<pipeline::IndexRow> rows;
    for (const Used& used : entries) {
      v1::TimeUseRecorded recorded;
      recorded.set_entry(absl::StrCat("coordinators/", used.coordinator, "/timeUse/", used.number));
      *recorded.mutable_date() = pipeline::ToProtoDay(absl::CivilDay(2026, used.month, 15));
      recorded.set_activity(used.activity);
      recorded.set_minutes(used.minutes);
      rows.push_back(TimeUseRow(recorded));
    }
    SaveRows(rows);
  }

  // Meetings to come with these numbers, about the plan, with Kela.
  void SaveMeetings(const std::vector<int>& numbers, bool restricted = false) {
    v1::ClientSupport state;
    state.set_name(kClient);
    state.set_restricted(restricted);
    for (const int number : numbers) {
      v1::Meeting& meeting = *state.add_meetings();
      meeting.set_name(absl::StrCat(kClient, "/meetings/", number));
      meeting.set_state(v1::MEETING_STATE_SCHEDULED);
      *meeting.mutable_start_time() = pipeline::ToProto(clock_.Now() + absl::Hours(1));
      meeting.add_participants()->set_organisation("organisations/kela");
      meeting.add_classes("plan");
    }
    Save(kClient, state);
  }
  // `fn` with the purposes that the service takes from the rule set.
  template <class Fn>
  auto WithPurposes(Fn fn) {
    return [fn](rpc::ReadScope& scope, const auto& request) {
      return fn(scope, request, std::vector<std::string>{"multi-agency-meeting"});
    };
  }
  // Permission 1, which lets Kela know `one_class`, or denies it.
  void Permit(const char* one_class, bool denial = false) {
    v1::ClientSupportEvent event;
    auto& granted = *event.mutable_permission_granted();
    granted.set_permission(absl::StrCat(kClient, "/permissions/1"));
    granted.set_organisation("organisations/kela");
    granted.set_purpose("multi-agency-meeting");
    granted.add_classes(one_class);
    granted.set_denial(denial);
    *granted.mutable_valid_from() = pipeline::ToProtoDay(LocalDay(clock_.Now()));
    SaveRows(PermissionRows(event));
  }

  void SaveRows(const std::vector<pipeline::IndexRow>& rows) {
    auto transaction = database_->Begin();
    ASSERT_THAT(transaction, IsOk());
    for (const pipeline::IndexRow& index : rows) {
      store::Row row = index.key;
      row.insert(row.end(), index.values.begin(), index.values.end());
      ASSERT_THAT((*transaction)->Upsert(*index.shape, {&row, 1}), IsOk());
    }
    ASSERT_THAT((*transaction)->Commit(), IsOk());
  }

  template <class Fn, class Request>
  auto Ask(Fn fn, const Request& request) {
    auto reader = database_->Read();
    EXPECT_THAT(reader, IsOk());
    rpc::ReadScope scope{**reader, principal_, clock_, pager_()};
    scope.permissions_known_until = [this](store::Reader&, const std::string&) { return clock_.Now() - bus_behind_; };
    return fn(scope, request);
  }
  const rpc::Pager& pager_() {
    if (own_pager_ == nullptr) own_pager_ = std::make_unique<rpc::Pager>(database_->hash_key());
    return *own_pager_;
  }

  testing::TemporaryFolder folder_;
  SystemRandom random_;
  ManualClock clock_{absl::FromUnixSeconds(1000)};
  pipeline::Principal principal_;
  absl::Duration bus_behind_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<rpc::Pager> own_pager_;
};

v1::CoordinatorRecord CoordinatorOn(const std::string& name) {
  v1::CoordinatorRecord record;
  v1::Coordinator& coordinator = *record.mutable_coordinator();
  coordinator.set_name(name);
  coordinator.set_organisation("organisations/o");
  coordinator.add_municipalities("205");
  coordinator.add_segments(polku::common::v1::SEGMENT_UNEMPLOYED);
  coordinator.set_capacity(10);
  return record;
}

TEST_F(CoordinatorNetworkQueries, ASubstituteSeesTheListOfTheAbsentOnTheirDaysOnly) {
  SaveClient({40});
  v1::CoordinatorRecord absent = CoordinatorOn("coordinators/a");
  v1::Absence& absence = *absent.mutable_coordinator()->add_absences();
  const absl::CivilDay today = LocalDay(clock_.Now());
  *absence.mutable_start_date() = pipeline::ToProtoDay(today);
  *absence.mutable_end_date() = pipeline::ToProtoDay(today);
  absence.set_substitute("coordinators/b");
  Save("coordinators/a", absent);
  v1::ListWorklistRequest request;
  request.set_coordinator("coordinators/b");
  auto list = Ask(ListWorklist, request);
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->tasks_size(), 1);
  EXPECT_EQ(list->tasks(0).coordinator(), "coordinators/a");
  clock_.Advance(absl::Hours(24));
  list = Ask(ListWorklist, request);
  ASSERT_THAT(list, IsOk());
  EXPECT_EQ(list->tasks_size(), 0);
}

TEST_F(CoordinatorNetworkQueries, ListsTheClientsOfALeaverUntilNoneIsLeft) {
  SaveClient({});
  v1::CoordinatorRecord leaver = CoordinatorOn("coordinators/a");
  *leaver.mutable_coordinator()->mutable_leave_date() = pipeline::ToProtoDay(LocalDay(clock_.Now()) + 1);
  Save("coordinators/a", leaver);
  v1::ListAssignmentsRequest request;
  auto left = Ask(ListAssignments, request);
  ASSERT_THAT(left, IsOk());
  EXPECT_EQ(left->total_size(), 0);
  clock_.Advance(absl::Hours(24));
  left = Ask(ListAssignments, request);
  ASSERT_THAT(left, IsOk());
  EXPECT_EQ(left->total_size(), 1);
  ASSERT_EQ(left->assignments_size(), 1);
  EXPECT_EQ(left->assignments(0).client(), kClient);
  request.set_coordinator("coordinators/b");
  left = Ask(ListAssignments, request);
  ASSERT_THAT(left, IsOk());
  EXPECT_EQ(left->total_size(), 0);
}

TEST_F(CoordinatorNetworkQueries, ProposesThoseWhoFitBestFirst) {
  SaveClient({});
  Save("coordinators/a", CoordinatorOn("coordinators/a"));
  v1::CoordinatorRecord busy = CoordinatorOn("coordinators/b");
  busy.mutable_coordinator()->set_accepted(9);
  Save("coordinators/b", busy);
  v1::CoordinatorRecord full = CoordinatorOn("coordinators/c");
  full.mutable_coordinator()->set_accepted(10);
  Save("coordinators/c", full);
  v1::ProposeCoordinatorsRequest request;
  request.set_client(kClient);
  const auto proposed = Ask(ProposeCoordinators, request);
  ASSERT_THAT(proposed, IsOk());
  ASSERT_EQ(proposed->proposals_size(), 2);
  EXPECT_EQ(proposed->proposals(0).coordinator(), "coordinators/a");
  EXPECT_EQ(proposed->proposals(1).coordinator(), "coordinators/b");
}

TEST_F(CoordinatorNetworkQueries, ListsTasksByDueTimePageAfterPage) {
  SaveClient({40, 20, 31, 20, 60});
  v1::ListWorklistRequest request;
  request.set_coordinator("coordinators/a");
  request.set_page_size(2);
  std::vector<std::string> names;
  for (int pages = 0; pages < 2; ++pages) {
    const auto page = Ask(ListWorklist, request);
    ASSERT_THAT(page, IsOk());
    for (const v1::Task& task : page->tasks()) names.push_back(task.name().substr(task.name().size() - 1));
    request.set_page_token(page->next_page_token());
  }
  EXPECT_THAT(names, ElementsAre("2", "4", "1", "5"));
  EXPECT_EQ(request.page_token(), "");
  request.set_coordinator("coordinators/lead");
  const auto lead = Ask(ListWorklist, request);
  ASSERT_THAT(lead, IsOk());
  ASSERT_EQ(lead->tasks_size(), 1);
  EXPECT_TRUE(lead->tasks(0).next_step_required());
  request.set_coordinator("lead");
  EXPECT_THAT(Ask(ListWorklist, request), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CoordinatorNetworkQueries, GivesAssignmentsAndCoordinators) {
  principal_.role = "lead";
  SaveClient({});
  v1::GetAssignmentRequest request;
  request.set_client(kClient);
  const auto assignment = Ask(GetAssignment, request);
  ASSERT_THAT(assignment, IsOk());
  EXPECT_EQ(assignment->coordinator(), "coordinators/a");
  request.set_client("clients/0190a000-0000-7000-8000-000000000002");
  EXPECT_THAT(Ask(GetAssignment, request), StatusIs(absl::StatusCode::kNotFound));
  v1::ClientSupport restricted;
  restricted.set_restricted(true);
  restricted.mutable_assignment()->set_coordinator("coordinators/a");
  Save(request.client(), restricted);
  EXPECT_THAT(Ask(GetAssignment, request), StatusIs(absl::StatusCode::kPermissionDenied));

  for (const char* name : {"coordinators/b", "coordinators/a", "coordinators/c"}) {
    v1::CoordinatorRecord record;
    record.mutable_coordinator()->set_name(name);
    record.mutable_coordinator()->add_municipalities("205");
    Save(name, record);
  }
  v1::ListCoordinatorsRequest list;
  list.set_page_size(2);
  auto page = Ask(ListCoordinators, list);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->coordinators_size(), 2);
  EXPECT_EQ(page->coordinators(0).name(), "coordinators/a");
  list.set_page_token(page->next_page_token());
  page = Ask(ListCoordinators, list);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->coordinators_size(), 1);
  EXPECT_EQ(page->coordinators(0).name(), "coordinators/c");
  EXPECT_EQ(page->next_page_token(), "");

  v1::GetCoordinatorRequest get;
  get.set_name("coordinators/b");
  EXPECT_EQ(Ask(GetCoordinator, get)->etag(), "1");
  get.set_name("coordinators/d");
  EXPECT_THAT(Ask(GetCoordinator, get), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(CoordinatorNetworkQueries, CountsOpenTasksAndTheFirstUntriedOutreach) {
  auto reader = database_->Read();
  ASSERT_THAT(reader, IsOk());
  const auto none = CountWorklist(**reader);
  ASSERT_THAT(none, IsOk());
  EXPECT_THAT(none->open_tasks, IsEmpty());
  EXPECT_EQ(none->first_undelivered_due, absl::InfiniteFuture());
  reader->reset();
  SaveClient({40, 20});
  reader = database_->Read();
  ASSERT_THAT(reader, IsOk());
  const auto totals = CountWorklist(**reader);
  ASSERT_THAT(totals, IsOk());
  EXPECT_EQ(totals->open_tasks.at(v1::TASK_KIND_OUTREACH), 2);
  EXPECT_EQ(totals->first_undelivered_due, absl::FromUnixSeconds(20));
}

TEST_F(CoordinatorNetworkQueries, SumsTimeUseByCoordinatorMonthAndActivity) {
  SaveTimeUse({{"a", 1, 2, "travel", 10},
               {"a", 2, 2, "travel", 20},
               {"a", 3, 3, "travel", 5},
               {"a", 4, 3, "meeting", 7},
               {"a", 5, 3, "network", 0},
               {"a", 6, 4, "travel", 90},
               {"b", 1, 2, "travel", 30}});
  v1::TimeUseStatisticsRequest request;
  request.set_from_month("2026-02");
  request.set_to_month("2026-03");
  request.set_page_size(2);
  std::vector<std::string> sums;
  do {
    const auto page = Ask(TimeUseStatistics, request);
    ASSERT_THAT(page, IsOk());
    for (const v1::TimeUseSum& sum : page->sums()) {
      sums.push_back(absl::StrCat(sum.coordinator(), " ", sum.month(), " ", sum.activity(), " ", sum.minutes(), " of ",
                                  sum.entries()));
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(sums, ElementsAre("coordinators/a 2026-02 travel 30 of 2", "coordinators/a 2026-03 meeting 7 of 1",
                                "coordinators/a 2026-03 travel 5 of 1", "coordinators/b 2026-02 travel 30 of 1"));
  request.set_coordinator("coordinators/b");
  EXPECT_EQ(Ask(TimeUseStatistics, request)->sums_size(), 1);
}

TEST_F(CoordinatorNetworkQueries, RefusesStatisticsWithoutARangeOfMonths) {
  v1::TimeUseStatisticsRequest request;
  request.set_coordinator("a");
  request.set_from_month("2026-13");
  const absl::Status wrong = Ask(TimeUseStatistics, request).status();
  ASSERT_EQ(ViolationsOf(wrong).size(), 3u) << wrong;
  request.clear_coordinator();
  request.set_from_month("2026-03");
  request.set_to_month("2026-02");
  const absl::Status backwards = Ask(TimeUseStatistics, request).status();
  ASSERT_EQ(ViolationsOf(backwards).size(), 1u) << backwards;
  EXPECT_EQ(ViolationsOf(backwards)[0].field, "to_month");
}

TEST_F(CoordinatorNetworkQueries, ListsMeetingsTheLatestAgreedFirstPageAfterPage) {
  SaveMeetings({2, 3, 7});
  v1::ListMeetingsRequest request;
  request.set_client(kClient);
  request.set_page_size(2);
  principal_.role = "coordinator";
  const auto first = Ask(WithPurposes(ListMeetings), request);
  ASSERT_THAT(first, IsOk());
  ASSERT_EQ(first->meetings_size(), 2);
  EXPECT_EQ(first->meetings(0).name(), absl::StrCat(kClient, "/meetings/7"));
  EXPECT_EQ(first->meetings(1).name(), absl::StrCat(kClient, "/meetings/3"));
  request.set_page_token(first->next_page_token());
  const auto second = Ask(WithPurposes(ListMeetings), request);
  ASSERT_THAT(second, IsOk());
  ASSERT_EQ(second->meetings_size(), 1);
  EXPECT_EQ(second->meetings(0).name(), absl::StrCat(kClient, "/meetings/2"));
  EXPECT_EQ(second->next_page_token(), "");
}

TEST_F(CoordinatorNetworkQueries, TellsWhatParticipantsOfAMeetingToComeMayNotBeTold) {
  SaveMeetings({1});
  v1::GetMeetingRequest request;
  request.set_name(absl::StrCat(kClient, "/meetings/1"));
  principal_.role = "lead";
  auto meeting = Ask(WithPurposes(GetMeeting), request);
  ASSERT_THAT(meeting, IsOk());
  EXPECT_THAT(meeting->participants(0).missing_classes(), ElementsAre("plan"));
  Permit("plan");
  meeting = Ask(WithPurposes(GetMeeting), request);
  ASSERT_THAT(meeting, IsOk());
  EXPECT_THAT(meeting->participants(0).missing_classes(), IsEmpty());
}

TEST_F(CoordinatorNetworkQueries, ShowsNoMeetingThatIsUnknownOrMayNotBeSeen) {
  SaveMeetings({1});
  v1::GetMeetingRequest request;
  request.set_name(absl::StrCat(kClient, "/meetings/2"));
  principal_.role = "lead";
  EXPECT_EQ(ReasonOf(Ask(WithPurposes(GetMeeting), request).status()), "MEETING_UNKNOWN");
  request.set_name("clients/x/meetings/1");
  EXPECT_THAT(Ask(WithPurposes(GetMeeting), request), StatusIs(absl::StatusCode::kInvalidArgument));
  request.set_name(absl::StrCat(kClient, "/meetings/1"));
  principal_.role = "provider";
  EXPECT_THAT(Ask(WithPurposes(GetMeeting), request), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(CoordinatorNetworkQueries, ShowsNoMeetingWhileProcessingIsRestricted) {
  SaveMeetings({1}, /*restricted=*/true);
  v1::GetMeetingRequest request;
  request.set_name(absl::StrCat(kClient, "/meetings/1"));
  principal_.role = "lead";
  EXPECT_EQ(ReasonOf(Ask(WithPurposes(GetMeeting), request).status()), "PROCESSING_RESTRICTED");
}

TEST_F(CoordinatorNetworkQueries, ShowsAParticipantItsMeetingsWhileTheClientPermitsIt) {
  SaveMeetings({1});
  principal_.role = "coordinator";
  principal_.organisation = "organisations/kela";
  v1::GetMeetingRequest request;
  request.set_name(absl::StrCat(kClient, "/meetings/1"));
  v1::ListMeetingsRequest list;
  list.set_client(kClient);
  EXPECT_EQ(ReasonOf(Ask(WithPurposes(GetMeeting), request).status()), "PERMISSION_MISSING");
  EXPECT_EQ(Ask(WithPurposes(ListMeetings), list)->meetings_size(), 0);
  Permit("plan");
  EXPECT_THAT(Ask(WithPurposes(GetMeeting), request), IsOk());
  EXPECT_EQ(Ask(WithPurposes(ListMeetings), list)->meetings_size(), 1);
  v1::ClientSupportEvent event;
  event.mutable_permission_withdrawn()->set_permission(absl::StrCat(kClient, "/permissions/1"));
  *event.mutable_permission_withdrawn()->mutable_withdraw_time() = pipeline::ToProto(clock_.Now());
  SaveRows(PermissionRows(event));
  EXPECT_EQ(ReasonOf(Ask(WithPurposes(GetMeeting), request).status()), "PERMISSION_MISSING");
  principal_.organisation = "organisations/unit";
  EXPECT_THAT(Ask(WithPurposes(GetMeeting), request), IsOk());
}

// The coordinator's own organisation has the client and does not ask for its permission.
TEST_F(CoordinatorNetworkQueries, HeedsDenialsAndThatTheyMayBeOnTheirWay) {
  SaveClient({});
  Save("coordinators/a", CoordinatorOn("coordinators/a"));
  principal_.role = "coordinator";
  principal_.organisation = "organisations/kela";
  v1::GetAssignmentRequest request;
  request.set_client(kClient);
  bus_behind_ = absl::Seconds(60);
  EXPECT_THAT(Ask(GetAssignment, request), IsOk());
  bus_behind_ = absl::Seconds(61);
  const absl::Status later = Ask(GetAssignment, request).status();
  EXPECT_THAT(later, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ReasonOf(later), "PERMISSIONS_UNKNOWN");
  bus_behind_ = absl::ZeroDuration();
  Permit("referral", /*denial=*/true);
  EXPECT_EQ(ReasonOf(Ask(GetAssignment, request).status()), "CLIENT_DENIES");
  principal_.organisation = "organisations/o";
  bus_behind_ = absl::InfiniteDuration();
  EXPECT_THAT(Ask(GetAssignment, request), IsOk());
}

TEST_F(CoordinatorNetworkQueries, EveryMethodHasItsPermission) {
  EXPECT_THAT(rpc::CheckPermissions({"polku.coordinator_network.v1.CoordinatorNetworkService"}, Permissions()), IsOk());
}

}  // namespace
}  // namespace polku::coordinator_network
