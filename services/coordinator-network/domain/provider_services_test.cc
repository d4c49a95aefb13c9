#include "services/coordinator-network/domain/provider_services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/service_entry.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const char kProvider[] = "organisations/kuntoutus";
const absl::CivilDay kToday(2026, 3, 3);

google::type::Date Date(absl::CivilDay day) { return pipeline::ToProtoDay(day); }

v1::ServiceEntry Service(const std::string& id) {
  v1::ServiceEntry service;
  service.set_name(absl::StrCat(kProvider, "/services/", id));
  service.mutable_title()->set_fi("Kuntoutus");
  service.mutable_title()->set_sv("Rehabilitering");
  service.mutable_title()->set_en("Rehabilitation");
  service.add_needs("musculoskeletal");
  service.add_segments(polku::common::v1::SEGMENT_EMPLOYED);
  service.add_municipalities("217");
  service.add_municipalities("272");
  service.add_measure_types("rehabilitation-course");
  service.mutable_site()->set_address("Kauppatori 1, 67100 Kokkola");
  service.mutable_site()->mutable_location()->set_latitude(63.84);
  service.mutable_site()->mutable_location()->set_longitude(23.13);
  service.set_contact_url("https://kuntoutus.example/ajanvaraus");
  return service;
}

v1::ServiceEntry WithCapacity(v1::ServiceEntry service, int places, absl::CivilDay counted) {
  service.mutable_capacity()->set_places(places);
  *service.mutable_capacity()->mutable_count_date() = Date(counted);
  return service;
}

pipeline::Principal Caller(const std::string& organisation, const std::string& role) {
  pipeline::Principal caller;
  caller.organisation = organisation;
  caller.role = role;
  return caller;
}

// The catalogue of one provider.
class Services {
 public:
  absl::StatusOr<v1::ImportServicesResponse> Import(const std::vector<v1::ServiceEntry>& services,
                                                    bool complete = false, bool validate_only = false) {
    v1::ProviderServicesInput input;
    v1::ImportServicesRequest& request = *input.mutable_import_services();
    request.mutable_catalogue()->set_provider(kProvider);
    request.mutable_catalogue()->set_complete(complete);
    request.mutable_catalogue()->mutable_services()->Assign(services.begin(), services.end());
    request.set_validate_only(validate_only);
    return Send<v1::ImportServicesResponse>(input);
  }

  absl::StatusOr<v1::ServiceEntry> Tell(const std::string& id, const v1::ServiceCapacity& capacity) {
    v1::ProviderServicesInput input;
    input.mutable_set_service_capacity()->set_service(absl::StrCat(kProvider, "/services/", id));
    *input.mutable_set_service_capacity()->mutable_capacity() = capacity;
    return Send<v1::ServiceEntry>(input);
  }

  template <class Reply>
  absl::StatusOr<Reply> Send(const v1::ProviderServicesInput& input) {
    const ProviderServicesDomain domain(
        limits, {{"217", "272"}, {"musculoskeletal", "work-ability"}, {"rehabilitation-course"}});
    const absl::StatusOr<std::string> key = domain.KeyOf(input);
    if (!key.ok()) return key.status();
    pipeline::Context context;
    context.key = *key;
    context.now = LocalTime(today, 600);
    context.principal = caller;
    auto decision = domain.Decide(state, input, context);
    if (!decision.ok()) return decision.status();
    for (const v1::ProviderServicesEvent& event : decision->events) domain.Evolve(event, state);
    return dynamic_cast<const Reply&>(*decision->reply);
  }

  const v1::ServiceEntry& Get(const std::string& id) {
    const v1::ServiceEntry* service = FindService(state, absl::StrCat(kProvider, "/services/", id));
    EXPECT_NE(service, nullptr) << id;
    return service == nullptr ? v1::ServiceEntry::default_instance() : *service;
  }
  std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    for (const v1::ServiceEntry& service : state.services()) {
      ids.push_back(service.name().substr(service.name().rfind('/') + 1));
    }
    return ids;
  }

  CatalogueLimits limits;
  absl::CivilDay today = kToday;
  pipeline::Principal caller = Caller("organisations/unit", "lead");
  v1::ProviderServices state;
};

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : ViolationsOf(status)) fields.push_back(violation.field);
  return fields;
}

