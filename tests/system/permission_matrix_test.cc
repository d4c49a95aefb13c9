// Every method of every service, in every role, by an organisation that has to do with the client and by one that has
// not, by a person with a token and by a system without: 36 calls a method, over mutual TLS.
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"
#include "libs/base/violation.h"
#include "tests/system/guarded_server.h"
#include "tests/system/permission_rows.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

constexpr char kStranger[] = "organisations/stranger";
constexpr const char* kRoles[] = {"referrer", "intake",   "assessor", "coordinator", "lead",
                                  "provider", "operator", "auditor",  "service"};

// Whom a role acts for where the client is its own.
const char* HomeOf(absl::string_view role) {
  if (role == "referrer") return kReferrer.organisation;
  if (role == "provider") return kProvider.organisation;
  if (role == "operator" || role == "auditor" || role == "service") return kOperator.organisation;
  return kIntake.organisation;
}

std::string UriOf(const std::string& organisation) { return "spiffe://example/" + organisation; }

// Each organisation has every role, so that the permission table alone decides.
std::string Everybody() {
  std::string rows;
  for (const char* organisation : {kReferrer.organisation, kIntake.organisation, kProvider.organisation,
                                   kOperator.organisation, kTaker, kStranger}) {
    absl::StrAppend(&rows, UriOf(organisation), ": {organisation: ", organisation, ", system: system, roles: [",
                    absl::StrJoin(kRoles, ", "), "]}\n");
  }
  return rows;
}

std::string Contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// As the .proto files of this source tree have them.
std::map<std::string, const MethodDescriptor*> AllMethods() {
  const std::filesystem::path root(POLKU_PROTO_FOLDER);
  std::map<std::string, const MethodDescriptor*> methods;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".proto") continue;
    const std::string name = std::filesystem::relative(entry.path(), root).string();
    const FileDescriptor* file = DescriptorPool::generated_pool()->FindFileByName(name);
    if (file == nullptr) {  // The linker leaves out what nothing refers to.
      EXPECT_EQ(Contents(entry.path()).find("\nservice "), std::string::npos)
          << name << " is not linked into this test";
      continue;
    }
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const MethodDescriptor* method = file->service(i)->method(j);
        methods[absl::StrCat(method->service()->full_name(), "/", method->name())] = method;
      }
    }
  }
  return methods;
}

struct Answer {
  absl::Status status;
  std::string content;  // Of the replies.
};

class PermissionMatrix : public ::testing::Test {
 protected:
  void SetUp() override {
    MakeWorld();
    region_.Close();
    server_.config().data_folder = region_.folder();
    server_.config().erasures_folder = region_.config().erasures_folder;
    server_.config().part = region_.config().part;
    server_.config().part.gate.watch_max = absl::Milliseconds(1);  // A stream that is let in ends by itself.
    server_.config().part.gate.organisation_calls_per_second = 1'000'000;
    server_.Start();
  }

  // A client with something of every kind, all of organisations/unit's.
  void MakeWorld();
  template <class Service, class Request, class Reply>
  void Must(grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Reply*), const Who& who,
            const std::string& text) {
    Request request;
    POLKU_CHECK(google::protobuf::TextFormat::ParseFromString(Filled(text), &request));
    const absl::Status status = region_.Call(method, who, request).status();
    ASSERT_TRUE(status.ok()) << status << request.DebugString();
    region_.Rest();
  }
  std::string Filled(const std::string& text) const { return absl::StrReplaceAll(text, {{"$C", client_}}); }

  const std::shared_ptr<grpc::Channel>& ChannelOf(const std::string& organisation) {
    std::shared_ptr<grpc::Channel>& channel = channels_[organisation];
    if (channel == nullptr) channel = server_.ChannelOf(UriOf(organisation));
    return channel;
  }

  Answer Call(const MethodDescriptor& method, const Message& request, const std::string& organisation,
              const std::string& role, bool person);

  Region region_{Layout::kAllInOne};
  std::string client_;
  GuardedServer server_{Everybody(), &region_.clock()};
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
};

void PermissionMatrix::MakeWorld() {
  client_ = region_.PlannedClient();
  region_.MoveTo(absl::CivilDay(2026, 3, 3), 8);
  Must(&FollowUps::StartMeasure, kProvider, R"(name: "$C/measures/1" start_date {year: 2026 month: 3 day: 3})");
  Must(&FollowUps::AgreePause, kProvider, R"(client: "$C" start_date {year: 2026 month: 3 day: 10}
       resume_date {year: 2026 month: 3 day: 12} reason: PAUSE_REASON_ILLNESS)");
  Must(&FollowUps::OfferTransition, kCoordinator, R"(client: "$C" taker: "organisations/taker")");
  Must(&Assessments::StartReassessment, kAssessor, R"(assessment: "$C/assessments/1")");
  Must(&Assessments::RequestConsultation, kAssessor, R"(assessment: "$C/assessments/2" question: "what now"
       basis: "statute" organisation: "organisations/taker")");
  Must(&Coordinators::ScheduleMeeting, kCoordinator, R"(client: "$C" start_time {seconds: 1772618400})");
  Must(&Coordinators::ImportServices, kLead, R"(catalogue {provider: "organisations/provider" services {
       name: "organisations/provider/services/s" title {fi: "Paja" sv: "Verkstad" en: "Workshop"} needs: "work-ability"
       segments: SEGMENT_UNEMPLOYED municipalities: "205"}})");
  Must(&Referrals::GrantPermission, kIntake,
       R"(client: "$C" purpose: "service-chain" organisation: "organisations/taker"
       classes: "plan" valid_from {year: 2026 month: 3 day: 2})");
}

