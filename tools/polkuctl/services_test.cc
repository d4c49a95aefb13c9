// polkuctl services: the file that is imported, the table and the map.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/violation.h"
#include "libs/rpc/status.h"
#include "libs/testing/temporary_folder.h"
#include "polku/coordinator_network/v1/api.grpc.pb.h"
#include "tools/polkuctl/service_map.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

namespace network = coordinator_network::v1;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kFile[] = R"(providers:
  - provider: organisations/valmennus
    services:
      - name: organisations/valmennus/services/a
        title: {fi: Valmennus, sv: Träning, en: Coaching}
        municipalities: ["205"]
  - provider: organisations/kuntoutus
    complete: true
    services:
      - name: organisations/kuntoutus/services/a
        title: {fi: Kuntoutus, en: Rehabilitation}
        municipalities: ["205"]
        site:
          address: Kauppatori 1
          location: {latitude: 164.2, longitude: 27.7}
)";

// A network that keeps what it is sent, and answers in pages of one.
class Network : public network::CoordinatorNetworkService::Service {
 public:
  Network() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  grpc::Status ImportServices(grpc::ServerContext*, const network::ImportServicesRequest* request,
                              network::ImportServicesResponse* reply) override {
    imported.push_back(*request);
    const auto refusal = refusals.find(request->catalogue().provider());
    if (refusal != refusals.end()) return rpc::ToGrpc(refusal->second);
    reply->set_provider(request->catalogue().provider());
    reply->set_added(request->catalogue().services_size());
    return grpc::Status::OK;
  }
  grpc::Status SearchServices(grpc::ServerContext*, const network::SearchServicesRequest* request,
                              network::SearchServicesResponse* reply) override {
    asked.push_back(*request);
    const size_t at = request->page_token().empty() ? 0 : 1;
    *reply->add_services() = offered.at(at);
    if (at + 1 < offered.size()) reply->set_next_page_token("next");
    return grpc::Status::OK;
  }

  int Run(std::vector<std::string> arguments) {
    out.str("");
    err.str("");
    arguments.insert(arguments.begin(), {"--server", absl::StrCat("127.0.0.1:", port_), "services"});
    return polkuctl::Run(arguments, out, err);
  }
  int Import(const std::string& text, std::vector<std::string> flags = {}) {
    const std::string path = folder_.path() + "/services.yaml";
    std::ofstream(path) << text;
    flags.insert(flags.begin(), {"import", path});
    const int code = Run(flags);
    told = absl::StrReplaceAll(err.str(), {{path, "FILE"}});
    return code;
  }

  std::map<std::string, absl::Status> refusals;  // By provider.
  std::vector<network::ServiceEntry> offered;
  std::vector<network::ImportServicesRequest> imported;
  std::vector<network::SearchServicesRequest> asked;
  std::string told;
  std::ostringstream out;
  std::ostringstream err;