TEST(ImportServices, ListsByNameAndTellsWhatChanged) {
  Services services;
  v1::ServiceEntry twice = Service("b");
  twice.add_municipalities("217");
  auto reply = services.Import({twice, Service("a")});
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->provider(), kProvider);
  EXPECT_EQ(reply->added(), 2);
  EXPECT_THAT(services.Ids(), ElementsAre("a", "b"));
  EXPECT_THAT(services.Get("b").municipalities(), ElementsAre("217", "272"));

  v1::ServiceEntry changed = Service("b");
  changed.set_without_referral(true);
  reply = services.Import({changed, Service("a"), Service("aa")});
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->added(), 1);
  EXPECT_EQ(reply->changed(), 1);
  EXPECT_EQ(reply->unchanged(), 1);
  EXPECT_EQ(reply->ended(), 0);
  EXPECT_THAT(services.Ids(), ElementsAre("a", "aa", "b"));
  EXPECT_TRUE(services.Get("b").without_referral());
}

TEST(ImportServices, ThatIsCompleteEndsTheOthersOnThatDay) {
  Services services;
  v1::ServiceEntry to_begin = Service("to-begin");
  *to_begin.mutable_valid_from() = Date(kToday + 1);
  v1::ServiceEntry ended = Service("ended");
  *ended.mutable_valid_to() = Date(kToday - 1);
  ASSERT_THAT(services.Import({Service("a"), Service("b"), to_begin, ended}), IsOk());
  auto reply = services.Import({Service("a")}, /*complete=*/true);
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->unchanged(), 1);
  EXPECT_EQ(reply->ended(), 2);
  EXPECT_THAT(services.Ids(), ElementsAre("a", "b", "ended"));
  EXPECT_FALSE(services.Get("a").has_valid_to());
  EXPECT_EQ(pipeline::FromProto(services.Get("b").valid_to()), kToday);
  EXPECT_EQ(pipeline::FromProto(services.Get("ended").valid_to()), kToday - 1);

  // The same file again, on the same day and on another, ends nothing once more.
  for (const int days : {0, 1}) {
    services.today = kToday + days;
    reply = services.Import({Service("a")}, /*complete=*/true);
    ASSERT_THAT(reply, IsOk());
    EXPECT_EQ(reply->ended(), 0);
    EXPECT_EQ(pipeline::FromProto(services.Get("b").valid_to()), kToday);
  }
  EXPECT_EQ(services.Import({}, /*complete=*/true)->ended(), 1);
}

TEST(ImportServices, ThatIsNotCompleteLeavesTheOthersAlone) {
  Services services;
  ASSERT_THAT(services.Import({Service("a"), Service("b")}), IsOk());
  ASSERT_THAT(services.Import({Service("c")}), IsOk());
  EXPECT_FALSE(services.Get("a").has_valid_to());
}

TEST(ImportServices, OnlyTellsWhatWouldChangeWhenAskedTo) {
  Services services;
  ASSERT_THAT(services.Import({Service("a")}), IsOk());
  const auto reply = services.Import({Service("b")}, /*complete=*/true, /*validate_only=*/true);
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->added(), 1);
  EXPECT_EQ(reply->ended(), 1);
  EXPECT_THAT(services.Ids(), ElementsAre("a"));
  EXPECT_FALSE(services.Get("a").has_valid_to());
}

struct Wrong {
  const char* field;  // Below the service.
  std::function<void(v1::ServiceEntry&)> spoil;
};

