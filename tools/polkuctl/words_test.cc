// Every method has a word, every word an example that works.
#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/violation.h"
#include "libs/rpc/status.h"
#include "libs/testing/temporary_folder.h"
#include "polku/assessment/v1/api.grpc.pb.h"
#include "polku/common/v1/operator.grpc.pb.h"
#include "polku/coordinator_network/v1/api.grpc.pb.h"
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "polku/referral/v1/api.grpc.pb.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Notes which methods are called, and is away to all of them.
class Away : public grpc::CallbackGenericService {
 public:
  Away() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
  }
  ~Away() override { server_->Shutdown(); }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }
  std::set<std::string> called() {
    absl::MutexLock lock(&mutex_);
    return called_;
  }

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    class Refusal : public grpc::ServerGenericBidiReactor {
     public:
      Refusal() { Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "away")); }
      void OnDone() override { delete this; }
    };
    absl::MutexLock lock(&mutex_);
    called_.insert(context->method());
    return new Refusal();
  }

 private:
  int port_ = 0;
  absl::Mutex mutex_;
  std::set<std::string> called_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

// CLI11 lends a command without footer the one of its parent: an example counts only if it is of the command itself.
void RunExamples(CLI::App& app, const std::string& path, const std::string& server) {
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    const std::string name = path.empty() ? command->get_name() : path + " " + command->get_name();
    // They talk to Kafka, topics_test, and about a folder, system_restore_test and pathways_test.
    if (name == "topics" || name == "backup" || name == "restore" || name == "pathways") continue;
    const std::string start = "Example:\n  polkuctl ";
    const std::string help = command->help();
    const size_t found = help.find(start);
    EXPECT_FALSE(command->get_description().empty()) << name;
    ASSERT_NE(found, std::string::npos) << name;
    const std::string example =
        help.substr(found + start.size(), help.find('\n', found + start.size()) - found - start.size());
    EXPECT_THAT(example, HasSubstr(name));
    std::vector<std::string> arguments = CLI::detail::split_up(example);
    arguments.insert(arguments.begin(), {"--server", server});
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(polkuctl::Run(arguments, out, err), kUnreachable) << example << "\n" << err.str();
    RunExamples(*command, name, server);
  }
}

TEST(Words, HaveExamplesThatWorkAndLeaveOutNoMethod) {
  const testing::TemporaryFolder keys;
  ASSERT_EQ(setenv("POLKU_IMPORT_KEY_FILE", absl::StrCat(keys.path(), "/key").c_str(), 1), 0);
  ASSERT_EQ(chdir(POLKU_POLKUCTL_EXAMPLES), 0);  // Where the files of the examples are.
  Away away;
  std::ostringstream out;
  Session session(out, out);
  RunExamples(*MakeApp(session), "", away.address());
  const std::set<std::string> called = away.called();
  const google::protobuf::FileDescriptor* const files[] = {
      referral::v1::GetReferralRequest::descriptor()->file(), assessment::v1::GetPlanRequest::descriptor()->file(),
      coordinator_network::v1::GetMeetingRequest::descriptor()->file(),
      follow_up::v1::GetJourneyRequest::descriptor()->file(), common::v1::GetLagRequest::descriptor()->file()};
  for (const auto* file : files) {
    ASSERT_EQ(file->service_count(), 1);
    for (int i = 0; i < file->service(0)->method_count(); ++i) {
      const std::string method =
          absl::StrCat("/", file->service(0)->full_name(), "/", file->service(0)->method(i)->name());
      EXPECT_TRUE(called.contains(method)) << method << " is called by no command's example";
    }
  }
}

TEST(Health, TellsWhichServersServeAndWhichDoNot) {
  const Away away;  // Made while servers get no health service of their own.
  grpc::EnableDefaultHealthCheckService(true);
  int port = 0;
  referral::v1::ReferralService::Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  grpc::EnableDefaultHealthCheckService(false);
  server->GetHealthCheckService()->SetServingStatus(true);
  const std::string good = absl::StrCat("127.0.0.1:", port);
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(polkuctl::Run({"health", "--server", good}, out, err), kOk);
  EXPECT_EQ(polkuctl::Run({"health", "--servers", absl::StrCat(away.address(), ",", good)}, out, err), kUnreachable);
  EXPECT_EQ(out.str(), absl::StrCat(good, " serves\n", good, " serves\n"));
  EXPECT_THAT(err.str(), HasSubstr(away.address()));
  server->GetHealthCheckService()->SetServingStatus(false);
  EXPECT_EQ(polkuctl::Run({"health", "--server", good}, out, err), kUnreachable);
}

