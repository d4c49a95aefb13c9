// What SearchServices and GetService answer from the real tables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/api/queries.h"
#include "services/coordinator-network/domain/index.h"
#include "services/coordinator-network/service.h"

namespace polku::coordinator_network {
namespace {

using polku::common::v1::SEGMENT_EMPLOYED;
using polku::common::v1::SEGMENT_STUDENT;
using polku::common::v1::SEGMENT_UNEMPLOYED;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::CivilDay kToday(2026, 3, 3);

struct Offer {
  const char* name;  // Below organisations/.
  const char* title;
  std::vector<std::string> municipalities;
  std::vector<std::string> needs;
  std::vector<polku::common::v1::Segment> segments = {SEGMENT_UNEMPLOYED};
  bool without_referral = false;
  std::vector<std::string> measure_types = {};
  int first_day = 0;   // From today; 0 = always.
  int last_day = 100;  // 100 = still.
};

class ServiceQueries : public ::testing::Test {
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
    pager_ = std::make_unique<rpc::Pager>(database_->hash_key());
    Keep("organisations/kela", {{"kela/services/course", "Kurssi", {"272"}, {"work-ability"}, {SEGMENT_EMPLOYED}}});
    Keep("organisations/paja",
         {{"paja/services/ended", "Entinen paja", {"217"}, {"work-ability"}, {SEGMENT_UNEMPLOYED}, false, {}, 0, -1},
          {"paja/services/later", "Tuleva paja", {"217"}, {"work-ability"}, {SEGMENT_UNEMPLOYED}, false, {}, 10},
          {"paja/services/workshop",
           "Työpaja 100%",
           {"217", "272"},
           {"work-ability", "mental-health"},
           {SEGMENT_UNEMPLOYED, SEGMENT_STUDENT},
           true,
           {"workshop-training"}}});
  }

