#include "services/assessment/api/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/status_matchers.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/proto_time.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"
#include "services/assessment/domain/client_assessment_domain.h"
#include "services/assessment/service.h"

namespace polku::assessment {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr char kClient[] = "clients/0190a000-0000-7000-8000-000000000001";
constexpr char kConsultation[] = "clients/0190a000-0000-7000-8000-000000000001/consultations/1";
std::string Name(int n) { return absl::StrCat(kClient, "/assessments/", n); }

class AssessmentQueries : public ::testing::Test {
 protected:
  void SetUp() override {
    store::SqliteOptions options;
    options.base = StoreOptions();
    options.path = folder_.path() + "/assessment.db";
    options.key_path = folder_.path() + "/assessment.keys";
    options.random = &random_;
    auto database = store::OpenSqlite(options);
    ASSERT_THAT(database, IsOk());
    database_ = *std::move(database);
    v1::ClientAssessment state;
    state.set_name(kClient);
    Add(30, v1::ASSESSMENT_STATE_OPEN, state);
    Add(20, v1::ASSESSMENT_STATE_OVERDUE, state);
    Add(20, v1::ASSESSMENT_STATE_OPEN, state);
    Add(10, v1::ASSESSMENT_STATE_COMPLETE, state);
    state.add_plans()->set_name(absl::StrCat(kClient, "/plans/1"));
    state.add_sessions()->set_assessment(Name(2));
    state.add_sessions()->set_assessment(Name(1));
    v1::Consultation& consultation = *state.add_consultations();
    consultation.set_name(kConsultation);
    consultation.set_assessment(Name(2));
    consultation.set_organisation("organisations/asked");
    AddRecord(2026, 4, state);
    AddRecord(2025, 9, state);
    AddRecord(2026, 6, state);
    state.mutable_instruments(0)->set_superseded_by(Record(3));
    Save(state);
    auto reader = database_->Read();
    ASSERT_THAT(reader, IsOk());
    reader_ = *std::move(reader);
  }

  void Add(int deadline_seconds, v1::AssessmentState assessment_state, v1::ClientAssessment& state) {
    v1::Assessment& assessment = *state.add_assessments();
    assessment.set_name(Name(state.assessments_size()));
    assessment.set_referral(absl::StrCat(kClient, "/referrals/1"));
    assessment.set_state(assessment_state);
    assessment.set_pathway("kainuu-unemployed");
    assessment.set_pathway_version(1);
    *assessment.mutable_deadline() = pipeline::ToProto(absl::UnixEpoch() + absl::Seconds(deadline_seconds));
  }

  static std::string Record(int n) { return absl::StrCat(kClient, "/instruments/", n); }
  static void AddRecord(int year, double score, v1::ClientAssessment& state) {
    v1::InstrumentRecord& record = *state.add_instruments();
    record.set_name(Record(state.instruments_size()));
    record.set_instrument("was/1");
    *record.mutable_answer_date() = pipeline::ToProtoDay(absl::CivilDay(year, 3, 1));
    record.add_results()->set_instrument("was/1");
    record.mutable_results(0)->set_score(score);
  }

  void Save(const v1::ClientAssessment& state) {
    auto transaction = database_->Begin();
    ASSERT_THAT(transaction, IsOk());
    store::AggregateWrite write;
    write.aggregate.key = kClient;
    write.aggregate.version = 9;
    write.aggregate.schema = 1;
    write.aggregate.state = state.SerializeAsString();
    ASSERT_THAT((*transaction)->Save({&write, 1}), IsOk());
    for (const pipeline::IndexRow& row : domain_.Index(state)) {
      store::Row whole = row.key;
      whole.insert(whole.end(), row.values.begin(), row.values.end());
      ASSERT_THAT((*transaction)->Upsert(*row.shape, {&whole, 1}), IsOk());
    }
    ASSERT_THAT((*transaction)->Commit(), IsOk());
  }