// A referral service that answers a few methods.
class Referrals : public referral::v1::ReferralService::Service {
 public:
  Referrals() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--server", absl::StrCat("127.0.0.1:", port_)});
    return polkuctl::Run(arguments, out, err);
  }

  grpc::Status SplitClient(grpc::ServerContext*, const referral::v1::SplitClientRequest* request,
                           referral::v1::ClientSummary*) override {
    split = *request;
    return grpc::Status::OK;
  }
  grpc::Status FindClient(grpc::ServerContext*, const referral::v1::FindClientRequest* request,
                          referral::v1::ClientRecord* record) override {
    record->set_name(request->identity_code() == "131052-9085" ? "clients/c" : "");
    return grpc::Status::OK;
  }
  // Two changes and the end.
  grpc::Status WatchReferrals(grpc::ServerContext*, const referral::v1::WatchReferralsRequest* request,
                              grpc::ServerWriter<referral::v1::WatchReferralsResponse>* writer) override {
    for (const int number : {1, 2}) {
      referral::v1::WatchReferralsResponse told;
      told.mutable_referral()->set_name(absl::StrCat("clients/c/referrals/", number));
      told.mutable_referral()->set_receiving_unit("organisations/unit");
      told.mutable_referral()->set_state(referral::v1::REFERRAL_STATE_IN_SERVICE);
      told.set_resume_token(absl::StrCat(request->resume_token(), "token", number));
      writer->Write(told);
    }
    referral::v1::WatchReferralsResponse end;
    end.set_caught_up(true);
    end.set_resume_token(absl::StrCat(request->resume_token(), "token3"));
    writer->Write(end);
    return stops ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "stops") : grpc::Status::OK;
  }

  referral::v1::SplitClientRequest split;
  bool stops = false;
  std::ostringstream out;
  std::ostringstream err;

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// The operator's side of a program with these services.
class Operated : public common::v1::OperatorService::Service {
 public:
  explicit Operated(std::vector<std::string> services) : services_(std::move(services)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

  grpc::Status ListServices(grpc::ServerContext*, const common::v1::ListServicesRequest*,
                            common::v1::ListServicesResponse* reply) override {
    reply->mutable_services()->Add(services_.begin(), services_.end());
    return grpc::Status::OK;
  }
  grpc::Status ListDeadLetters(grpc::ServerContext*, const common::v1::ListDeadLettersRequest* request,
                               common::v1::ListDeadLettersResponse* reply) override {
    reply->add_dead_letters()->set_name(absl::StrCat("services/", request->service(), "/dead-letters/1"));
    reply->mutable_dead_letters(0)->set_reason("why");
    if (request->page_token().empty()) reply->set_next_page_token("token");
    return grpc::Status::OK;
  }
  grpc::Status ReplayDeadLetter(grpc::ServerContext*, const common::v1::ReplayDeadLetterRequest* request,
                                common::v1::JudgedDeadLetter* reply) override {
    const std::string service = std::vector<std::string>(absl::StrSplit(request->name(), '/'))[1];
    if (std::find(services_.begin(), services_.end(), service) == services_.end()) {
      return rpc::ToGrpc(WithReason(absl::NotFoundError("not here"), "SERVICE_NOT_HERE"), "");
    }
    reply->set_set_aside_again(absl::EndsWith(request->name(), "/2"));
    return grpc::Status::OK;
  }
  grpc::Status GetLag(grpc::ServerContext*, const common::v1::GetLagRequest* request, common::v1::Lag* reply) override {
    reply->set_service(request->service());
    reply->set_parked_keys(7);
    auto& partition = *reply->add_partitions();
    partition.set_topic("topic");
    partition.set_next_offset(3);
    if (request->service() == "follow-up") {
      reply->set_bus_problem("no answer");
    } else {
      partition.set_end_offset(5);
      partition.set_behind(2);
    }
    return grpc::Status::OK;
  }

 private:
  const std::vector<std::string> services_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(Operator, IsToldOfEveryServiceOfEveryProgram) {
  const Operated one({"referral", "assessment"});
  const Operated other({"follow-up"});
  const std::string servers = absl::StrCat(one.address(), ",", other.address());
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(polkuctl::Run({"lag", "--servers", servers}, out, err), kOk);
  EXPECT_EQ(out.str(),
            "SERVICE     TOPIC  PARTITION  NEXT_OFFSET  END_OFFSET  BEHIND  COVERED_UNTIL\n"
            "referral    topic  0          3            5           2\n"
            "assessment  topic  0          3            5           2\n"
            "follow-up   topic  0          3            ?           ?\n"
            "\n"
            "SERVICE     DEAD_LETTERS  PARKED_KEYS  OUTBOX_ROWS\n"
            "referral    0             7            0\n"
            "assessment  0             7            0\n"
            "follow-up   0             7            0\n");
  EXPECT_EQ(err.str(), "follow-up: ends are not known: no answer\n");
  out.str("");
  err.str("");
  EXPECT_EQ(polkuctl::Run({"dead-letters", "list", "--servers", servers}, out, err), kOk);
  EXPECT_THAT(out.str(),
              AllOf(HasSubstr("services/referral/dead-letters/1"), HasSubstr("services/assessment/dead-letters/1"),
                    HasSubstr("services/follow-up/dead-letters/1")));
  EXPECT_THAT(err.str(), HasSubstr("more: --service follow-up --page-token token\n"));
}

TEST(Operator, IsToldOfTheOtherProgramsWhenOneIsAway) {
  const Operated other({"follow-up"});
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(polkuctl::Run({"lag", "--servers", absl::StrCat("127.0.0.1:1,", other.address())}, out, err), kUnreachable);
  EXPECT_THAT(err.str(), HasSubstr("127.0.0.1:1: "));
  EXPECT_THAT(out.str(), HasSubstr("follow-up"));
}

// One of several programs: it says that it has one service, and notes who asks it for a coordinator all the same.
class Part {
 public:
  explicit Part(const std::string& service) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&network_);
    server_ = builder.BuildAndStart();
    server_->GetHealthCheckService()->SetServingStatus(service, true);
    grpc::EnableDefaultHealthCheckService(false);
  }
  ~Part() { server_->Shutdown(); }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }
  bool called() const { return network_.called; }

 private:
  struct Network : coordinator_network::v1::CoordinatorNetworkService::Service {
    grpc::Status GetCoordinator(grpc::ServerContext*, const coordinator_network::v1::GetCoordinatorRequest*,
                                coordinator_network::v1::Coordinator*) override {
      called = true;
      return grpc::Status::OK;
    }
    std::atomic<bool> called = false;
  };
  Network network_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(SeveralPrograms, ACommandFindsTheOneThatHasItsService) {
  const Part one("polku.referral.v1.ReferralService");
  const Part other("polku.coordinator_network.v1.CoordinatorNetworkService");
  std::ostringstream out;
  std::ostringstream err;
  const std::string servers = absl::StrCat("127.0.0.1:1,", one.address(), ",", other.address());
  EXPECT_EQ(polkuctl::Run({"coordinators", "show", "coordinators/a", "--servers", servers}, out, err), kOk)
      << err.str();
  EXPECT_FALSE(one.called());
  EXPECT_TRUE(other.called());
}

