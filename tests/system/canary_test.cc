// Strings that are easy to recognise are put into every personal field of the API, and must turn up nowhere but
// in the replies to those who may read them.
#include <gtest/gtest.h>
#include <httplib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/log.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_matchers.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

const std::vector<std::string>& Canaries() {
  static const std::vector<std::string> canaries = {
      "131052-9085",    "Kanarialintunen",      "Keltasiipi",           "+358 50 7654321",     "kanaria@example.org",
      "Kanariakuja 77", "canary in the reason", "canary in the answer", "canary in the choice"};
  return canaries;
}

// The canaries that `text` holds, joined; empty is the promise.
std::string CanariesIn(absl::string_view text) {
  std::string found;
  for (const std::string& canary : Canaries()) {
    if (text.find(canary) != absl::string_view::npos) absl::StrAppend(&found, canary, "; ");
  }
  return found;
}

std::string Contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class Canary : public ::testing::Test {
 protected:
  Canary() {
    SetLogLevel(LogLevel::kDebug);
    SetLogSink([this](const std::string& line) {
      const std::lock_guard<std::mutex> lock(mutex_);
      log_ += line + "\n";
    });
  }
  ~Canary() override {
    SetLogSink(nullptr);
    SetLogLevel(LogLevel::kInfo);
  }

  referral::v1::SubmitReferralRequest Personal() const {
    auto request = region_->Referral();
    request.mutable_referral()->set_reason(Canaries()[6]);
    referral::v1::Person& person = *request.mutable_referral()->mutable_person();
    person.set_identity_code(Canaries()[0]);
    person.set_family_name(Canaries()[1]);
    person.set_given_names(Canaries()[2]);
    person.set_phone(Canaries()[3]);
    person.set_email(Canaries()[4]);
    person.set_postal_address(Canaries()[5]);
    return request;
  }
  // A client with all of it, through all four services.
  std::string Walked() {
    region_->RegisterCoordinatorAndSource();
    const auto sent = region_->Call(&Referrals::SubmitReferral, kReferrer, Personal());
    EXPECT_THAT(sent, IsOk());
    referral::v1::AcceptReferralRequest accept;
    accept.set_name(sent->name());
    accept.set_pathway("kainuu-unemployed");
    accept.set_text(Canaries()[7]);
    EXPECT_THAT(region_->Call(&Referrals::AcceptReferral, kIntake, accept), IsOk());
    region_->Rest();
    coordinator_network::v1::AssignCoordinatorRequest assign;
    assign.set_client(*ClientOf(sent->name()));
    assign.set_coordinator("coordinators/c01");
    assign.set_reason(Canaries()[8]);
    EXPECT_THAT(region_->Call(&Coordinators::AssignCoordinator, kLead, assign), IsOk());
    region_->Rest();
    return sent->name();
  }
  void ExpectNoneInFolder() {
    int files = 0;
    bool client_found = false;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(region_->folder())) {
      if (!entry.is_regular_file()) continue;
      ++files;
      const std::string contents = Contents(entry.path());
      EXPECT_EQ(CanariesIn(contents), "") << entry.path();
      client_found = client_found || contents.find("clients/") != std::string::npos;
    }
    EXPECT_GE(files, 9);  // Four databases, four key files, the bus.
    EXPECT_TRUE(client_found) << "the search finds nothing, not even what is there";
  }

  std::mutex mutex_;
  std::string log_;
  std::unique_ptr<Region> region_ = std::make_unique<Region>();
};

TEST_F(Canary, TheReaderWithARightSeesWhatWasWritten) {
  referral::v1::GetReferralRequest get;
  get.set_name(Walked());
  const auto seen = region_->Call(&Referrals::GetReferral, kIntake, get);
  ASSERT_THAT(seen, IsOk());
  const std::string bytes = seen->SerializeAsString();
  for (size_t i = 0; i + 1 < Canaries().size(); ++i) {
    EXPECT_NE(bytes.find(Canaries()[i]), std::string::npos) << Canaries()[i];
  }
}

TEST_F(Canary, NoFileHoldsPersonalText) {
  Walked();
  ExpectNoneInFolder();
  region_->Close();
  ExpectNoneInFolder();
  region_->Open();
}

TEST_F(Canary, NeitherLogNorMetricsHoldPersonalText) {
  Walked();
  httplib::Client ops("127.0.0.1", region_->server().ops_port());
  const auto metrics = ops.Get("/metrics");
  ASSERT_TRUE(metrics);
  EXPECT_NE(metrics->body.find("polku_rpc_requests_total"), std::string::npos);
  EXPECT_EQ(CanariesIn(metrics->body), "");
  region_->Close();
  region_->Open();
  const std::lock_guard<std::mutex> lock(mutex_);
  EXPECT_NE(log_.find("serving"), std::string::npos);
  EXPECT_EQ(CanariesIn(log_), "");
}

// Each canary in a field where it is wrong: the refusal does not repeat it.
TEST_F(Canary, NoErrorRepeatsPersonalText) {
  Walked();
  std::vector<referral::v1::SubmitReferralRequest> wrong(6, Personal());
  wrong[0].mutable_referral()->mutable_person()->set_identity_code(Canaries()[0] + "X");
  wrong[1].mutable_referral()->mutable_person()->set_phone(Canaries()[1]);
  wrong[2].mutable_referral()->mutable_person()->set_email(Canaries()[2]);
  wrong[3].mutable_referral()->mutable_person()->set_municipality(Canaries()[5]);
  wrong[4].mutable_referral()->mutable_person()->set_language(Canaries()[4]);
  wrong[5].mutable_referral()->add_needs(Canaries()[6]);
  for (const auto& request : wrong) {
    const auto reply = region_->Call(&Referrals::SubmitReferral, kReferrer, request);
    EXPECT_THAT(reply, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(CanariesIn(reply.status().ToString()), "");
  }
  referral::v1::GetReferralRequest get;
  get.set_name(Canaries()[1]);
  const auto reply = region_->Call(&Referrals::GetReferral, kIntake, get);
  EXPECT_EQ(CanariesIn(reply.status().ToString()), "");
  ExpectNoneInFolder();
}

}  // namespace
}  // namespace polku::system_test