Answer PermissionMatrix::Call(const MethodDescriptor& method, const Message& request, const std::string& organisation,
                              const std::string& role, bool person) {
  grpc::ClientContext context;
  context.AddMetadata("polku-role", role);
  if (person) context.AddMetadata("authorization", "Bearer " + server_.TokenOf(organisation, role));
  const std::string path = absl::StrCat("/", method.service()->full_name(), "/", method.name());
  const auto& channel = ChannelOf(organisation);
  std::unique_ptr<Message> reply(MessageFactory::generated_factory()->GetPrototype(method.output_type())->New());
  if (!method.server_streaming()) {
    const grpc::internal::RpcMethod rpc(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC, channel);
    const grpc::Status status = grpc::internal::BlockingUnaryCall(channel.get(), rpc, &context, request, reply.get());
    return {rpc::FromGrpc(status), reply->ShortDebugString()};
  }
  const grpc::internal::RpcMethod rpc(path.c_str(), grpc::internal::RpcMethod::SERVER_STREAMING, channel);
  const std::unique_ptr<grpc::ClientReader<Message>> stream(
      grpc::internal::ClientReaderFactory<Message>::Create(channel.get(), rpc, &context, request));
  Answer answer;
  while (stream->Read(reply.get())) answer.content += reply->ShortDebugString();
  answer.status = rpc::FromGrpc(stream->Finish());
  return answer;
}

// What an answer tells the caller about its rights, in one letter: as in permission_rows.h, '-' when the role may not,
// 't' when a person's token is needed, '!' when something else is wrong.
char Judged(const Answer& answer) {
  const std::string reason = ReasonOf(answer.status);
  if (reason == "ROLE_NOT_ALLOWED") return '-';
  if (reason == "TOKEN_REQUIRED") return 't';
  if (absl::IsNotFound(answer.status)) return 'h';
  if (absl::IsPermissionDenied(answer.status)) return 'r';
  if (absl::IsUnauthenticated(answer.status) || absl::IsUnavailable(answer.status) || absl::IsInternal(answer.status) ||
      absl::IsUnknown(answer.status) || absl::IsDeadlineExceeded(answer.status)) {
    return '!';
  }
  // A batch answers row by row.
  if (answer.content.find("MEASURE_NOT_FOUND") != std::string::npos ||
      answer.content.find("JOURNEY_NOT_FOUND") != std::string::npos) {
    return 'h';
  }
  return 'o';  // Whatever is wrong with the request or the state, the caller may ask.
}

// By role.
using Letters = std::map<std::string, std::string>;

Letters LettersOf(const PermissionRow& row) {
  Letters letters;
  for (absl::string_view word : absl::StrSplit(row.roles, ' ')) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(word, ':');
    letters[parts.first] = parts.second;
  }
  return letters;
}

char Expected(const Letters& letters, const std::string& role, bool home, bool person) {
  const auto found = letters.find(role);
  if (found == letters.end()) return '-';
  if (!person && found->second.back() != '+') return 't';
  return found->second[home ? 0 : 1];
}

TEST_F(PermissionMatrix, HoldsInEveryCell) {
  const std::map<std::string, const MethodDescriptor*> methods = AllMethods();
  std::map<std::string, const PermissionRow*> rows;
  for (const PermissionRow& row : kPermissionRows) {
    EXPECT_TRUE(rows.emplace(row.method, &row).second) << row.method << " has two rows";
    EXPECT_TRUE(methods.contains(row.method)) << row.method << " is no method";
  }
  int cells = 0;
  for (const auto& [name, method] : methods) {
    const auto found = rows.find(name);
    ASSERT_NE(found, rows.end()) << name << " has no row in tests/system/permission_rows.h";
    const PermissionRow& row = *found->second;
    const Letters expected = LettersOf(row);
    for (const char* role : kRoles) {
      std::unique_ptr<Message> request(MessageFactory::generated_factory()->GetPrototype(method->input_type())->New());
      const std::string text = Filled(row.request);
      ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, request.get())) << name;
      for (const bool home : {false, true}) {  // The stranger first, while there is something to refuse.
        for (const bool person : {true, false}) {
          if (const auto* id = method->input_type()->FindFieldByName("request_id"); id != nullptr) {
            request->GetReflection()->SetString(request.get(), id,
                                                absl::StrFormat("00000000-0000-7000-8000-%012d", ++cells));
          } else {
            ++cells;
          }
          const std::string organisation = !home ? kStranger : row.home != nullptr ? row.home : HomeOf(role);
          const Answer answer = Call(*method, *request, organisation, role, person);
          const char want = Expected(expected, role, home, person);
          EXPECT_EQ(Judged(answer), want == 'e' ? 'o' : want)
              << name << " as " << role << " of " << organisation << (person ? "" : ", without a token") << ": "
              << answer.status;
          if (want == 'e') {
            EXPECT_EQ(answer.content.find(client_), std::string::npos) << name << " as " << role;
          }
        }
      }
    }
  }
  std::cout << "permission matrix: " << methods.size() << " methods, " << cells << " cells\n";
}

}  // namespace
}  // namespace polku::system_test
