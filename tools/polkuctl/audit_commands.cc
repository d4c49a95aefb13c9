// polkuctl audit report and verify: of all services behind the addresses that are named.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "libs/audit/checkpoint.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/proto_time.h"
#include "polku/common/v1/audit.grpc.pb.h"
#include "tools/polkuctl/operator_calls.h"

namespace polku::polkuctl {
namespace {

using namespace polku::common::v1;  // NOLINT
using Stub = AuditService::Stub;

const std::vector<std::string> kColumns = {"time",   "service",  "organisation", "user",       "role",    "purpose",
                                           "action", "resource", "outcome",      "request_id", "trace_id"};

std::string Quoted(const std::string& cell) {
  return absl::StrCat("\"", absl::StrReplaceAll(cell, {{"\"", "\"\""}}), "\"");
}

// As RFC 4180.
std::string CsvLine(const std::vector<std::string>& cells) {
  return absl::StrCat(absl::StrJoin(cells, ",",
                                    [](std::string* out, const std::string& cell) {
                                      const bool plain = cell.find_first_of(",\"\r\n") == std::string::npos;
                                      absl::StrAppend(out, plain ? cell : Quoted(cell));
                                    }),
                      "\r\n");
}

void PrintCsv(const ListAuditRowsResponse& all, Session& session) {
  session.out << CsvLine(kColumns);
  for (const AuditEntry& row : all.rows()) {
    std::vector<std::string> cells = {
        absl::FormatTime("%Y-%m-%dT%H:%M:%E3S%Ez", pipeline::FromProto(row.time()), Helsinki())};
    for (size_t i = 1; i < kColumns.size(); ++i) {
      cells.push_back(row.GetReflection()->GetString(row, AuditEntry::descriptor()->FindFieldByName(kColumns[i])));
    }
    session.out << CsvLine(cells);
  }
}

absl::Status ReadRows(Session& session, const Place& place, ListAuditRowsRequest request, ListAuditRowsResponse& all) {
  const auto stub = AuditService::NewStub(session.ChannelTo(place.server));
  request.set_service(place.service);
  do {
    ASSIGN_OR_RETURN(const ListAuditRowsResponse page, session.Call(&Stub::ListAuditRows, *stub, request));
    all.mutable_rows()->MergeFrom(page.rows());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

void AddReport(CLI::App& audit, Session& session) {
  CLI::App* report =
      AddCommand(audit, "report", "Who handled or saw a client's data, oldest first; leaves a trace itself.",
                 "--role auditor audit report --client clients/C --from 2026-01-01 --csv");
  auto request = std::make_shared<ListAuditRowsRequest>();
  auto csv = std::make_shared<bool>(false);
  report
      ->add_option_function<std::string>(
          "--client", [request](const std::string& client) { request->set_client(client); }, "\"clients/C\"")
      ->required();
  report->add_option_function<std::string>(
      "--from",
      [request, &session](const std::string& text) {
        *request->mutable_from_time() = Parsed(ParseDayOrInstant(text, session.Now()), "--from");
      },
      "a day or an instant; none: two years ago");
  report->add_option_function<std::string>(
      "--to",
      [request, &session](const std::string& text) {
        *request->mutable_to_time() = Parsed(ParseDayOrInstant(text, session.Now()), "--to");
      },
      "a day or an instant, which is left out; none: now");
  report->add_option_function<std::string>(
      "--reason",
      [request](const std::string& text) { request->set_reason(Parsed(ParseEnumAs<AuditReason>(text), "--reason")); },
      "why older rows are needed: suspicion, authority, own-rights");
  report->add_flag("--csv", *csv, "comma separated values, for a spreadsheet");
  const auto only = AddService(*report);
  report->callback([request, csv, only, &session] {
    ListAuditRowsResponse all;
    ForEachService(*only, session, [&](const Place& place) { return ReadRows(session, place, *request, all); });
    // A report that lacks a service would look whole.
    if (session.exit_code != kOk) return;
    std::stable_sort(all.mutable_rows()->begin(), all.mutable_rows()->end(),
                     [](const AuditEntry& a, const AuditEntry& b) {
                       return pipeline::FromProto(a.time()) < pipeline::FromProto(b.time());
                     });
    if (*csv) return PrintCsv(all, session);
    session.ShowPage(all,
                     {"time", "service", "organisation", "user", "role", "purpose", "action", "resource", "outcome"});
  });
}

// What one service says of its chain.
struct Chain {
  std::vector<audit::VerifiedSeal> seals;
  VerifyAuditResponse last;
};

absl::StatusOr<Chain> ReadChain(Session& session, const Place& place) {
  const auto stub = AuditService::NewStub(session.ChannelTo(place.server));
  Chain chain;
  VerifyAuditRequest request;
  request.set_service(place.service);
  do {
    ASSIGN_OR_RETURN(chain.last, session.Call(&Stub::VerifyAudit, *stub, request));
    for (const AuditSeal& seal : chain.last.seals()) chain.seals.push_back({seal.number(), seal.rows(), seal.link()});
    if (!chain.seals.empty()) request.set_after_seal(chain.seals.back().number);
  } while (chain.last.more());
  return chain;
}

std::string WordsFor(const AuditProblem& problem) {
  switch (problem.kind()) {
    case AuditProblem::KIND_CHANGED:
      return absl::StrCat("row ", problem.row(), " was changed (seal ", problem.seal(), ")");
    case AuditProblem::KIND_DELETED:
      return absl::StrCat("row ", problem.row(), " was deleted (seal ", problem.seal(), ")");
    case AuditProblem::KIND_INSERTED:
      return absl::StrCat("row ", problem.row(), " was inserted: it was never sealed");
    default:
      return absl::StrCat("seal ", problem.seal(), " is missing or says something else than its rows");
  }
}

std::string WordsFor(const audit::Contradiction& found, int64_t rows, int64_t epoch) {
  const std::string line = absl::StrCat("checkpoint in line ", found.line);
  switch (found.kind) {
    case audit::Contradiction::Kind::kWrongKey:
      return "no checkpoint is signed by this key";
    case audit::Contradiction::Kind::kForged:
      return absl::StrCat(line, " is not signed by the service");
    case audit::Contradiction::Kind::kCutTail:
    case audit::Contradiction::Kind::kFork: {
      const std::string what =
          found.kind == audit::Contradiction::Kind::kFork
              ? absl::StrCat("the chain forks from the ", line)
              : absl::StrCat("the end was cut off: the ", line, " knows ", found.rows, " rows and there are ", rows);
      // A restore does that, too, and says so in its record.
      const std::string restored =
          found.epoch < epoch ? absl::StrCat("; the database was restored since (epoch ", epoch, ")") : "";
      return absl::StrCat(what, "; the first bad row comes after row ", found.known, " of the chain", restored);
    }
  }
  return line;
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Empty when nothing speaks against it.
absl::StatusOr<std::string> CompareWithFiles(const std::string& folder, const std::string& keys, const Place& place,
                                             const Chain& chain) {
  ASSIGN_OR_RETURN(const std::vector<std::string> known,
                   audit::ReadPublicKeys(absl::StrCat(keys, "/", place.service, ".audit-key.pub")));
  const std::string text = Contents(absl::StrCat(folder, "/", place.service, ".checkpoints"));
  if (text.empty() && !chain.seals.empty()) return absl::StrCat("no checkpoints of it in ", folder);
  const auto found = audit::Compare(text, known, place.service, chain.seals);
  return found.has_value() ? WordsFor(*found, chain.seals.empty() ? 0 : chain.seals.back().rows, chain.last.epoch())
                           : std::string();
}

void AddVerify(CLI::App& audit, Session& session) {
  CLI::App* verify = AddCommand(audit, "verify", "Whether the audit rows are those that were written.",
                                "--role auditor audit verify --checkpoints /mnt/kept-elsewhere");
  auto folder = std::make_shared<std::string>();
  auto keys = std::make_shared<std::string>();
  verify->add_option("--checkpoints", *folder, "folder of the signed checkpoints; without it a cut end is not seen");
  verify->add_option("--keys", *keys, "folder of the public keys; none: that of --checkpoints");
  const auto only = AddService(*verify);
  verify->callback([folder, keys, only, &session] {
    bool bad = false;
    ForEachService(*only, session, [&](const Place& place) -> absl::Status {
      ASSIGN_OR_RETURN(const Chain chain, ReadChain(session, place));
      std::string problem;
      if (chain.last.has_problem()) problem = WordsFor(chain.last.problem());
      if (problem.empty() && !folder->empty()) {
        ASSIGN_OR_RETURN(problem, CompareWithFiles(*folder, keys->empty() ? *folder : *keys, place, chain));
      }
      bad = bad || !problem.empty();
      session.out << place.service << ": "
                  << (problem.empty() ? absl::StrCat("whole, ", chain.seals.empty() ? 0 : chain.seals.back().rows,
                                                     " rows, ", chain.last.unsealed_rows(), " not sealed yet")
                                      : problem)
                  << "\n";
      return absl::OkStatus();
    });
    if (folder->empty()) session.err << "not compared with checkpoints: a cut end is not seen (--checkpoints)\n";
    if (bad) session.exit_code = kRefused;
  });
}

}  // namespace

void AddAuditCommands(CLI::App& app, Session& session) {
  CLI::App* audit = AddCommand(app, "audit", "Who did or saw what: report, verify.",
                               "--role auditor audit report --client clients/C");
  audit->require_subcommand(1);
  AddReport(*audit, session);
  AddVerify(*audit, session);
}

}  // namespace polku::polkuctl