  template <class Request, class Fn>
  auto Ask(Fn fn, const std::string& name) {
    rpc::ReadScope scope{*reader_, principal_, clock_, pager_};
    Request request;
    request.set_name(name);
    auto result = fn(scope, request);
    viewed_ = scope.viewed;
    return result;
  }
  auto Assessment(const std::string& name) { return Ask<v1::GetAssessmentRequest>(GetAssessment, name); }
  auto Plan(const std::string& name) { return Ask<v1::GetPlanRequest>(GetPlan, name); }

  auto Consultation(const std::string& name) { return Ask<v1::GetConsultationRequest>(GetConsultation, name); }

  auto Records(const v1::ListInstrumentRecordsRequest& request) {
    rpc::ReadScope scope{*reader_, principal_, clock_, pager_};
    auto response = ListInstrumentRecords(scope, request);
    viewed_ = scope.viewed;
    return response;
  }

  // The names on the page that `request` asks for; `next_` is the token of the page after it.
  std::vector<std::string> List(const v1::ListAssessmentsRequest& request) {
    rpc::ReadScope scope{*reader_, principal_, clock_, pager_};
    const auto response = ListAssessments(scope, request);
    EXPECT_THAT(response, IsOk());
    std::vector<std::string> names;
    for (const v1::Assessment& assessment : response->assessments()) names.push_back(assessment.name());
    next_ = response->next_page_token();
    return names;
  }

