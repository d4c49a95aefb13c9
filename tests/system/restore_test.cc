// A restored region knows what it does not know: nothing is said twice, and nobody is taken for missing for what is
// gone.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/backup/backup.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_matchers.h"
#include "libs/pipeline/proto_time.h"
#include "libs/store/sqlite/connection.h"
#include "libs/testing/temporary_folder.h"
#include "tests/system/region.h"
#include "tools/polkuctl/session.h"

namespace polku::system_test {
namespace {

namespace network = coordinator_network::v1;
using common::v1::RestoreRecord;
using follow_up::v1::AttendanceStatus;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Property;
using ::testing::SizeIs;
using ::testing::StartsWith;

const absl::CivilDay kMonday(2026, 3, 2);
constexpr auto kPresent = follow_up::v1::ATTENDANCE_STATUS_PRESENT;
constexpr auto kAbsent = follow_up::v1::ATTENDANCE_STATUS_ABSENT;
constexpr Who kService{"organisations/polku", "service"};
constexpr int kBackups = 8;
constexpr std::array<const char*, 4> kServices = {"referral", "assessment", "coordinator-network", "follow-up"};

class Restored : public ::testing::Test {
 protected:
  std::string In(absl::string_view name) const { return absl::StrCat(media_.path(), "/", name); }
  void Backup(const std::string& name) {
    const auto taken = backup::TakeBackup({region_.folder(), In(name), In(name + "-keys"), region_.clock().Now()});
    ASSERT_THAT(taken, IsOk());
    EXPECT_EQ(taken->databases_size(), 4);
  }
  backup::RestoreOptions Of(const std::string& name) {
    backup::RestoreOptions options;
    options.from = In(name);
    options.keys_from = In(name + "-keys");
    options.data_folder = region_.folder();
    options.erasures_folder = region_.config().erasures_folder;
    options.now = region_.clock().Now();
    return options;
  }
  RestoreRecord Restore(const backup::RestoreOptions& options) {
    region_.Close();
    const auto record = backup::Restore(options);
    EXPECT_THAT(record.status(), IsOk());
    region_.Open();
    region_.Rest();
    return record.value_or(RestoreRecord());
  }
  template <class Service, class Request, class Reply>
  Reply Ok(grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Reply*), const Who& who,
           const Request& request) {
    const absl::StatusOr<Reply> reply = region_.Call(method, who, request);
    EXPECT_THAT(reply, IsOk());
    return reply.value_or(Reply());
  }
  void Start(const std::string& measure) {
    follow_up::v1::StartMeasureRequest request;
    request.set_name(measure);
    *request.mutable_start_date() = pipeline::ToProtoDay(kMonday + 1);
    Ok(&FollowUps::StartMeasure, kProvider, request);
    region_.Rest();
  }
  void Mark(const std::string& measure, absl::CivilDay day, AttendanceStatus status) {
    if (region_.clock().Now() < LocalTime(day, 20 * 60)) region_.MoveTo(day, 20);
    follow_up::v1::RecordAttendanceRequest request;
    request.add_marks()->set_measure(measure);
    *request.mutable_marks(0)->mutable_date() = pipeline::ToProtoDay(day);
    request.mutable_marks(0)->set_status(status);
    const auto reply = Ok(&FollowUps::RecordAttendance, kProvider, request);
    ASSERT_EQ(reply.results_size(), 1);
    EXPECT_EQ(reply.results(0).code(), 0) << reply.results(0).message();
    Cover();
  }
  void Cover() {
    follow_up::v1::ReportCompleteThroughRequest request;
    request.set_name("sources/feed");
    *request.mutable_complete_through() = pipeline::ToProto(region_.clock().Now());
    Ok(&FollowUps::ReportCompleteThrough, kProvider, request);
    region_.Rest();
  }
  std::vector<network::Task> Outreach() {
    network::ListWorklistRequest request;
    request.set_coordinator("coordinators/c01");
    std::vector<network::Task> of_kind;
    const auto reply = Ok(&Coordinators::ListWorklist, kCoordinator, request);
    for (const network::Task& task : reply.tasks()) {
      if (task.kind() == network::TASK_KIND_OUTREACH) of_kind.push_back(task);
    }
    return of_kind;
  }
  std::vector<common::v1::DeadLetter> LettersOf(const std::string& service) {
    common::v1::ListDeadLettersRequest request;
    request.set_service(service);
    request.set_page_size(200);
    const auto reply = Ok(&Operators::ListDeadLetters, kOperator, request);
    return {reply.dead_letters().begin(), reply.dead_letters().end()};
  }
  void Discard(const common::v1::DeadLetter& letter) {
    common::v1::DiscardDeadLetterRequest request;
    request.set_name(letter.name());
    request.set_reason(common::v1::DISCARD_REASON_RECORDED_OTHERWISE);
    Ok(&Operators::DiscardDeadLetter, kOperator, request);
    region_.Rest();
  }
  int64_t ParkedIn(const std::string& service) {
    common::v1::GetLagRequest request;
    request.set_service(service);
    return Ok(&Operators::GetLag, kOperator, request).parked_keys();
  }
  void ExpectNoGaps() {
    for (const char* service : kServices) EXPECT_EQ(ParkedIn(service), 0) << service;
  }
  // "clients/C" of somebody new whose referral was accepted.
  std::string Newcomer(int number) {
    referral::v1::SubmitReferralRequest request = region_.Referral();
    referral::v1::Person& person = *request.mutable_referral()->mutable_person();
    person.clear_identity_code();
    person.set_family_name(absl::StrCat("Canary", number));
    person.set_given_names("Eeva");
    *person.mutable_birth_date() = pipeline::ToProtoDay(absl::CivilDay(1952, 10, 13) + number);
    const referral::v1::Referral referral = Ok(&Referrals::SubmitReferral, kReferrer, request);
    referral::v1::AcceptReferralRequest accept;
    accept.set_name(referral.name());
    accept.set_pathway("kainuu-unemployed");
    Ok(&Referrals::AcceptReferral, kIntake, accept);
    return ClientOf(referral.name()).value_or("");
  }
  bool HasJourney(const std::string& client) {
    follow_up::v1::GetJourneyRequest request;
    request.set_client(client);
    return region_.Call(&FollowUps::GetJourney, kLead, request).ok();
  }

