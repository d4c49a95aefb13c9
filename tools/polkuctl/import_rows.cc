#include "tools/polkuctl/import_rows.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/base/hetu.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/rpc/status.h"
#include "tools/polkuctl/text.h"

namespace polku::polkuctl {
namespace {

using polku::follow_up::v1::AttendanceMark;
using polku::follow_up::v1::AttendanceStatus;
using polku::follow_up::v1::ImportedMeasure;
using polku::follow_up::v1::ImportJourneyRequest;
using polku::referral::v1::Referral;

// Longer ones are nobody's; the server takes no message of a MiB.
constexpr size_t kFieldBytesMax = 64 << 10;

absl::Status Wrong(absl::string_view reason) { return absl::InvalidArgumentError(reason); }

// Sets what a field that is not empty says. An error is the reason, without what stands in the field.
template <class Message>
using SetField = std::function<absl::Status(absl::string_view text, Message& message)>;

template <class Message>
struct Column {
  std::string name;
  bool required = false;  // In the header line, and in each line.
  SetField<Message> set;
};

template <class Message>
using Columns = std::vector<Column<Message>>;

SetField<Referral> PersonText(void (*set)(polku::referral::v1::Person&, const std::string&)) {
  return [set](absl::string_view text, Referral& referral) {
    set(*referral.mutable_person(), std::string(text));
    return absl::OkStatus();
  };
}

template <class E>
absl::Status SetEnum(absl::string_view text, const std::function<void(E)>& set) {
  const absl::StatusOr<E> value = ParseEnumAs<E>(text);
  if (value.ok()) {
    set(*value);
    return absl::OkStatus();
  }
  std::vector<std::string> words;
  const auto* type = google::protobuf::GetEnumDescriptor<E>();
  for (int i = 1; i < type->value_count(); ++i) words.push_back(EnumText(*type->value(i)));
  return Wrong(absl::StrCat("must be one of: ", absl::StrJoin(words, ", ")));
}

absl::Status SetUnit(absl::string_view text, Referral& referral) {
  if (!IsResourceName(text, "organisations/*")) return Wrong("must be a name like organisations/kainuu-unit");
  referral.set_receiving_unit(std::string(text));
  return absl::OkStatus();
}

absl::Status SetSegment(absl::string_view text, Referral& referral) {
  return SetEnum<polku::common::v1::Segment>(text, [&referral](auto segment) { referral.set_segment(segment); });
}

absl::Status SetNeeds(absl::string_view text, Referral& referral) {
  for (absl::string_view need : absl::StrSplit(text, ' ', absl::SkipEmpty())) referral.add_needs(std::string(need));
  return absl::OkStatus();
}

absl::Status SetReason(absl::string_view text, Referral& referral) {
  referral.set_reason(std::string(text));
  return absl::OkStatus();
}

absl::Status SetIdentityCode(absl::string_view text, Referral& referral) {
  // Whether codes for tests are taken is the server's affair.
  RETURN_IF_ERROR(Hetu::Parse(text, {.allow_test_codes = true}).status());
  referral.mutable_person()->set_identity_code(std::string(text));
  return absl::OkStatus();
}

absl::Status SetBirthDate(absl::string_view text, Referral& referral) {
  ASSIGN_OR_RETURN(*referral.mutable_person()->mutable_birth_date(), ParseSheetDate(text));
  return absl::OkStatus();
}

absl::Status SetMunicipality(absl::string_view text, Referral& referral) {
  int code = 0;
  const bool digits = std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  if (!digits || text.size() > 3 || !absl::SimpleAtoi(text, &code)) return Wrong("must be a code of three digits");
  // A spreadsheet takes 005 for a number and writes 5.
  referral.mutable_person()->set_municipality(absl::StrFormat("%03d", code));
  return absl::OkStatus();
}

absl::Status SetNonDisclosure(absl::string_view text, Referral& referral) {
  if (text != "yes" && text != "no") return Wrong("must be yes or no");
  referral.mutable_person()->set_non_disclosure(text == "yes");
  return absl::OkStatus();
}

const Columns<Referral>& ColumnsOfReferrals() {
  using polku::referral::v1::Person;
  static const auto& columns = *new Columns<Referral>{
      {"receiving_unit", true, SetUnit},
      {"segment", true, SetSegment},
      {"needs", true, SetNeeds},
      {"reason", false, SetReason},
      {"identity_code", false, SetIdentityCode},
      {"birth_date", false, SetBirthDate},
      {"family_name", false, PersonText([](Person& p, const std::string& text) { p.set_family_name(text); })},
      {"given_names", false, PersonText([](Person& p, const std::string& text) { p.set_given_names(text); })},
      {"municipality", false, SetMunicipality},
      {"language", false, PersonText([](Person& p, const std::string& text) { p.set_language(text); })},
      {"phone", false, PersonText([](Person& p, const std::string& text) { p.set_phone(text); })},
      {"email", false, PersonText([](Person& p, const std::string& text) { p.set_email(text); })},
      {"postal_address", false, PersonText([](Person& p, const std::string& text) { p.set_postal_address(text); })},
      {"non_disclosure", false, SetNonDisclosure},
  };
  return columns;
}

SetField<AttendanceMark> Number(void (*set)(AttendanceMark&, int)) {
  return [set](absl::string_view text, AttendanceMark& mark) {
    int number = 0;
    if (!absl::SimpleAtoi(text, &number) || number < 0) return Wrong("must be a whole number, 0 or more");
    set(mark, number);
    return absl::OkStatus();
  };
}

absl::Status SetMeasure(absl::string_view text, AttendanceMark& mark) {
  if (!ClientOf(text).has_value() || !IsResourceName(text, "clients/*/measures/*")) {
    return Wrong("must be a name like clients/C/measures/1");
  }
  mark.set_measure(std::string(text));
  return absl::OkStatus();
}

absl::Status SetDate(absl::string_view text, AttendanceMark& mark) {
  ASSIGN_OR_RETURN(*mark.mutable_date(), ParseSheetDate(text));
  return absl::OkStatus();
}

absl::Status SetStatus(absl::string_view text, AttendanceMark& mark) {
  return SetEnum<AttendanceStatus>(text, [&mark](auto status) { mark.set_status(status); });
}

const Columns<AttendanceMark>& ColumnsOfAttendance() {
  static const auto& columns = *new Columns<AttendanceMark>{
      {"measure", true, SetMeasure},
      {"date", true, SetDate},
      {"session", false, Number([](AttendanceMark& mark, int number) { mark.set_session(number); })},
      {"status", true, SetStatus},
      {"minutes", false, Number([](AttendanceMark& mark, int number) { mark.set_minutes(number); })},
      {"revision", false, Number([](AttendanceMark& mark, int number) { mark.set_revision(number); })},
  };
  return columns;
}

ImportedMeasure& MeasureOf(ImportJourneyRequest& request) {
  return request.measures().empty() ? *request.add_measures() : *request.mutable_measures(0);
}

SetField<ImportJourneyRequest> DateOf(google::type::Date& (*field)(ImportJourneyRequest&)) {
  return [field](absl::string_view text, ImportJourneyRequest& request) {
    ASSIGN_OR_RETURN(field(request), ParseSheetDate(text));
    return absl::OkStatus();
  };
}

SetField<ImportJourneyRequest> MeasureText(void (*set)(ImportedMeasure&, const std::string&)) {
  return [set](absl::string_view text, ImportJourneyRequest& request) {
    set(MeasureOf(request), std::string(text));
    return absl::OkStatus();
  };
}

absl::Status SetClient(absl::string_view text, ImportJourneyRequest& request) {
  if (!ClientOf(text).has_value() || !IsResourceName(text, "clients/*")) return Wrong("must be a name like clients/C");
  request.set_client(std::string(text));
  return absl::OkStatus();
}

absl::Status SetCase(absl::string_view text, ImportJourneyRequest& request) {
  request.set_case_number(std::string(text));
  return absl::OkStatus();
}

absl::Status SetStarted(absl::string_view text, ImportJourneyRequest& request) {
  if (text != "yes" && text != "no") return Wrong("must be yes or no");
  MeasureOf(request).set_started(text == "yes");
  return absl::OkStatus();
}

absl::Status SetSessions(absl::string_view text, ImportJourneyRequest& request) {
  for (absl::string_view each : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    const auto session = ParseSession(std::string(absl::StripAsciiWhitespace(each)));
    if (!session.ok()) return Wrong("must be like mon 09:00-12:00, wed 09:00-12:00");
    *MeasureOf(request).add_sessions() = *session;
  }
  return absl::OkStatus();
}

absl::Status SetWeeklyDays(absl::string_view text, ImportJourneyRequest& request) {
  int days = 0;
  if (!absl::SimpleAtoi(text, &days) || days < 0 || days > 7) return Wrong("must be 0 to 7");
  MeasureOf(request).set_weekly_days_min(days);
  return absl::OkStatus();
}

const Columns<ImportJourneyRequest>& ColumnsOfJourneys() {
  using Request = ImportJourneyRequest;
  static const auto& columns = *new Columns<Request>{
      {"client", true, SetClient},
      {"case_number", true, SetCase},
      {"watch_from", true, DateOf([](Request& r) -> google::type::Date& { return *r.mutable_watch_from(); })},
      {"assessment_complete_date", false,
       DateOf([](Request& r) -> google::type::Date& { return *r.mutable_assessment_complete_date(); })},
      {"last_contact_date", false,
       DateOf([](Request& r) -> google::type::Date& { return *r.mutable_last_contact_date(); })},
      {"type", false, MeasureText([](ImportedMeasure& m, const std::string& text) { m.set_type(text); })},
      {"provider", false, MeasureText([](ImportedMeasure& m, const std::string& text) { m.set_provider(text); })},
      {"source", false, MeasureText([](ImportedMeasure& m, const std::string& text) { m.set_source(text); })},
      {"start_date", false,
       DateOf([](Request& r) -> google::type::Date& { return *MeasureOf(r).mutable_start_date(); })},
      {"end_date", false, DateOf([](Request& r) -> google::type::Date& { return *MeasureOf(r).mutable_end_date(); })},
      {"started", false, SetStarted},
      {"sessions", false, SetSessions},
      {"weekly_days_min", false, SetWeeklyDays},
  };
  return columns;
}

template <class Message>
std::vector<std::string> NamesOf(const Columns<Message>& columns) {
  std::vector<std::string> names;
  for (const Column<Message>& column : columns) names.push_back(column.name);
  return names;
}

// For each field of a line, the column that it is in.
template <class Message>
absl::StatusOr<std::vector<const Column<Message>*>> Match(const std::vector<std::string>& header,
                                                          const Columns<Message>& columns) {
  std::vector<const Column<Message>*> matched;
  for (const std::string& name : header) {
    const auto found = std::find_if(columns.begin(), columns.end(), [&name](const auto& c) { return c.name == name; });
    if (found == columns.end()) {
      return Wrong(absl::StrCat("unknown column \"", OneLine(name), "\"; the columns are ",
                                absl::StrJoin(NamesOf(columns), ", ")));
    }
    matched.push_back(&*found);
  }
  for (const Column<Message>& column : columns) {
    const bool there = std::find(matched.begin(), matched.end(), &column) != matched.end();
    if (column.required && !there) return Wrong(absl::StrCat("column ", column.name, " is missing"));
  }
  return matched;
}

// What no single column can tell.
std::vector<Refusal> CheckWhole(const Referral& referral) {
  std::vector<Refusal> refusals;
  const auto& person = referral.person();
  if (person.identity_code().empty() && !person.has_birth_date()) {
    refusals.push_back({0, "identity_code", "is empty, and so is birth_date"});
  }
  if (person.municipality().empty() && !person.non_disclosure()) refusals.push_back({0, "municipality", "is empty"});
  return refusals;
}

std::vector<Refusal> CheckWhole(const AttendanceMark&) { return {}; }

std::vector<Refusal> CheckWhole(const ImportJourneyRequest& request) {
  std::vector<Refusal> refusals;
  for (const ImportedMeasure& measure : request.measures()) {
    if (measure.type().empty()) refusals.push_back({0, "type", "is empty, and there is a measure"});
    if (measure.provider().empty()) refusals.push_back({0, "provider", "is empty, and there is a measure"});
    if (!measure.has_start_date()) refusals.push_back({0, "start_date", "is empty, and there is a measure"});
    if (!measure.has_end_date()) refusals.push_back({0, "end_date", "is empty, and there is a measure"});
  }
  return refusals;
}

// What is said of a case as a whole.
std::string CaseOf(ImportJourneyRequest request) {
  request.clear_measures();
  return request.SerializeAsString();
}

// Lines of one case say the same of it, and no two clients have one.
ImportFile<ImportJourneyRequest> PutTogether(ImportFile<ImportJourneyRequest> lines) {
  ImportFile<ImportJourneyRequest> cases;
  cases.refusals = std::move(lines.refusals);
  std::map<std::string, size_t> known;  // By case number.
  for (ImportRow<ImportJourneyRequest>& line : lines.rows) {
    const auto [place, is_new] = known.try_emplace(line.message.case_number(), cases.rows.size());
    if (is_new) {
      cases.rows.push_back(std::move(line));
      continue;
    }
    ImportRow<ImportJourneyRequest>& first = cases.rows[place->second];
    if (CaseOf(first.message) != CaseOf(line.message)) {
      cases.refusals.push_back({line.line, "case_number", absl::StrCat("says something else than line ", first.line)});
    } else {
      first.message.mutable_measures()->MergeFrom(line.message.measures());
    }
  }
  std::stable_sort(cases.refusals.begin(), cases.refusals.end(),
                   [](const Refusal& a, const Refusal& b) { return a.line < b.line; });
  return cases;
}

template <class Message>
absl::Status TakeField(const Column<Message>& column, absl::string_view text, Message& message) {
  if (text.empty()) return column.required ? Wrong("is empty") : absl::OkStatus();
  if (text.size() > kFieldBytesMax) return Wrong("is too long");
  return column.set(text, message);
}

template <class Message>
absl::StatusOr<ImportFile<Message>> ReadRows(absl::string_view text, const Columns<Message>& columns) {
  ASSIGN_OR_RETURN(const CsvText csv, ParseCsv(text));
  ASSIGN_OR_RETURN(const std::vector<const Column<Message>*> matched, Match(csv.columns, columns));
  ImportFile<Message> file;
  for (const CsvLine& line : csv.lines) {
    const size_t refused_before = file.refusals.size();
    if (!line.problem.empty()) {
      file.refusals.push_back({line.line, "", line.problem});
      continue;
    }
    Message message;
    for (size_t i = 0; i < matched.size(); ++i) {
      const absl::Status set = TakeField(*matched[i], line.fields[i], message);
      if (!set.ok()) file.refusals.push_back({line.line, matched[i]->name, std::string(set.message())});
    }
    if (file.refusals.size() == refused_before) {
      for (Refusal& refusal : CheckWhole(message)) {
        refusal.line = line.line;
        file.refusals.push_back(std::move(refusal));
      }
    }
    if (file.refusals.size() == refused_before) file.rows.push_back({line.line, std::move(message)});
  }
  return file;
}

// "identity_code" of "referral.person.identity_code", "needs" of "referral.needs[0]".
absl::string_view LastPart(absl::string_view path) {
  const size_t dot = path.rfind('.');
  if (dot != absl::string_view::npos) path.remove_prefix(dot + 1);
  return path.substr(0, path.find('['));
}

}  // namespace

const std::vector<std::string>& ReferralColumns() {
  static const auto& names = *new std::vector<std::string>(NamesOf(ColumnsOfReferrals()));
  return names;
}

const std::vector<std::string>& AttendanceColumns() {
  static const auto& names = *new std::vector<std::string>(NamesOf(ColumnsOfAttendance()));
  return names;
}

const std::vector<std::string>& JourneyColumns() {
  static const auto& names = *new std::vector<std::string>(NamesOf(ColumnsOfJourneys()));
  return names;
}

absl::StatusOr<ImportFile<ImportJourneyRequest>> ReadJourneys(absl::string_view text) {
  ASSIGN_OR_RETURN(auto lines, ReadRows(text, ColumnsOfJourneys()));
  return PutTogether(std::move(lines));
}

absl::StatusOr<ImportFile<Referral>> ReadReferrals(absl::string_view text) {
  return ReadRows(text, ColumnsOfReferrals());
}

absl::StatusOr<ImportFile<AttendanceMark>> ReadAttendance(absl::string_view text) {
  return ReadRows(text, ColumnsOfAttendance());
}

absl::StatusOr<google::type::Date> ParseSheetDate(absl::string_view text) {
  std::string iso(text);
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  if (parts.size() == 3 && parts[0].size() <= 2 && parts[1].size() <= 2) {
    const auto padded = [](absl::string_view part) { return absl::StrCat(std::string(2 - part.size(), '0'), part); };
    iso = absl::StrCat(parts[2], "-", padded(parts[1]), "-", padded(parts[0]));
  }
  absl::StatusOr<google::type::Date> date = ParseDate(iso);
  if (!date.ok()) return Wrong("must be a day like 2026-03-09 or 9.3.2026");
  return date;
}

Refusal RefusalOf(int line, const absl::Status& status, const std::vector<std::string>& columns) {
  for (const FieldViolation& violation : ViolationsOf(status)) {
    const std::string column(LastPart(violation.field));
    const bool known = std::find(columns.begin(), columns.end(), column) != columns.end();
    if (known) return {line, column, OneLine(violation.description)};
  }
  return {line, "", OneLine(absl::StrCat(rpc::NameOf(status.code()), ": ", status.message()))};
}

}  // namespace polku::polkuctl
