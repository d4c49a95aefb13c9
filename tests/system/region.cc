#include "tests/system/region.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/calendar.h"
#include "libs/base/ids.h"
#include "libs/base/log.h"
#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"
#include "libs/store/postgres/testing/server.h"

namespace polku::system_test {
namespace {

const absl::CivilDay kFirstDay(2026, 3, 2);
constexpr absl::Duration kRestMax = absl::Seconds(30);

template <class Reply>
Reply MustBeOk(absl::StatusOr<Reply> reply) {
  if (!reply.ok()) LogEvent(LogLevel::kError, "a step of the test failed", {{"status", reply.status()}});
  POLKU_CHECK(reply.ok());
  return *std::move(reply);
}

Layout LayoutWished() {
  const char* wished = std::getenv("POLKU_TEST_LAYOUT");
  if (wished == nullptr) return Layout::kAllInOne;
  const absl::string_view layout = wished;
  if (layout == "kafka") return Layout::kServicesOnKafka;
  if (layout == "kafka-postgres") return Layout::kServicesOnKafkaAndPostgres;
  POLKU_CHECK(layout == "replicas");
  return Layout::kReplicas;
}

std::shared_ptr<grpc::Channel> ChannelTo(const host::Host& server) {
  return grpc::CreateChannel(absl::StrCat("127.0.0.1:", server.grpc_port()), grpc::InsecureChannelCredentials());
}

}  // namespace

Region::Region(Layout layout) : layout_(layout), clock_(LocalTime(kFirstDay, 8 * 60)) { Open(); }
Region::Region() : Region(LayoutWished()) {}

Region::~Region() {
  Close();
  for (const std::string& name : databases_) store::postgres::ServerForTests::Get().DropDatabase(name);
}

host::HostConfig Region::config() const {
  host::HostConfig config;
  config.data_folder = data_folder_;
  config.erasures_folder = folder_.path() + "/erasures";
  config.audit_folder = folder_.path() + "/audit";
  config.grpc_listen.port = 0;
  config.ops_listen.port = 0;
  config.definitions = definitions;
  config.access_mode = host::AccessMode::kDevelopment;
  config.part.allow_test_codes = true;
  config.part.providers = {"provider", "other-provider"};
  config.part.pipeline.idle_wait = absl::Milliseconds(1);
  return config;
}

void Region::Open() {
  if (layout_ != Layout::kAllInOne) return OpenOnKafka();
  servers_.push_back(MustBeOk(host::Host::Create(config(), all_in_one::AllParts(), &clock_, &random_)));
  POLKU_CHECK(servers_[0]->Start(nullptr).ok());
  const auto channel = ChannelTo(*servers_[0]);
  for (const auto& part : all_in_one::AllParts()) AddStubs(part->store_options().service, channel);
  operators_ = common::v1::OperatorService::NewStub(channel);
  journals_ = common::v1::JournalService::NewStub(channel);
}

void Region::AddStubs(const std::string& service, const std::shared_ptr<grpc::Channel>& channel) {
  if (service == "referral") {
    referrals_.push_back(referral::v1::ReferralService::NewStub(channel));
  } else if (service == "assessment") {
    assessments_.push_back(assessment::v1::AssessmentService::NewStub(channel));
  } else if (service == "coordinator-network") {
    coordinators_.push_back(coordinator_network::v1::CoordinatorNetworkService::NewStub(channel));
  } else {
    follow_ups_.push_back(follow_up::v1::FollowUpService::NewStub(channel));
  }
}

void Region::UsePostgres(const std::string& service, host::HostConfig& config) {
  auto& server = store::postgres::ServerForTests::Get();
  const std::string name = absl::StrCat(database_prefix_, absl::StrReplaceAll(service, {{"-", "_"}}));
  config.store_kind = host::StoreKind::kPostgres;
  config.migration = host::Migration::kAtStart;
  config.postgres_target = server.Target(absl::StrCat(database_prefix_, "{service}"));
  if (databases_.insert(name).second) server.CreateDatabase(name);
}

void Region::OpenOnKafka() {
  if (broker_ == nullptr) broker_ = MustBeOk(testing::KafkaBroker::Start());
  host::Parts parts = all_in_one::AllParts();
  if (layout_ == Layout::kReplicas) {
    for (std::unique_ptr<host::Part>& part : all_in_one::AllParts()) parts.push_back(std::move(part));
  }
  for (std::unique_ptr<host::Part>& part : parts) {
    const std::string service = part->store_options().service;
    host::HostConfig one = config();
    one.data_folder = absl::StrCat(folder_.path(), "/", service);
    if (layout_ != Layout::kServicesOnKafka) UsePostgres(service, one);
    one.bus_kind = host::BusKind::kKafka;
    one.kafka.bootstrap_servers = broker_->bootstrap_servers();
    one.kafka.ends_interval = absl::ZeroDuration();
    one.kafka.ends_timeout = kRestMax;
    one.create_topics = true;
    host::Parts alone;
    alone.push_back(std::move(part));
    servers_.push_back(MustBeOk(host::Host::Create(one, std::move(alone), &clock_, &random_)));
    POLKU_CHECK(servers_.back()->Start(nullptr).ok());
    AddStubs(service, ChannelTo(*servers_.back()));
  }
}

pipeline::Pipeline& Region::pipeline(absl::string_view service) {
  for (const auto& server : servers_) {
    for (pipeline::Pipeline* pipeline : server->pipelines()) {
      if (pipeline->service() == service) return *pipeline;
    }
  }
  POLKU_CHECK(false);
}

void Region::Close() {
  referrals_.clear();
  assessments_.clear();
  coordinators_.clear();
  follow_ups_.clear();
  servers_.clear();
}

void Region::Rest() {
  const SystemMonotonicClock monotonic;
  std::vector<pipeline::Pipeline*> pipelines;
  for (const auto& server : servers_) {
    const auto some = server->pipelines();
    pipelines.insert(pipelines.end(), some.begin(), some.end());
  }
  POLKU_CHECK(pipeline::WaitDrained(pipelines, monotonic, kRestMax).ok());
}

void Region::MoveTo(absl::CivilDay day, int hour) {
  Rest();
  clock_.Set(LocalTime(day, hour * 60));
  Rest();
}

void Region::Identify(const Who& who, grpc::ClientContext& context) {
  context.AddMetadata("polku-organisation", who.organisation);
  context.AddMetadata("polku-role", who.role);
  context.AddMetadata("polku-user", "test-user");
}

void Region::GiveRequestId(google::protobuf::Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr || !request.GetReflection()->GetString(request, field).empty()) return;
  request.GetReflection()->SetString(&request, field, NewUuidV7(clock_.Now(), random_));
}