  testing::TemporaryFolder media_;
  Region region_{Layout::kAllInOne};
};

TEST_F(Restored, HoldsOutreachAboutWhatItDoesNotKnowUntilAPersonHasDecided) {
  const std::string client = region_.PlannedClient();
  const std::string measure = absl::StrCat(client, "/measures/1");
  region_.MoveTo(kMonday + 1, 8);
  Start(measure);
  Mark(measure, kMonday + 1, kPresent);
  Mark(measure, kMonday + 3, kPresent);
  Backup("thursday");
  Mark(measure, kMonday + 8, kPresent);
  Mark(measure, kMonday + 10, kPresent);
  ASSERT_THAT(Outreach(), SizeIs(0));

  const RestoreRecord record = Restore(Of("thursday"));
  EXPECT_EQ(record.epoch(), 2);
  EXPECT_FALSE(record.loss_unknown());
  // Both marks are gone, and their feed says that all has been told.
  region_.MoveTo(kMonday + 14, 8);
  Cover();
  EXPECT_THAT(Outreach(), SizeIs(0));
  const auto letters = LettersOf("follow-up");
  ASSERT_THAT(letters, Not(::testing::IsEmpty()));
  EXPECT_THAT(letters, Each(Property(&common::v1::DeadLetter::reason, StartsWith(backup::kHeldReason))));
  const auto held =
      std::find_if(letters.begin(), letters.end(), [&](const auto& each) { return each.key() == client; });
  ASSERT_NE(held, letters.end());
  EXPECT_THAT(held->replay_problem(), HasSubstr("discard it"));
  // A start does not hold again what a person has decided, nor let go what nobody has.
  region_.Close();
  region_.Open();
  region_.Rest();
  EXPECT_THAT(LettersOf("follow-up"), SizeIs(letters.size()));

  Mark(measure, kMonday + 8, kAbsent);
  Mark(measure, kMonday + 10, kAbsent);
  for (const common::v1::DeadLetter& letter : letters) Discard(letter);
  EXPECT_THAT(Outreach(), SizeIs(0));
  region_.MoveTo(kMonday + 14, 9);  // What is held is looked at every minute.
  Cover();
  EXPECT_THAT(Outreach(), SizeIs(1));
  ExpectNoGaps();
}

TEST_F(Restored, TellsNoVersionTwiceAndItsPeersGoOn) {
  const std::string known = region_.PlannedClient();
  Backup("before");
  const std::string lost = Newcomer(1);
  region_.Rest();
  const RestoreRecord record = Restore(Of("before"));
  EXPECT_FALSE(HasJourney(lost));
  // Of each service that had heard of the client.
  for (const char* service : kServices) {
    EXPECT_TRUE(std::any_of(record.lost().begin(), record.lost().end(), [&](const auto& each) {
      return each.service() == service && each.key() == lost;
    })) << service;
  }
  common::v1::ReadJournalRequest journal;
  journal.set_service("follow-up");
  journal.set_key(known);
  const auto entries = Ok(&Journals::ReadJournal, kService, journal);
  ASSERT_GT(entries.entries_size(), 0);
  EXPECT_EQ(entries.entries(0).epoch(), 2);
  // What the restored services say next is taken by all.
  region_.MoveTo(kMonday + 1, 8);
  Start(absl::StrCat(known, "/measures/1"));
  EXPECT_TRUE(HasJourney(Newcomer(2)) || (region_.Rest(), true));
  ExpectNoGaps();
  // The same backup once more: its epoch was given.
  EXPECT_EQ(Restore(Of("before")).epoch(), 3);
}

// How many versions of `owner` the copy of `reader` knows that the copy of `owner` does not hold.
int64_t KnownTooEarly(const std::string& folder, const std::string& reader, const std::string& owner) {
  store::sqlite::ConnectionOptions options;
  options.path = absl::StrCat(folder, "/", reader, ".db");
  auto connection = std::move(*store::sqlite::Connection::Open(options));
  const std::string path = absl::StrCat(folder, "/", owner, ".db");
  EXPECT_THAT(connection->Execute(absl::StrCat("ATTACH '", path, "' AS owner")), IsOk());
  const auto count = connection->One(
      absl::StrCat("SELECT COUNT(*) FROM source_version v JOIN name n ON n.id = v.source_id "
                   "JOIN aggregate_key k ON k.id = v.key_id LEFT JOIN owner.aggregate_key ok ON ok.text = k.text "
                   "LEFT JOIN owner.aggregate a ON a.key_id = ok.id WHERE n.text = '",
                   owner, "' AND v.last > IFNULL(a.public_version, 0)"));
  EXPECT_THAT(count.status(), IsOk());
  return std::get<int64_t>(*count);
}

TEST_F(Restored, ABackupOfABusyRegionIsOneInstant) {
  region_.RegisterCoordinatorAndSource();
  std::atomic<bool> enough = false;
  std::vector<std::string> clients;
  std::thread load([&] {
    for (int i = 0; !enough; ++i) clients.push_back(Newcomer(i));
  });
  for (int i = 0; i < kBackups; ++i) Backup(absl::StrCat("busy-", i));
  enough = true;
  load.join();
  region_.Rest();
  for (int i = kBackups - 1; i >= 0; --i) {
    const std::string copies = In(absl::StrCat("busy-", i));
    for (const char* reader : kServices) {
      for (const char* owner : kServices)
        EXPECT_EQ(KnownTooEarly(copies, reader, owner), 0) << reader << " of " << owner;
    }
    const RestoreRecord record = Restore(Of(absl::StrCat("busy-", i)));
    ExpectNoGaps();
    for (const char* service : kServices) {
      EXPECT_THAT(LettersOf(service), Each(Property(&common::v1::DeadLetter::reason, StartsWith(backup::kHeldReason))));
    }
    // Whoever is not told to be gone is there whole.
    for (const std::string& client : clients) {
      const bool gone = std::any_of(record.lost().begin(), record.lost().end(),
                                    [&](const auto& each) { return each.key() == client; });
      EXPECT_TRUE(gone || HasJourney(client)) << client;
    }
    clients.erase(
        std::remove_if(clients.begin(), clients.end(), [&](const std::string& client) { return !HasJourney(client); }),
        clients.end());
  }
}

TEST_F(Restored, WhoWasErasedAfterTheBackupStaysErased) {
  const referral::v1::Referral referral = Ok(&Referrals::SubmitReferral, kReferrer, region_.Referral());
  referral::v1::WithdrawReferralRequest withdraw;
  withdraw.set_name(referral.name());
  withdraw.set_reason(referral::v1::WITHDRAW_REASON_NEED_HAS_CEASED);
  Ok(&Referrals::WithdrawReferral, kReferrer, withdraw);
  region_.MoveTo(absl::CivilDay(2060, 1, 2), 8);
  Backup("before");
  referral::v1::EraseClientRequest erase;
  erase.set_client(*ClientOf(referral.name()));
  Ok(&Referrals::EraseClient, kIntake, erase);
  region_.Rest();
  const RestoreRecord record = Restore(Of("before"));
  EXPECT_GT(record.lost_size(), 0);
  referral::v1::GetReferralRequest get;
  get.set_name(referral.name());
  EXPECT_THAT(region_.Call(&Referrals::GetReferral, kIntake, get), StatusIs(absl::StatusCode::kNotFound));
  // Nothing is left to be recorded again.
  for (const char* service : kServices) EXPECT_THAT(LettersOf(service), SizeIs(0)) << service;
}

TEST_F(Restored, HoldsEverybodyWhenNobodyKnowsWhatIsGone) {
  const std::string client = region_.PlannedClient();
  Backup("only");
  region_.Close();
  std::filesystem::remove_all(region_.folder());
  const RestoreRecord record = Restore(Of("only"));
  EXPECT_TRUE(record.loss_unknown());
  EXPECT_GE(record.epoch(), absl::ToUnixSeconds(region_.clock().Now()));
  const auto letters = LettersOf("follow-up");
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].key(), client);
  EXPECT_TRUE(HasJourney(client));
}

