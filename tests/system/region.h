// A whole server in this process, called over gRPC as anybody would, on a clock that the test moves.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/status_macros.h"
#include "libs/pathway/catalogue.h"
#include "libs/rpc/status.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/temporary_folder.h"
#include "polku/common/v1/journal.grpc.pb.h"
#include "polku/common/v1/operator.grpc.pb.h"
#include "services/all-in-one/parts.h"
#include "tests/callers.h"

namespace polku::system_test {

using namespace callers;  // NOLINT
using Operators = common::v1::OperatorService::StubInterface;
using Journals = common::v1::JournalService::StubInterface;

enum class Layout {
  kAllInOne,
  kServicesOnKafka,             // A host for each service, on a real broker and SQLite.
  kServicesOnKafkaAndPostgres,  // The same on a real database server.
  kReplicas,                    // Two hosts for each service there; each call goes to the next one.
};

class Region {
 public:
  // Serves on return, on Monday 2026-03-02 at 08:00 in Helsinki. Aborts when it cannot.
  explicit Region(Layout layout);
  // As POLKU_TEST_LAYOUT says: "kafka", "kafka-postgres" or "replicas".
  Region();
  ~Region();

  // Stops the server, and starts another one on the same folder.
  void Close();
  void Open();

  // All services at rest. Moves the clock first.
  void MoveTo(absl::CivilDay day, int hour);
  void Rest();

  // What the server reads when it opens next; those that are shipped unless set.
  pathway::Folders definitions = {POLKU_DEPLOY_FOLDER "/pathways", POLKU_DEPLOY_FOLDER "/rules",
                                  POLKU_DEPLOY_FOLDER "/instruments"};
  // Of the calls; empty: they bring none.
  std::string traceparent;

  // Sets `request_id` to a new one when the request has an empty one.
  template <class Service, class Request, class Reply>
  absl::StatusOr<Reply> Call(grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Reply*),
                             const Who& who, Request request) {
    grpc::ClientContext context;
    Identify(who, context);
    if (!traceparent.empty()) context.AddMetadata("traceparent", traceparent);
    GiveRequestId(request);
    Reply reply;
    const grpc::Status status = (StubFor(static_cast<Service*>(nullptr)).*method)(&context, request, &reply);
    if (!status.ok()) return rpc::FromGrpc(status);
    return reply;
  }

  const std::string& folder() const { return data_folder_; }
  // Of the process that has all services.
  host::HostConfig config() const;
  host::Host& server() { return *servers_[0]; }
  const std::vector<std::unique_ptr<host::Host>>& servers() const { return servers_; }
  pipeline::Pipeline& pipeline(absl::string_view service);
  // Null without Kafka.
  testing::KafkaBroker* broker() { return broker_.get(); }
  // Of PostgreSQL; empty without it.
  const std::set<std::string>& databases() const { return databases_; }
  const std::string& bootstrap_servers() const { return broker_->bootstrap_servers(); }
  ManualClock& clock() { return clock_; }

  // Steps that many tests take. Each ends at rest.
  void RegisterCoordinatorAndSource();
  referral::v1::SubmitReferralRequest Referral() const;
  // "clients/C" of an accepted referral, taken by coordinators/c01.
  std::string AcceptedClient();
  // An assessed client with an approved plan of rehabilitative work on Tuesdays and Thursdays, 09:00-14:00,
  // from 2026-03-03 on.
  std::string PlannedClient();
  assessment::v1::PlannedMeasure Measure() const;

 private:
  void OpenOnKafka();
  // A database for the service, made the first time.
  void UsePostgres(const std::string& service, host::HostConfig& config);
  static void Identify(const Who& who, grpc::ClientContext& context);
  void GiveRequestId(google::protobuf::Message& request);
  template <class Stub>
  Stub& Next(const std::vector<std::unique_ptr<Stub>>& stubs) {
    return *stubs[calls_++ % stubs.size()];
  }
  Referrals& StubFor(Referrals*) { return Next(referrals_); }
  Assessments& StubFor(Assessments*) { return Next(assessments_); }
  Coordinators& StubFor(Coordinators*) { return Next(coordinators_); }
  FollowUps& StubFor(FollowUps*) { return Next(follow_ups_); }
  Operators& StubFor(Operators*) { return *operators_; }
  Journals& StubFor(Journals*) { return *journals_; }
  void AddStubs(const std::string& service, const std::shared_ptr<grpc::Channel>& channel);

  const Layout layout_;
  testing::TemporaryFolder folder_;
  const std::string data_folder_ = folder_.path() + "/data";
  ManualClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<testing::KafkaBroker> broker_;
  const std::string database_prefix_ = "region_";
  std::set<std::string> databases_;
  std::vector<std::unique_ptr<host::Host>> servers_;
  // One for each host that has the service.
  std::vector<std::unique_ptr<Referrals>> referrals_;
  std::vector<std::unique_ptr<Assessments>> assessments_;
  std::vector<std::unique_ptr<Coordinators>> coordinators_;
  std::vector<std::unique_ptr<FollowUps>> follow_ups_;
  // Of the process that has all services.
  std::unique_ptr<Operators> operators_;
  std::unique_ptr<Journals> journals_;
  size_t calls_ = 0;
};

}  // namespace polku::system_test