TEST(Operator, FindsTheProgramThatHasTheDeadLetter) {
  const Operated one({"referral"});
  const Operated other({"follow-up"});
  const std::string servers = absl::StrCat(one.address(), ",", other.address());
  std::ostringstream out;
  std::ostringstream err;
  const auto replay = [&](const std::string& name) {
    return polkuctl::Run({"dead-letters", "replay", name, "--servers", servers}, out, err);
  };
  EXPECT_EQ(replay("services/follow-up/dead-letters/1"), kOk);
  EXPECT_EQ(err.str(), "");
  EXPECT_EQ(replay("services/follow-up/dead-letters/2"), kRefused);
  EXPECT_THAT(err.str(), HasSubstr("set aside again"));
  EXPECT_EQ(replay("services/assessment/dead-letters/1"), kRefused);
  EXPECT_THAT(err.str(), HasSubstr("SERVICE_NOT_HERE"));
}

TEST(From, IsTheRequestWithWhatWasTypedOnTop) {
  ASSERT_EQ(chdir(POLKU_POLKUCTL_EXAMPLES), 0);
  Referrals service;
  EXPECT_EQ(service.Run({"clients", "split", "clients/c", "--referrals", "clients/c/referrals/2", "--text", "two",
                         "--from", "split.json"}),
            kOk);
  EXPECT_EQ(service.split.client(), "clients/c");
  EXPECT_EQ(service.split.referrals(0), "clients/c/referrals/2");
  EXPECT_EQ(service.split.text(), "two");
  EXPECT_EQ(service.split.person().given_names(), "Eeva");
}

TEST(From, IsNotRepeatedWhenItIsWrong) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.path() + "/person.json";
  std::ofstream(path) << "{\"person\": {\"identity_code\": 131052-9085}}";
  Referrals service;
  EXPECT_EQ(service.Run({"clients", "split", "clients/c", "--text", "two", "--from", path}), kUsage);
  EXPECT_THAT(service.err.str(), HasSubstr("--from"));
  EXPECT_THAT(service.err.str(), Not(HasSubstr("9085")));
}

TEST(Find, TakesTheIdentityCodeFromAFile) {
  ASSERT_EQ(chdir(POLKU_POLKUCTL_EXAMPLES), 0);
  Referrals service;
  EXPECT_EQ(service.Run({"clients", "find", "--identity-code-file", "identity-code.txt"}), kOk);
  EXPECT_EQ(service.out.str(), "name: clients/c\n");
  EXPECT_EQ(service.Run({"clients", "find", "--identity-code-file", "none.txt"}), kUsage);
}

TEST(Watch, TellsALineAChangeAndWhereToGoOn) {
  Referrals service;
  EXPECT_EQ(service.Run({"referrals", "watch", "--until-caught-up"}), kOk);
  EXPECT_EQ(service.out.str(),
            "in-service  clients/c/referrals/1  organisations/unit\n"
            "in-service  clients/c/referrals/2  organisations/unit\n");
  EXPECT_EQ(service.err.str(), "to go on: --resume-token token3\n");
  service.err.str("");
  EXPECT_EQ(service.Run({"referrals", "watch", "--resume-token", "before-"}), kOk);
  EXPECT_EQ(service.err.str(), "to go on: --resume-token before-token3\n");
  service.err.str("");
  service.stops = true;
  EXPECT_EQ(service.Run({"referrals", "watch"}), kUnreachable);
  EXPECT_THAT(service.err.str(), HasSubstr("--resume-token token3\n"));
}

}  // namespace
}  // namespace polku::polkuctl