TEST_F(Restored, IsAnOperatorsMatterOfFourCommands) {
  std::ostringstream out;
  std::ostringstream err;
  const auto run = [&](std::vector<std::string> arguments) {
    out.str("");
    err.str("");
    for (const char* common : {"--organisation=organisations/polku", "--user=u1", "--role=operator"}) {
      arguments.insert(arguments.begin(), common);
    }
    arguments.insert(arguments.begin(), absl::StrCat("--server=127.0.0.1:", region_.server().grpc_port()));
    return polkuctl::Run(arguments, out, err);
  };
  const std::string data = absl::StrCat("--data=", region_.folder());
  ASSERT_EQ(run({"backup", data, "--to", In("b"), "--keys-to", In("k")}), polkuctl::kOk) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("coordinator-network"));
  const std::string client = region_.PlannedClient();
  const std::string erasures = absl::StrCat("--erasures=", region_.config().erasures_folder);
  const std::vector<std::string> apply = {"restore", "apply",       data,    "--from",
                                          In("b"),   "--keys-from", In("k"), erasures};
  EXPECT_EQ(run(apply), polkuctl::kRefused);
  EXPECT_THAT(err.str(), HasSubstr("stop the program"));
  EXPECT_EQ(run({"restore", "status", data}), polkuctl::kRefused);
  region_.Close();
  const auto restored = backup::ReadRestoreRecord(region_.folder());
  EXPECT_THAT(restored, StatusIs(absl::StatusCode::kNotFound));
  backup::RestoreOptions options = Of("b");
  options.keys_from = In("k");
  ASSERT_THAT(backup::Restore(options).status(), IsOk());
  region_.Open();
  EXPECT_EQ(run({"restore", "status", data}), polkuctl::kOk) << err.str();
  EXPECT_THAT(out.str(), AllOf(HasSubstr(client), HasSubstr("held")));
  EXPECT_EQ(run({"restore", "release", "--key", "clients/nobody"}), polkuctl::kRefused);
  EXPECT_EQ(run({"restore", "release", "--key", client}), polkuctl::kOk) << err.str();
  EXPECT_EQ(err.str(), "1 released\n");
  EXPECT_EQ(run({"restore", "release", "--all"}), polkuctl::kOk) << err.str();
  EXPECT_EQ(run({"restore", "status", data}), polkuctl::kOk) << err.str();
  EXPECT_THAT(out.str(), ::testing::Not(HasSubstr("held")));
}