void Region::RegisterCoordinatorAndSource() {
  coordinator_network::v1::RegisterCoordinatorRequest coordinator;
  coordinator.set_coordinator_id("c01");
  coordinator.mutable_coordinator()->set_organisation("organisations/unit");
  coordinator.mutable_coordinator()->add_municipalities("205");
  coordinator.mutable_coordinator()->add_languages("fi");
  coordinator.mutable_coordinator()->add_segments(common::v1::SEGMENT_UNEMPLOYED);
  coordinator.mutable_coordinator()->set_capacity(10);
  MustBeOk(Call(&Coordinators::RegisterCoordinator, kLead, coordinator));
  follow_up::v1::RegisterSourceRequest source;
  source.set_source_id("feed");
  source.mutable_source()->set_provider("organisations/provider");
  *source.mutable_source()->mutable_reporting_interval() = pipeline::ToProto(absl::Hours(24));
  MustBeOk(Call(&FollowUps::RegisterSource, kLead, source));
  Rest();
}

referral::v1::SubmitReferralRequest Region::Referral() const {
  referral::v1::SubmitReferralRequest request;
  referral::v1::Referral& referral = *request.mutable_referral();
  referral.set_receiving_unit("organisations/unit");
  referral.set_segment(common::v1::SEGMENT_UNEMPLOYED);
  referral.add_needs("work-ability");
  referral.mutable_person()->set_identity_code("131052-9085");
  referral.mutable_person()->set_municipality("205");
  referral.mutable_person()->set_language("fi");
  return request;
}

std::string Region::AcceptedClient() {
  RegisterCoordinatorAndSource();
  const referral::v1::Referral referral = MustBeOk(Call(&Referrals::SubmitReferral, kReferrer, Referral()));
  referral::v1::AcceptReferralRequest accept;
  accept.set_name(referral.name());
  accept.set_pathway("kainuu-unemployed");
  MustBeOk(Call(&Referrals::AcceptReferral, kIntake, accept));
  Rest();
  coordinator_network::v1::AcceptAssignmentRequest take;
  take.set_client(*ClientOf(referral.name()));
  take.set_coordinator("coordinators/c01");
  MustBeOk(Call(&Coordinators::AcceptAssignment, kCoordinator, take));
  Rest();
  return take.client();
}

assessment::v1::PlannedMeasure Region::Measure() const {
  assessment::v1::PlannedMeasure measure;
  measure.set_type("rehabilitative-work");
  measure.set_provider("organisations/provider");
  measure.set_source("sources/feed");
  *measure.mutable_start_date() = pipeline::ToProtoDay(kFirstDay + 1);
  *measure.mutable_end_date() = pipeline::ToProtoDay(kFirstDay + 120);
  for (const auto day : {google::type::TUESDAY, google::type::THURSDAY}) {
    auto& session = *measure.add_sessions();
    session.set_day(day);
    session.set_start_minute(9 * 60);
    session.set_end_minute(14 * 60);
  }
  return measure;
}

std::string Region::PlannedClient() {
  const std::string client = AcceptedClient();
  assessment::v1::CompleteAssessmentRequest complete;
  complete.set_name(absl::StrCat(client, "/assessments/1"));
  MustBeOk(Call(&Assessments::CompleteAssessment, kAssessor, complete));
  assessment::v1::ProposePlanRequest propose;
  propose.set_assessment(complete.name());
  *propose.add_measures() = Measure();
  const assessment::v1::Plan plan = MustBeOk(Call(&Assessments::ProposePlan, kCoordinator, propose));
  assessment::v1::ApprovePlanRequest approve;
  approve.set_name(plan.name());
  MustBeOk(Call(&Assessments::ApprovePlan, kCoordinator, approve));
  Rest();
  return client;
}

}  // namespace polku::system_test
