// polkuctl audit report, verify and cut: of all services behind the addresses that are named.
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

std::string DayOf(absl::Time time) { return absl::FormatTime("%Y-%m-%d", time, Helsinki()); }

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
  ListAuditRowsResponse page;
  do {
    ASSIGN_OR_RETURN(page, session.Call(&Stub::ListAuditRows, *stub, request));
    all.mutable_rows()->MergeFrom(page.rows());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (page.has_cut_before_time()) {
    session.err << place.service << ": rows from before " << DayOf(pipeline::FromProto(page.cut_before_time()))
                << " were cut, as they had been kept long enough\n";
  }
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
  audit::Cut cut;
  std::vector<audit::VerifiedSeal> seals;
  VerifyAuditResponse last;

  int64_t rows() const { return seals.empty() ? cut.rows : seals.back().rows; }
};

// Times without more than microseconds, as they were signed.
audit::Cut CutOf(const AuditCut& told) {
  audit::Cut cut;
  cut.seal = told.seal();
  cut.rows = told.rows();
  cut.last_row = told.last_row();
  cut.link = told.link();
  cut.before = pipeline::FromProto(told.before_time());
  cut.time = pipeline::FromProto(told.cut_time());
  cut.signature = told.signature();
  return cut;
}

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
  if (chain.last.has_cut()) chain.cut = CutOf(chain.last.cut());
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
    case AuditProblem::KIND_CUT:
      return absl::StrCat("the cut up to seal ", problem.seal(),
                          " is not signed by the service: the first bad row is the first of the chain");
    default:
      return absl::StrCat("seal ", problem.seal(), " is missing or says something else than its rows");
  }
}

std::string WordsFor(const audit::Contradiction& found, int64_t rows, int64_t epoch) {
  const std::string line = absl::StrCat("checkpoint in line ", found.line);
  switch (found.kind) {
    case audit::Contradiction::Kind::kWrongKey:
      return "no checkpoint is signed by this key";
    case audit::Contradiction::Kind::kForgedCut:
      return absl::StrCat("the cut of the first ", found.rows,
                          " rows is not signed by this key: the first bad row is the first of the chain");
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
  const auto found = audit::Compare(text, known, place.service, chain.cut, chain.seals);
  return found.has_value() ? WordsFor(*found, chain.rows(), chain.last.epoch()) : std::string();
}

std::string WordsForWhole(const Chain& chain) {
  const std::string unsealed = absl::StrCat(", ", chain.last.unsealed_rows(), " not sealed yet");
  if (chain.cut.seal == 0) return absl::StrCat("whole, ", chain.rows(), " rows", unsealed);
  return absl::StrCat("whole, ", chain.rows() - chain.cut.rows, " rows", unsealed, "; ", chain.cut.rows,
                      " from before ", DayOf(chain.cut.before), " were cut, the last time on ", DayOf(chain.cut.time));
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
      session.out << place.service << ": " << (problem.empty() ? WordsForWhole(chain) : problem) << "\n";
      return absl::OkStatus();
    });
    if (folder->empty()) session.err << "not compared with checkpoints: a cut end is not seen (--checkpoints)\n";
    if (bad) session.exit_code = kRefused;
  });
}

absl::Status CutService(Session& session, const Place& place, CutAuditRequest request) {
  const auto stub = AuditService::NewStub(session.ChannelTo(place.server));
  request.set_service(place.service);
  int64_t rows = 0;
  bool more = true;
  while (more) {
    ASSIGN_OR_RETURN(const CutAuditResponse cut, session.Call(&Stub::CutAudit, *stub, request));
    rows += cut.rows();
    more = cut.more();
  }
  session.out << place.service << ": " << rows << " rows cut\n";
  return absl::OkStatus();
}

void AddCut(CLI::App& audit, Session& session) {
  CLI::App* cut = AddCommand(audit, "cut", "Deletes audit rows that have been kept long enough, for good.",
                             "--role auditor --user NAME audit cut --before 2014-01-01");
  auto request = std::make_shared<CutAuditRequest>();
  cut->add_option_function<std::string>(
         "--before",
         [request, &session](const std::string& text) {
           *request->mutable_before_time() = Parsed(ParseDayOrInstant(text, session.Now()), "--before");
         },
         "a day or an instant; rows from before it go, if the service keeps none so old (audit.kept_years)")
      ->required();
  const auto only = AddService(*cut);
  cut->callback([request, only, &session] {
    ForEachService(*only, session, [&](const Place& place) { return CutService(session, place, *request); });
  });
}

}  // namespace

void AddAuditCommands(CLI::App& app, Session& session) {
  CLI::App* audit = AddCommand(app, "audit", "Who did or saw what: report, verify, cut.",
                               "--role auditor audit report --client clients/C");
  audit->require_subcommand(1);
  AddReport(*audit, session);
  AddVerify(*audit, session);
  AddCut(*audit, session);
}

}  // namespace polku::polkuctl