TEST(ImportServices, NamesTheFieldThatIsWrongAndTakesNothing) {
  const double no_number = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Wrong> wrongs = {
      {"name", [](auto& s) { s.set_name("organisations/other/services/b"); }},
      {"name", [](auto& s) { s.set_name("organisations/kuntoutus"); }},
      {"name", [](auto& s) { s.set_name("organisations/kuntoutus/services/a"); }},  // As the one before.
      {"title.fi", [](auto& s) { s.mutable_title()->clear_fi(); }},
      {"title.sv", [](auto& s) { s.mutable_title()->set_sv(" "); }},
      {"title.en", [](auto& s) { s.mutable_title()->set_en(std::string(801, 'e')); }},
      {"needs", [](auto& s) { s.clear_needs(); }},
      {"needs", [](auto& s) { s.add_needs("no-such-need"); }},
      {"segments", [](auto& s) { s.clear_segments(); }},
      {"municipalities", [](auto& s) { s.clear_municipalities(); }},
      {"municipalities", [](auto& s) { s.add_municipalities("999"); }},
      {"measure_types", [](auto& s) { s.add_measure_types("no-such-type"); }},
      {"site.address", [](auto& s) { s.mutable_site()->clear_address(); }},
      {"site.location.latitude", [](auto& s) { s.mutable_site()->mutable_location()->set_latitude(23.13); }},
      {"site.location.latitude", [](auto& s) { s.mutable_site()->mutable_location()->set_latitude(90.1); }},
      {"site.location.latitude", [=](auto& s) { s.mutable_site()->mutable_location()->set_latitude(no_number); }},
      {"site.location.longitude", [](auto& s) { s.mutable_site()->mutable_location()->set_longitude(63.84); }},
      {"site.location.longitude", [](auto& s) { s.mutable_site()->mutable_location()->clear_longitude(); }},
      {"valid_from", [](auto& s) { s.mutable_valid_from()->set_year(2026); }},
      {"valid_to",
       [](auto& s) {
         *s.mutable_valid_from() = Date(kToday);
         *s.mutable_valid_to() = Date(kToday - 1);
       }},
      {"contact_url", [](auto& s) { s.set_contact_url("javascript:alert(1)"); }},
      {"contact_url", [](auto& s) { s.set_contact_url("https://a b"); }},
      {"capacity.places", [](auto& s) { s = WithCapacity(s, -1, kToday); }},
      {"capacity.wait_weeks",
       [](auto& s) {
         s = WithCapacity(s, 1, kToday);
         s.mutable_capacity()->set_wait_weeks(261);
       }},
      {"capacity.count_date", [](auto& s) { s.mutable_capacity()->set_places(1); }},
      {"capacity.count_date", [](auto& s) { s = WithCapacity(s, 1, kToday + 1); }},
  };
  for (const Wrong& wrong : wrongs) {
    Services services;
    v1::ServiceEntry spoilt = Service("b");
    wrong.spoil(spoilt);
    const absl::Status status = services.Import({Service("a"), spoilt}).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << wrong.field;
    EXPECT_THAT(FieldsOf(status), ElementsAre(absl::StrCat("catalogue.services[1].", wrong.field)));
    EXPECT_THAT(services.Ids(), IsEmpty());
  }
}

TEST(ImportServices, RefusesACatalogueOfNobody) {
  v1::ProviderServicesInput input;
  input.mutable_import_services();
  EXPECT_THAT(FieldsOf(Services().Send<v1::ImportServicesResponse>(input).status()), ElementsAre("catalogue.provider"));
}

TEST(ImportServices, TakesAServiceWithoutSite) {
  Services services;
  v1::ServiceEntry by_telephone = Service("a");
  by_telephone.clear_site();
  EXPECT_THAT(services.Import({by_telephone}), IsOk());
}

TEST(ImportServices, MakesRoomOfWhatEndedLongestAgo) {
  Services services;
  services.limits.services_max = 3;
  std::vector<v1::ServiceEntry> past;
  for (const int days_ago : {5, 9, 1}) {
    past.push_back(Service(absl::StrCat("ended", days_ago)));
    *past.back().mutable_valid_to() = Date(kToday - days_ago);
  }
  ASSERT_THAT(services.Import(past), IsOk());
  ASSERT_THAT(services.Import({Service("a")}), IsOk());
  EXPECT_THAT(services.Ids(), ElementsAre("a", "ended1", "ended5"));
  ASSERT_THAT(services.Import({Service("b"), Service("c")}), IsOk());
  const absl::Status full = services.Import({Service("d")}).status();
  EXPECT_THAT(full, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ReasonOf(full), "CATALOGUE_FULL");
  EXPECT_THAT(services.Ids(), ElementsAre("a", "b", "c"));
}