 private:
  testing::TemporaryFolder folder_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

network::ServiceEntry Workshop() {
  network::ServiceEntry service;
  service.set_name("organisations/paja/services/tyopaja");
  service.mutable_title()->set_fi("Työpaja");
  service.mutable_title()->set_sv("Verkstad");
  service.mutable_title()->set_en("Workshop");
  service.add_needs("work-ability");
  service.add_segments(common::v1::SEGMENT_OUTSIDE_SERVICES);
  service.add_municipalities("217");
  service.set_without_referral(true);
  service.mutable_site()->set_address("Tehtaankatu 1, 69100 Kannus");
  service.mutable_site()->mutable_location()->set_latitude(63.899);
  service.mutable_site()->mutable_location()->set_longitude(23.917);
  service.mutable_valid_from()->set_year(2026);
  service.mutable_valid_from()->set_month(1);
  service.mutable_valid_from()->set_day(2);
  service.mutable_capacity()->set_places(10);
  service.mutable_capacity()->set_accepting(true);
  service.mutable_capacity()->set_waiting(4);
  service.mutable_capacity()->set_in_service(9);
  service.mutable_capacity()->set_wait_weeks(3);
  *service.mutable_capacity()->mutable_count_date() = service.valid_from();
  return service;
}

network::ServiceEntry Helpline() {
  network::ServiceEntry service;
  service.set_name("organisations/puhelin/services/neuvonta");
  service.mutable_title()->set_fi("Neuvonta");
  return service;
}

TEST(Import, SendsTheListOfEachProvider) {
  Network network;
  EXPECT_EQ(network.Import(kFile), kOk) << network.told;
  ASSERT_EQ(network.imported.size(), 2u);
  EXPECT_FALSE(network.imported[0].catalogue().complete());
  EXPECT_FALSE(network.imported[0].validate_only());
  EXPECT_EQ(network.imported[0].catalogue().services(0).title().sv(), "Träning");
  EXPECT_TRUE(network.imported[1].catalogue().complete());
  EXPECT_DOUBLE_EQ(network.imported[1].catalogue().services(0).site().location().longitude(), 27.7);
  EXPECT_EQ(network.out.str(),
            "organisations/valmennus: added=1 changed=0 unchanged=0 ended=0\n"
            "organisations/kuntoutus: added=1 changed=0 unchanged=0 ended=0\n");
  EXPECT_EQ(network.Import(kFile, {"--dry-run"}), kOk);
  EXPECT_TRUE(network.imported.back().validate_only());
}

TEST(Import, NamesFileLineAndFieldOfWhatTheServerRefuses) {
  Network network;
  absl::Status refusal = InvalidField("catalogue.services[0].title.sv", "is required");
  AddViolation(refusal, "catalogue.services[0].site.location.latitude", "must be 59 to 70.5 degrees north");
  network.refusals["organisations/kuntoutus"] = refusal;
  EXPECT_EQ(network.Import(kFile), kRefused);
  EXPECT_EQ(network.told,
            "FILE:11: providers[1].services[0].title.sv: is required\n"
            "FILE:15: providers[1].services[0].site.location.latitude: must be 59 to 70.5 degrees north\n");
  EXPECT_THAT(network.out.str(), HasSubstr("organisations/valmennus: added=1"));  // The others go in.
}

TEST(Import, SendsNothingOfAFileThatCannotBeRead) {
  Network network;
  EXPECT_EQ(network.Import(absl::StrReplaceAll(kFile, {{"latitude: 164.2", "latitude: north"}})), kRefused);
  EXPECT_EQ(network.told, "FILE:15: providers[1].services[0].site.location.latitude: must be a number without unit\n");
  EXPECT_EQ(network.Import(absl::StrReplaceAll(kFile, {{"address:", "street:"}})), kRefused);
  EXPECT_EQ(network.told, "FILE:14: providers[1].services[0].site.street: unknown key\n");
  // The second list would end what the first one has just begun.
  EXPECT_EQ(network.Import(absl::StrReplaceAll(
                kFile, {{"provider: organisations/kuntoutus", "provider: organisations/valmennus"}})),
            kRefused);
  EXPECT_EQ(network.told, "FILE:7: providers[1].provider: is there twice\n");
  EXPECT_TRUE(network.imported.empty());
}

TEST(Import, StopsWhenTheServerLetsNobodyIn) {
  Network network;
  network.refusals["organisations/valmennus"] = absl::PermissionDeniedError("not this role");
  EXPECT_EQ(network.Import(kFile), kRefused);
  EXPECT_EQ(network.imported.size(), 1u);
  EXPECT_THAT(network.told, HasSubstr("stopped at organisations/valmennus"));
}

TEST(Import, GoesOnBehindAProviderWithTooManyServices) {
  Network network;
  network.refusals["organisations/valmennus"] =
      WithReason(absl::ResourceExhaustedError("too many services"), "CATALOGUE_FULL");
  EXPECT_EQ(network.Import(kFile), kRefused);
  EXPECT_EQ(network.imported.size(), 2u);
  EXPECT_EQ(network.told, "FILE:2: providers[0]: too many services\n");
}

TEST(Search, ShowsCapacityAndQueueBeforeAReferralIsSent) {
  Network network;
  network.offered = {Workshop()};
  EXPECT_EQ(network.Run({"search", "--municipality", "217", "--need", "work-ability", "--segment", "outside-services",
                         "--provider", "organisations/paja", "--without-referral", "--date", "2026-03-02", "--text",
                         "Paja", "--measure-type", "club"}),
            kOk)
      << network.err.str();
  EXPECT_EQ(network.out.str(),
            "NAME                                 TITLE    WITHOUT_REFERRAL  ACCEPTING  IN_SERVICE  PLACES  WAITING  "
            "WAIT_WEEKS  COUNT_DATE\n"
            "organisations/paja/services/tyopaja  Työpaja  yes               yes        9           10      4        "
            "3           2026-01-02\n");
  const network::SearchServicesRequest& request = network.asked.at(0);
  EXPECT_EQ(request.municipality(), "217");
  EXPECT_EQ(request.segment(), common::v1::SEGMENT_OUTSIDE_SERVICES);
  EXPECT_EQ(request.provider(), "organisations/paja");
  EXPECT_TRUE(request.without_referral());
  EXPECT_EQ(request.date().day(), 2);
  EXPECT_EQ(request.measure_type(), "club");
}

TEST(Search, SaysThatNobodyHasToldTheCapacity) {
  Network network;
  network.offered = {Helpline()};
  EXPECT_EQ(network.Run({"search", "--language", "fi"}), kOk);
  EXPECT_THAT(network.out.str(), HasSubstr("Neuvonta  no                ?          ?           ?       ?        ?"));
}

TEST(Search, MapsEveryPage) {
  Network network;
  network.offered = {Workshop(), Helpline()};
  EXPECT_EQ(network.Run({"search", "--geojson"}), kOk);
  EXPECT_EQ(network.asked.size(), 2u);
  const json map = json::parse(network.out.str());
  EXPECT_EQ(map["features"].size(), 2u);
}

// RFC 7946: a position is longitude, then latitude (3.1.1); a feature has geometry and properties, and null where
// there is no place (3.2).
TEST(Map, IsAFeatureCollection) {
  const json map = json::parse(GeoJsonOf({Workshop(), Helpline()}));
  EXPECT_EQ(map["type"], "FeatureCollection");
  const json& workshop = map["features"][0];
  EXPECT_EQ(workshop["type"], "Feature");
  EXPECT_EQ(workshop["id"], "organisations/paja/services/tyopaja");
  EXPECT_EQ(workshop["geometry"], json::parse(R"({"type": "Point", "coordinates": [23.917, 63.899]})"));
  EXPECT_EQ(workshop["properties"], json::parse(R"({
      "title": {"fi": "Työpaja", "sv": "Verkstad", "en": "Workshop"},
      "needs": ["work-ability"], "segments": ["outside-services"], "municipalities": ["217"],
      "without_referral": true, "measure_types": [], "address": "Tehtaankatu 1, 69100 Kannus",
      "valid_from": "2026-01-02",
      "capacity": {"places": 10, "accepting": true, "waiting": 4, "in_service": 9, "wait_weeks": 3,
                   "count_date": "2026-01-02"}})"));
  const json& helpline = map["features"][1];
  EXPECT_TRUE(helpline["geometry"].is_null());
  EXPECT_FALSE(helpline["properties"].contains("capacity"));
  EXPECT_EQ(json::parse(GeoJsonOf({})), json::parse(R"({"type": "FeatureCollection", "features": []})"));
}

}  // namespace
}  // namespace polku::polkuctl