  void Keep(const std::string& provider, const std::vector<Offer>& offers) {
    v1::ProviderServices state;
    for (const Offer& offer : offers) {
      v1::ServiceEntry& service = *state.add_services();
      service.set_name(absl::StrCat("organisations/", offer.name));
      service.mutable_title()->set_fi(offer.title);
      service.mutable_title()->set_sv("På svenska");
      service.mutable_municipalities()->Assign(offer.municipalities.begin(), offer.municipalities.end());
      service.mutable_needs()->Assign(offer.needs.begin(), offer.needs.end());
      service.mutable_segments()->Assign(offer.segments.begin(), offer.segments.end());
      service.mutable_measure_types()->Assign(offer.measure_types.begin(), offer.measure_types.end());
      service.set_without_referral(offer.without_referral);
      if (offer.first_day != 0) *service.mutable_valid_from() = pipeline::ToProtoDay(kToday + offer.first_day);
      if (offer.last_day != 100) *service.mutable_valid_to() = pipeline::ToProtoDay(kToday + offer.last_day);
      service.mutable_capacity()->set_waiting(7);
    }
    auto transaction = database_->Begin();
    ASSERT_THAT(transaction, IsOk());
    store::StoredAggregate aggregate;
    aggregate.key = provider;
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

  template <class Fn>
  auto Read(Fn fn) {
    auto reader = database_->Read();
    EXPECT_THAT(reader, IsOk());
    rpc::ReadScope scope{**reader, principal_, clock_, *pager_};
    return fn(scope);
  }
  absl::StatusOr<v1::SearchServicesResponse> Search(const v1::SearchServicesRequest& request) {
    const PathwayCodes codes{{"217", "272"}, {"work-ability", "mental-health"}, {"workshop-training", "club"}};
    return Read([&](rpc::ReadScope& scope) { return SearchServices(scope, request, codes); });
  }
  std::vector<std::string> Found(const v1::SearchServicesRequest& request) {
    const auto response = Search(request);
    EXPECT_THAT(response, IsOk());
    std::vector<std::string> ids;
    if (!response.ok()) return ids;
    for (const v1::ServiceEntry& service : response->services()) ids.emplace_back(LastSegment(service.name()));
    return ids;
  }

  testing::TemporaryFolder folder_;
  SystemRandom random_;
  ManualClock clock_{LocalTime(kToday, 600)};
  pipeline::Principal principal_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<rpc::Pager> pager_;
};

TEST_F(ServiceQueries, FindsWhatIsValidTodayByName) { EXPECT_THAT(Found({}), ElementsAre("course", "workshop")); }

TEST_F(ServiceQueries, MeetsEachConditionAndAllOfThemTogether) {
  const auto with = [this](auto set) {
    v1::SearchServicesRequest request;
    set(request);
    return Found(request);
  };
  EXPECT_THAT(with([](auto& r) { r.set_municipality("217"); }), ElementsAre("workshop"));
  EXPECT_THAT(with([](auto& r) { r.set_need("mental-health"); }), ElementsAre("workshop"));
  EXPECT_THAT(with([](auto& r) { r.set_segment(SEGMENT_EMPLOYED); }), ElementsAre("course"));
  EXPECT_THAT(with([](auto& r) { r.set_segment(SEGMENT_STUDENT); }), ElementsAre("workshop"));
  EXPECT_THAT(with([](auto& r) { r.set_measure_type("workshop-training"); }), ElementsAre("workshop"));
  EXPECT_THAT(with([](auto& r) { r.set_measure_type("club"); }), IsEmpty());
  EXPECT_THAT(with([](auto& r) { r.set_provider("organisations/kela"); }), ElementsAre("course"));
  EXPECT_THAT(with([](auto& r) { r.set_without_referral(true); }), ElementsAre("workshop"));
  EXPECT_THAT(with([](auto& r) {
                r.set_municipality("272");
                r.set_need("work-ability");
                r.set_segment(SEGMENT_EMPLOYED);
              }),
              ElementsAre("course"));
  EXPECT_THAT(with([](auto& r) {
                r.set_municipality("217");
                r.set_segment(SEGMENT_EMPLOYED);
              }),
              IsEmpty());
}

TEST_F(ServiceQueries, LooksAtTheDayThatIsAskedAbout) {
  v1::SearchServicesRequest request;
  request.set_provider("organisations/paja");
  for (const auto& [days, found] : std::vector<std::pair<int, std::vector<std::string>>>{
           {-1, {"ended", "workshop"}}, {0, {"workshop"}}, {9, {"workshop"}}, {10, {"later", "workshop"}}}) {
    *request.mutable_date() = pipeline::ToProtoDay(kToday + days);
    EXPECT_EQ(Found(request), found) << days;
  }
}

TEST_F(ServiceQueries, FindsATextInAnyTitleAsItStands) {
  const auto with_text = [this](const char* text) {
    v1::SearchServicesRequest request;
    request.set_text(text);
    return Found(request);
  };
  EXPECT_THAT(with_text("TYÖPAJA"), ElementsAre("workshop"));
  EXPECT_THAT(with_text("på SVENSKA"), ElementsAre("course", "workshop"));
  EXPECT_THAT(with_text("0%"), ElementsAre("workshop"));
  EXPECT_THAT(with_text("%paja"), IsEmpty());  // Not a pattern.
  EXPECT_THAT(with_text("_"), IsEmpty());
}

TEST_F(ServiceQueries, GoesOnWhereThePageBeforeEnded) {
  v1::SearchServicesRequest request;
  request.set_page_size(1);
  auto page = Search(request);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->services_size(), 1);
  EXPECT_EQ(page->services(0).name(), "organisations/kela/services/course");
  request.set_page_token(page->next_page_token());
  page = Search(request);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->services_size(), 1);
  EXPECT_EQ(page->services(0).name(), "organisations/paja/services/workshop");
  EXPECT_EQ(page->next_page_token(), "");
  // The token is of those conditions alone.
  request.set_need("work-ability");
  EXPECT_THAT(Search(request), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ServiceQueries, NamesEachConditionThatIsWrong) {
  v1::SearchServicesRequest request;
  request.set_municipality("999");
  request.set_need("no-such-need");
  request.set_measure_type("no-such-type");
  request.set_segment(static_cast<polku::common::v1::Segment>(99));
  request.set_provider("kela");
  request.mutable_date()->set_year(2026);
  request.set_text(std::string(801, 't'));
  const absl::Status status = Search(request).status();
  std::vector<std::string> fields;
  for (const FieldViolation& violation : ViolationsOf(status)) fields.push_back(violation.field);
  EXPECT_THAT(fields, ElementsAre("municipality", "need", "measure_type", "segment", "provider", "date", "text"));
}

TEST_F(ServiceQueries, ShowsOneServiceWithItsQueueAlsoWhenItHasEnded) {
  v1::GetServiceRequest request;
  const auto get = [&] { return Read([&](rpc::ReadScope& scope) { return GetService(scope, request); }); };
  request.set_name("organisations/paja/services/ended");
  const auto service = get();
  ASSERT_THAT(service, IsOk());
  EXPECT_EQ(service->capacity().waiting(), 7);
  request.set_name("organisations/paja/services/none");
  EXPECT_EQ(ReasonOf(get().status()), "SERVICE_UNKNOWN");
  request.set_name("organisations/none/services/none");
  EXPECT_EQ(ReasonOf(get().status()), "SERVICE_UNKNOWN");
  request.set_name("organisations/paja");
  EXPECT_THAT(get(), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace polku::coordinator_network
