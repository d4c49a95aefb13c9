// polkuctl assessments instruments ...
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "polku/assessment/v1/api.grpc.pb.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using namespace polku::assessment::v1;  // NOLINT
using Stub = AssessmentService::Stub;

absl::StatusOr<InstrumentAnswer> ParseAnswer(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '=');
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
    return absl::InvalidArgumentError(absl::StrCat("not an answer like current-ability=7: ", text));
  }
  InstrumentAnswer answer;
  answer.set_item(parts[0]);
  if (int32_t number; absl::SimpleAtoi(parts[1], &number)) {
    answer.set_number(number);
  } else {
    answer.set_choice(parts[1]);
  }
  return answer;
}

// What recording and scoring have in common.
template <class Request>
void AddAnswers(CLI::App& command, const std::shared_ptr<Request>& request) {
  command
      .add_option_function<std::string>(
          "instrument", [request](const std::string& t) { request->set_instrument(t); }, "wai, or a version: wai/1")
      ->required();
  command
      .add_option_function<std::vector<std::string>>(
          "--answer",
          [request](const std::vector<std::string>& texts) {
            for (const std::string& t : texts) *request->add_answers() = Parsed(ParseAnswer(t), "--answer");
          },
          "item=number or item=choice; may be repeated")
      ->allow_extra_args(false);
  command.add_option_function<int>(
      "--age", [request](int years) { request->set_age_years(years); },
      "years; without it the classes for every age are taken");
}

void AddRecord(CLI::App& instruments, Session& session) {
  CLI::App* record = AddCommand(instruments, "record", "The answers of a client. Items left out are missing.",
                                "--role assessor assessments instruments record clients/C/assessments/1 was "
                                "--answer current-ability=7");
  auto request = std::make_shared<RecordInstrumentRequest>();
  record
      ->add_option_function<std::string>(
          "assessment", [request](const std::string& t) { request->set_assessment(t); }, "clients/C/assessments/A")
      ->required();
  AddAnswers(*record, request);
  record->add_option_function<std::string>(
      "--not-done",
      [request](const std::string& t) { request->set_not_done(Parsed(ParseEnumAs<NotDoneReason>(t), "--not-done")); },
      "why there are no answers: declined, not-able, not-applicable, other");
  record->add_option_function<std::string>(
      "--date", [request](const std::string& t) { *request->mutable_answer_date() = Parsed(ParseDate(t), "--date"); },
      "YYYY-MM-DD, the day of the answers; today if not said");
  record->add_option_function<std::string>(
      "--corrects", [request](const std::string& t) { request->set_corrects(t); },
      "clients/C/instruments/N, which stays readable");
  AddCall<AssessmentService>(*record, session, request, &Stub::RecordInstrument);
}

// A line for each result, so that a column shows one instrument over time.
std::string TableOfResults(const ListInstrumentRecordsResponse& page) {
  std::vector<std::vector<std::string>> rows;
  const auto text = [](const google::protobuf::Message& message, const char* field) {
    return FieldText(message, *message.GetDescriptor()->FindFieldByName(field));
  };
  for (const InstrumentRecord& record : page.records()) {
    const std::string day = text(record, "answer_date");
    const std::string corrected = record.superseded_by().empty() ? "" : "corrected by " + record.superseded_by();
    if (record.results().empty()) {
      rows.push_back({day, record.instrument(), "", "", "", record.name(),
                      absl::StrCat("not done: ", text(record, "not_done"), corrected.empty() ? "" : ", ", corrected)});
    }
    for (const InstrumentResult& result : record.results()) {
      const std::string missing =
          result.missing_items().empty() ? "" : absl::StrCat("missing: ", absl::StrJoin(result.missing_items(), " "));
      rows.push_back({day, result.instrument(), text(result, "score"), result.class_code(), text(result, "change"),
                      record.name(),
                      absl::StrCat(missing, missing.empty() || corrected.empty() ? "" : ", ", corrected)});
    }
  }
  return Table({"DAY", "INSTRUMENT", "SCORE", "CLASS", "CHANGE", "NAME", "REMARKS"}, rows);
}

void AddList(CLI::App& instruments, Session& session) {
  CLI::App* list = AddCommand(instruments, "list", "What a client has answered over time.",
                              "--role assessor assessments instruments list clients/C --instrument was");
  auto request = std::make_shared<ListInstrumentRecordsRequest>();
  list->add_option_function<std::string>("client", [request](const std::string& t) { request->set_client(t); })
      ->required();
  list->add_option_function<std::string>(
      "--instrument", [request](const std::string& t) { request->set_instrument(t); }, "wai; all if not said");
  list->add_flag_callback(
      "--superseded", [request] { request->set_show_superseded(true); }, "also records that have been corrected");
  AddPage<AssessmentService>(*list, session, request, &Stub::ListInstrumentRecords, {});
  list->callback([request, &session] {
    const auto stub = session.Connect<AssessmentService>();
    const auto page = session.Call(&Stub::ListInstrumentRecords, *stub, *request);
    if (!page.ok()) return session.Fail(page.status());
    session.ShowPage(*page, TableOfResults(*page));
  });
}

}  // namespace

void AddInstrumentCommands(CLI::App& assessments, Session& session) {
  CLI::App* instruments =
      AddCommand(assessments, "instruments", "Instruments: what there is; record, list and try out answers.",
                 "--role assessor assessments instruments catalogue");
  instruments->require_subcommand(1);
  AddRecord(*instruments, session);
  AddList(*instruments, session);

  CLI::App* score = AddCommand(*instruments, "score", "What answers would score. Nothing is kept.",
                               "--role assessor assessments instruments score was --answer current-ability=7");
  auto scored = std::make_shared<ScoreInstrumentRequest>();
  AddAnswers(*score, scored);
  AddCall<AssessmentService>(*score, session, scored, &Stub::ScoreInstrument);

  CLI::App* catalogue = AddCommand(*instruments, "catalogue", "The instruments with their items and scoring.",
                                   "--role assessor assessments instruments catalogue");
  AddCall<AssessmentService>(*catalogue, session, std::make_shared<ListInstrumentsRequest>(), &Stub::ListInstruments);
}

}  // namespace polku::polkuctl