TEST(ImportServices, RefusesMoreThanTheCatalogueHolds) {
  Services services;
  services.limits.services_max = 2;
  EXPECT_THAT(FieldsOf(services.Import({Service("a"), Service("b"), Service("c")}).status()),
              ElementsAre("catalogue.services"));
}

TEST(ImportServices, TakesACapacityOnlyWhenItWasCountedLater) {
  Services services;
  ASSERT_THAT(services.Import({WithCapacity(Service("a"), 5, kToday - 2)}), IsOk());
  EXPECT_EQ(services.Get("a").capacity().places(), 5);
  v1::ServiceCapacity told;
  told.set_places(8);
  ASSERT_THAT(services.Tell("a", told), IsOk());
  // The file of then, a file of the same day, and one that knows no capacity: what the provider said stands.
  for (const v1::ServiceEntry& entry :
       {WithCapacity(Service("a"), 5, kToday - 2), WithCapacity(Service("a"), 6, kToday), Service("a")}) {
    EXPECT_EQ(services.Import({entry})->unchanged(), 1);
    EXPECT_EQ(services.Get("a").capacity().places(), 8);
  }
  services.today = kToday + 1;
  EXPECT_EQ(services.Import({WithCapacity(Service("a"), 6, kToday + 1)})->changed(), 1);
  EXPECT_EQ(services.Get("a").capacity().places(), 6);
}

TEST(SetServiceCapacity, IsCountedTodayAndSaidByTheProviderItselfOrALead) {
  Services services;
  ASSERT_THAT(services.Import({Service("a")}), IsOk());
  v1::ServiceCapacity capacity;
  capacity.set_places(12);
  capacity.set_accepting(true);
  capacity.set_waiting(3);
  capacity.set_in_service(12);
  capacity.set_wait_weeks(4);
  *capacity.mutable_count_date() = Date(kToday + 30);
  services.caller = Caller(kProvider, "provider");
  const auto told = services.Tell("a", capacity);
  ASSERT_THAT(told, IsOk());
  EXPECT_EQ(told->title().fi(), "Kuntoutus");
  EXPECT_EQ(told->capacity().waiting(), 3);
  EXPECT_EQ(pipeline::FromProto(told->capacity().count_date()), kToday);
  EXPECT_EQ(services.Get("a").capacity().wait_weeks(), 4);

  services.caller = Caller("organisations/other", "provider");
  const absl::Status foreign = services.Tell("a", capacity).status();
  EXPECT_THAT(foreign, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(ReasonOf(foreign), "OTHER_ORGANISATION");
  services.caller.role = "lead";
  EXPECT_THAT(services.Tell("a", capacity), IsOk());
}

TEST(SetServiceCapacity, RefusesWrongNumbersAndServicesThatAreNotThere) {
  Services services;
  v1::ServiceEntry ended = Service("ended");
  *ended.mutable_valid_to() = Date(kToday - 1);
  ASSERT_THAT(services.Import({Service("a"), ended}), IsOk());
  v1::ServiceCapacity capacity;
  capacity.set_waiting(100001);
  capacity.set_text(std::string(1601, 't'));
  EXPECT_THAT(FieldsOf(services.Tell("a", capacity).status()), ElementsAre("capacity.waiting", "capacity.text"));
  EXPECT_FALSE(services.Get("a").has_capacity());
  EXPECT_EQ(ReasonOf(services.Tell("b", {}).status()), "SERVICE_UNKNOWN");
  EXPECT_EQ(ReasonOf(services.Tell("ended", {}).status()), "SERVICE_ENDED");
  v1::ProviderServicesInput input;
  input.mutable_set_service_capacity()->set_service(absl::StrCat(kProvider, "/services/a"));
  EXPECT_THAT(FieldsOf(services.Send<v1::ServiceEntry>(input).status()), ElementsAre("capacity"));
  input.mutable_set_service_capacity()->set_service(kProvider);
  EXPECT_THAT(FieldsOf(services.Send<v1::ServiceEntry>(input).status()), ElementsAre("service"));
}

TEST(InSmallLetters, KnowsThoseOfFinnishAndSwedish) {
  EXPECT_EQ(InSmallLetters("TYÖPAJA Åland ÄÄNI ž × É"), "työpaja åland ääni ž × é");
}

}  // namespace
}  // namespace polku::coordinator_network
