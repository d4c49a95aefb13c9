// Every method has a word, every word an example that works.
#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "libs/testing/temporary_folder.h"
#include "polku/assessment/v1/api.grpc.pb.h"
#include "polku/coordinator_network/v1/api.grpc.pb.h"
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "polku/referral/v1/api.grpc.pb.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

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
    if (name == "topics") continue;  // They talk to Kafka: topics_test.
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
      follow_up::v1::GetJourneyRequest::descriptor()->file()};
  for (const auto* file : files) {
    ASSERT_EQ(file->service_count(), 1);
    for (int i = 0; i < file->service(0)->method_count(); ++i) {
      const std::string method =
          absl::StrCat("/", file->service(0)->full_name(), "/", file->service(0)->method(i)->name());
      EXPECT_TRUE(called.contains(method)) << method << " is called by no command's example";
    }
  }
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