  const testing::TemporaryFolder folder_;
  SystemRandom random_;
  const ClientAssessmentDomain domain_{pathway::TestCatalogue()};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Reader> reader_;
  pipeline::Principal principal_{.organisation = "organisations/unit", .role = "assessor"};
  const ManualClock clock_{absl::UnixEpoch()};
  const rpc::Pager pager_{std::string(32, 'k')};
  std::vector<std::string> viewed_;
  std::string next_;
};

TEST(AssessmentPermissions, HaveARowForEveryMethod) {
  const std::string services[] = {"polku.assessment.v1.AssessmentService"};
  EXPECT_THAT(rpc::CheckPermissions(services, Permissions()), IsOk());
}

TEST_F(AssessmentQueries, ReadsAnAssessmentAndAPlanAndLeavesATrace) {
  const auto assessment = Assessment(Name(2));
  ASSERT_THAT(assessment, IsOk());
  EXPECT_EQ(assessment->state(), v1::ASSESSMENT_STATE_OVERDUE);
  EXPECT_EQ(assessment->etag(), "9");
  EXPECT_THAT(assessment->sessions(), SizeIs(1));
  EXPECT_THAT(assessment->consultations(), SizeIs(1));
  EXPECT_THAT(viewed_, ElementsAre(Name(2)));
  EXPECT_THAT(Plan(absl::StrCat(kClient, "/plans/1")), IsOk());
  EXPECT_THAT(viewed_, ElementsAre(absl::StrCat(kClient, "/plans/1")));
}

TEST_F(AssessmentQueries, RefusesWhatIsNotThere) {
  EXPECT_THAT(Assessment(Name(9)), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Plan("clients/0190a000-0000-7000-8000-000000000009/plans/1"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Plan(Name(1)), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Assessment(""), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(AssessmentQueries, RefusesARoleThatMayNotSeeAssessments) {
  for (const char* role : {"provider", "intake", "referrer"}) {
    principal_.role = role;
    EXPECT_THAT(Assessment(Name(2)), StatusIs(absl::StatusCode::kPermissionDenied)) << role;
  }
  EXPECT_THAT(viewed_, ElementsAre());
}

TEST_F(AssessmentQueries, ShowsAConsultationToTheAskedOrganisationToo) {
  EXPECT_THAT(Consultation(kConsultation), IsOk());
  principal_.role = "provider";
  EXPECT_THAT(Consultation(kConsultation), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(viewed_, ElementsAre());
  principal_.organisation = "organisations/asked";
  EXPECT_THAT(Consultation(kConsultation), IsOk());
  EXPECT_THAT(viewed_, ElementsAre(kConsultation));
  EXPECT_THAT(Consultation(absl::StrCat(kClient, "/consultations/2")), StatusIs(absl::StatusCode::kNotFound));
  principal_.role = "referrer";
  EXPECT_THAT(Consultation(kConsultation), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(AssessmentQueries, ListsInstrumentRecordsOverTimeInPagesAndLeavesATrace) {
  v1::ListInstrumentRecordsRequest request;
  request.set_client(kClient);
  request.set_page_size(1);
  auto page = Records(request);
  ASSERT_THAT(page, IsOk());
  ASSERT_THAT(page->records(), SizeIs(1));
  EXPECT_EQ(page->records(0).name(), Record(2));
  EXPECT_THAT(viewed_, ElementsAre(Record(2)));
  request.set_page_token(page->next_page_token());
  page = Records(request);
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->records(0).name(), Record(3));
  EXPECT_EQ(page->records(0).results(0).change(), -3);
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(AssessmentQueries, ListsSupersededRecordsOnlyWhenAskedAndOneInstrumentWhenAsked) {
  v1::ListInstrumentRecordsRequest request;
  request.set_client(kClient);
  EXPECT_THAT(Records(request)->records(), SizeIs(2));
  request.set_show_superseded(true);
  EXPECT_THAT(Records(request)->records(), SizeIs(3));
  request.set_instrument("was");
  EXPECT_THAT(Records(request)->records(), SizeIs(3));
  request.set_instrument("wai");
  EXPECT_THAT(Records(request)->records(), SizeIs(0));
}

TEST_F(AssessmentQueries, ShowsInstrumentRecordsToThoseWhoMaySeeAssessments) {
  v1::ListInstrumentRecordsRequest request;
  request.set_client(kClient);
  for (const char* role : {"provider", "intake", "referrer"}) {
    principal_.role = role;
    EXPECT_THAT(Records(request), StatusIs(absl::StatusCode::kPermissionDenied)) << role;
  }
  EXPECT_THAT(viewed_, ElementsAre());
  request.set_client("clients/1");
  EXPECT_THAT(Records(request), StatusIs(absl::StatusCode::kInvalidArgument));
  principal_.role = "lead";
  request.set_client("clients/0190a000-0000-7000-8000-000000000009");
  EXPECT_THAT(Records(request)->records(), SizeIs(0));
}

TEST(Instruments, AreListedWithTheirItemsAndScoredWithoutAClient) {
  const pathway::Catalogue catalogue = pathway::TestCatalogue();
  const v1::ListInstrumentsResponse listed = ListInstruments(catalogue);
  ASSERT_EQ(static_cast<size_t>(listed.instruments_size()), catalogue.instruments().size());
  EXPECT_EQ(listed.instruments().rbegin()->id(), "was");
  EXPECT_EQ(listed.instruments().rbegin()->items(0).code(), "current-ability");
  v1::ScoreInstrumentRequest request;
  request.set_instrument("was");
  request.add_answers()->set_item("current-ability");
  request.mutable_answers(0)->set_number(8);
  const auto scored = ScoreInstrument(catalogue, request);
  ASSERT_THAT(scored, IsOk());
  EXPECT_EQ(scored->results(0).class_code(), "good");
  request.mutable_answers(0)->set_number(11);
  EXPECT_THAT(ScoreInstrument(catalogue, request), StatusIs(absl::StatusCode::kInvalidArgument));
  request.set_instrument("nothing");
  EXPECT_THAT(ScoreInstrument(catalogue, request), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(AssessmentQueries, ListsOpenOnesByDeadlineInPages) {
  v1::ListAssessmentsRequest request;
  request.set_page_size(2);
  EXPECT_THAT(List(request), ElementsAre(Name(2), Name(3)));
  request.set_page_token(next_);
  EXPECT_THAT(List(request), ElementsAre(Name(1)));
  EXPECT_EQ(next_, "");
}

TEST_F(AssessmentQueries, ListsOneStateAndRefusesThePageTokenOfAnother) {
  v1::ListAssessmentsRequest request;
  request.set_state(v1::ASSESSMENT_STATE_COMPLETE);
  EXPECT_THAT(List(request), ElementsAre(Name(4)));
  v1::ListAssessmentsRequest other;
  other.set_page_size(1);
  List(other);
  request.set_page_token(next_);
  rpc::ReadScope scope{*reader_, principal_, clock_, pager_};
  EXPECT_THAT(ListAssessments(scope, request), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace polku::assessment