TEST_F(Restored, RefusesWhatItCannotRestoreAndLeavesTheFolderAlone) {
  const std::string client = region_.PlannedClient();
  Backup("good");
  EXPECT_THAT(backup::Restore(Of("good")), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("bus.db.lock")));
  region_.Close();
  EXPECT_THAT(backup::Restore(Of("none")), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("backup.json")));
  backup::RestoreOptions without = Of("good");
  without.erasures_folder = In("elsewhere");
  EXPECT_THAT(backup::Restore(without), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("erasures")));
  {
    std::fstream file(In("good/follow-up.db"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(3 * 4096);
    file << std::string(8192, 'x');
  }
  EXPECT_THAT(backup::Restore(Of("good")), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("follow-up.db")));
  EXPECT_THAT(backup::ReadRestoreRecord(region_.folder()), StatusIs(absl::StatusCode::kNotFound));
  region_.Open();
  EXPECT_TRUE(HasJourney(client));
}

TEST_F(Restored, ABackupKeepsKeysApartAndOverwritesNothing) {
  EXPECT_THAT(backup::TakeBackup({region_.folder(), In("a"), In("a"), region_.clock().Now()}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("keys_to")));
  Backup("a");
  for (const auto& entry : std::filesystem::directory_iterator(In("a"))) EXPECT_NE(entry.path().extension(), ".keys");
  EXPECT_THAT(backup::TakeBackup({region_.folder(), In("a"), In("b"), region_.clock().Now()}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("empty")));
  EXPECT_THAT(backup::TakeBackup({In("nowhere"), In("c"), In("d"), region_.clock().Now()}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nowhere")));
}

}  // namespace
}  // namespace polku::system_test
