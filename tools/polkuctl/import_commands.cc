// polkuctl import referrals, import attendance.
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/base/random.h"
#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "polku/referral/v1/api.grpc.pb.h"
#include "tools/polkuctl/import_key.h"
#include "tools/polkuctl/import_outcome.h"
#include "tools/polkuctl/import_rows.h"
#include "tools/polkuctl/input.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using polku::follow_up::v1::AttendanceMark;
using polku::follow_up::v1::FollowUpService;
using polku::referral::v1::Referral;
using polku::referral::v1::ReferralService;

// As many marks as RecordAttendance takes.
constexpr int kMarksPerCallMax = 1000;

struct Options {
  std::string file;
  std::string key_file;
  int marks_per_call = kMarksPerCallMax;
  bool dry_run = false;
};

std::string DefaultKeyFile() {
  const char* home = std::getenv("HOME");
  return absl::StrCat(home == nullptr ? "." : home, "/.polku-import.key");
}

// When the newest referral that the server knows was made; by the server's clock, so ours does not matter.
absl::StatusOr<absl::Time> NewestReferral(Session& session, ReferralService::Stub& stub) {
  polku::referral::v1::ListReferralsRequest request;
  request.set_page_size(1);
  const auto page = session.Call(&ReferralService::Stub::ListReferrals, stub, request);
  if (!page.ok()) return page.status();
  if (page->referrals().empty()) return absl::InfinitePast();
  return pipeline::FromProto(page->referrals(0).create_time());
}

void SendReferrals(const std::vector<ImportRow<Referral>>& rows, const std::string& key, Session& session,
                   Outcome& outcome) {
  const auto stub = session.Connect<ReferralService>();
  const absl::StatusOr<absl::Time> newest = NewestReferral(session, *stub);
  if (!newest.ok()) return session.Fail(newest.status());
  std::set<std::string> sent;
  for (const ImportRow<Referral>& row : rows) {
    polku::referral::v1::SubmitReferralRequest request;
    *request.mutable_referral() = row.message;
    session.request_id = RequestIdOf(key, row.message.SerializeAsString());
    const auto referral = session.Call(&ReferralService::Stub::SubmitReferral, *stub, request);
    if (!referral.ok()) {
      if (ConcernsAll(referral.status())) return Stop(session, row.line, referral.status());
      outcome.Refused(RefusalOf(row.line, referral.status(), ReferralColumns()));
      continue;
    }
    // The reply to a request id that the server knows is the one of then.
    const bool again = !sent.insert(session.request_id).second;
    const bool known = again || pipeline::FromProto(referral->create_time()) <= *newest;
    known ? outcome.Already(1) : outcome.Imported(1);
  }
}

absl::Status StatusOf(const google::rpc::Status& result) {
  return rpc::FromGrpc(
      grpc::Status(static_cast<grpc::StatusCode>(result.code()), result.message(), result.SerializeAsString()));
}

// Marks need no ids of their own: the server knows a mark by what it says, for as long as the measure lives.
void SendMarks(const std::vector<ImportRow<AttendanceMark>>& rows, int marks_per_call, Session& session,
               Outcome& outcome) {
  const auto stub = session.Connect<FollowUpService>();
  for (size_t first = 0; first < rows.size(); first += marks_per_call) {
    const size_t end = std::min(rows.size(), first + marks_per_call);
    polku::follow_up::v1::RecordAttendanceRequest request;
    for (size_t i = first; i < end; ++i) *request.add_marks() = rows[i].message;
    const auto reply = session.Call(&FollowUpService::Stub::RecordAttendance, *stub, request);
    if (!reply.ok()) return Stop(session, rows[first].line, reply.status());
    if (reply->results_size() != request.marks_size()) {
      return Stop(session, rows[first].line, absl::InternalError("the reply does not answer every mark"));
    }
    int taken = 0;
    std::optional<size_t> stopped;
    for (size_t i = first; i < end; ++i) {
      const absl::Status status = StatusOf(reply->results(static_cast<int>(i - first)));
      if (status.ok()) ++taken;
      if (!status.ok() && !ConcernsAll(status)) outcome.Refused(RefusalOf(rows[i].line, status, AttendanceColumns()));
      if (ConcernsAll(status) && !stopped.has_value()) stopped = i;
    }
    outcome.Already(reply->unchanged_size());
    outcome.Imported(taken - reply->unchanged_size());
    if (stopped.has_value()) {
      return Stop(session, rows[*stopped].line, StatusOf(reply->results(static_cast<int>(*stopped - first))));
    }
  }
}

void AddFile(CLI::App& command, Options& options) {
  command.add_option("file", options.file, "CSV with a header line, UTF-8; - is standard input")
      ->required()
      ->type_name("FILE");
  command.add_flag("--dry-run", options.dry_run, "check what can be checked here, send nothing");
}

void RequireNoRequestId(const Session& session) {
  if (!session.request_id.empty()) throw CLI::ValidationError("--request-id", "an import has one for each line");
}

void AddReferrals(CLI::App& import, Session& session) {
  CLI::App* command =
      AddCommand(import, "referrals", "A referral per line. The same file again within 7 days changes nothing.", "");
  auto options = std::make_shared<Options>();
  options->key_file = DefaultKeyFile();
  AddFile(*command, *options);
  command
      ->add_option(
          "--key-file", options->key_file,
          "secret that tells a line sent before; made when it is missing; share it with whoever repeats the file")
      ->envname("POLKU_IMPORT_KEY_FILE")
      ->capture_default_str();
  command->footer(
      "Columns: receiving_unit, segment, needs, identity_code or birth_date, municipality, ...: see README.\n"
      "Example:\n  polkuctl --role referrer import referrals referrals.csv");
  command->callback([options, &session] {
    RequireNoRequestId(session);
    const auto file = ReadFile(options->file, &ReadReferrals);
    Outcome outcome(session, file.refusals);
    if (options->dry_run) return outcome.TellDryRun(file.rows.size());
    SystemRandom random;
    SendReferrals(file.rows, Parsed(ReadOrMakeKey(options->key_file, random), "--key-file"), session, outcome);
    outcome.Tell();
  });
}

void AddAttendance(CLI::App& import, Session& session) {
  CLI::App* command = AddCommand(import, "attendance", "A mark per line. The same file again changes nothing.",
                                 "--role provider import attendance attendance.csv");
  auto options = std::make_shared<Options>();
  AddFile(*command, *options);
  command->add_option("--batch", options->marks_per_call, "marks per call")
      ->check(CLI::Range(1, kMarksPerCallMax))
      ->capture_default_str();
  command->callback([options, &session] {
    RequireNoRequestId(session);
    const auto file = ReadFile(options->file, &ReadAttendance);
    Outcome outcome(session, file.refusals);
    if (options->dry_run) return outcome.TellDryRun(file.rows.size());
    SendMarks(file.rows, options->marks_per_call, session, outcome);
    outcome.Tell();
  });
}

}  // namespace

void AddImportCommands(CLI::App& app, Session& session) {
  CLI::App* import = AddCommand(app, "import", "From a spreadsheet: referrals, attendance.",
                                "--role provider import attendance attendance.csv");
  import->require_subcommand(1);
  AddReferrals(*import, session);
  AddAttendance(*import, session);
}

}  // namespace polku::polkuctl
