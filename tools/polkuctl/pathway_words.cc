#include "tools/polkuctl/pathway_words.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "libs/base/calendar.h"
#include "libs/pathway/steps.h"
#include "tools/polkuctl/text.h"

namespace polku::polkuctl {
namespace {

using namespace polku::pathway::v1;  // NOLINT
using polku::common::v1::Text;

constexpr char kIndent[] = "  ";

class Writer {
 public:
  Writer(const PathwayDefinition& definition, const RuleSet& rules, Language language)
      : definition_(definition), rules_(rules), finnish_(language == Language::kFinnish) {}

  std::vector<std::string> All() && {
    lines_.push_back(absl::StrCat(definition_.id(), " ", definition_.version(), " (", Short(definition_, "status"),
                                  "): ", In(definition_.title())));
    WhoComesIn();
    Assessment();
    Steps();
    HandOvers();
    Roles();
    Rules();
    Ends();
    return std::move(lines_);
  }

 private:
  std::string In(const Text& text) const { return finnish_ ? text.fi() : text.en(); }
  const char* Say(const char* fi, const char* en) const { return finnish_ ? fi : en; }
  void Head(const char* fi, const char* en) { lines_.push_back(Say(fi, en)); }
  template <class... Parts>
  void Line(const Parts&... parts) {
    lines_.push_back(absl::StrCat(kIndent, parts...));
  }
  // How a field looks: enumerations by their short names, lists with commas.
  static std::string Short(const google::protobuf::Message& message, const char* field) {
    return absl::StrReplaceAll(FieldText(message, *message.GetDescriptor()->FindFieldByName(field)), {{"\n", ", "}});
  }
  std::string Days(int days) const { return absl::StrCat(days, Say(" päivää", " days")); }
  std::string OfficeDays(int days) const { return absl::StrCat(days, Say(" toimipäivää", " office days")); }
  std::string Role(const std::string& code) const {
    const auto* role = pathway::FindRole(definition_, code);
    return role == nullptr ? code : In(role->title());
  }

  void WhoComesIn() {
    const Entry& entry = definition_.entry();
    Head("Kuka pääsee polulle", "Who comes in");
    if (definition_.has_valid_from()) {
      Line(Say("alkaen ", "from "), Short(definition_, "valid_from"));
    }
    Line(Say("asiakasryhmät: ", "segments: "), Short(entry, "segments"));
    Line(Say("tarpeet: ", "needs: "), absl::StrJoin(entry.needs(), ", "));
    for (const Municipality& municipality : entry.municipalities()) {
      std::string days;
      if (municipality.has_valid_from()) days += Say(" alkaen ", " from ") + Short(municipality, "valid_from");
      if (municipality.has_valid_to()) days += Say(" asti ", " until ") + Short(municipality, "valid_to");
      Line(Say("kunta ", "municipality "), municipality.code(), days);
    }
    Line(Say("lähettävät tahot: ", "referred by: "),
         entry.referrers().empty() ? Say("kaikki", "anybody") : Short(entry, "referrers"));
    if (entry.self_referral()) Line(Say("asiakas itse", "the client"));
    if (entry.direct_access()) Line(Say("ilman lähetettä yksikköön", "without a referral, at the unit"));
    for (const Quota& quota : entry.quotas()) {
      Line(quota.places(), Say(" paikkaa: ", " places: "),
           quota.segment() == 0 ? Say("yhteensä", "all together") : Short(quota, "segment"));
    }
    if (!definition_.coordinator_competence().empty()) {
      Line(Say("tukena: ", "supported by: "), definition_.coordinator_competence());
    }
  }

  void Assessment() {
    const AssessmentStage& stage = definition_.assessment();
    Head("Arviointi", "Assessment");
    Line(Say("yhteys asiakkaaseen: ", "first contact: "), OfficeDays(stage.first_contact_office_days()));
    Line(Say("ensitapaaminen: ", "first meeting: "), Days(stage.first_meeting_days()));
    Line(Say("valmis: ", "complete: "), Days(stage.complete_within_days()));
    Line(Say("konsultaatiovastaus: ", "answer to a consultation: "), Days(stage.consultation_days()));
    if (stage.reassess_after_days() > 0) {
      Line(Say("uudelleen: ", "again after: "), Days(stage.reassess_after_days()));
    }
    for (const std::string& code : stage.required_instruments()) Line(Say("mittari: ", "instrument: "), code);
    for (const Outcome& outcome : stage.outcomes()) {
      Line(Say("tulos ", "outcome "), outcome.code(), ": ", In(outcome.title()));
    }
  }

  void Steps() {
    if (!definition_.steps().empty()) Head("Vaiheet", "Steps");
    int number = 0;
    for (const Step& step : definition_.steps()) {
      std::string line = absl::StrCat(++number, ". ", step.code(), ": ", In(step.title()), " (", Short(step, "kind"),
                                      "); ", Say("vastaa ", "answers: "), Role(step.responsible()));
      if (!step.after().empty())
        absl::StrAppend(&line, Say("; jälkeen ", "; after "), absl::StrJoin(step.after(), ", "));
      if (step.has_when()) absl::StrAppend(&line, Say("; kun ", "; when "), When(step.when()));
      if (step.start_within_office_days() > 0) {
        absl::StrAppend(&line, Say("; alkaa ", "; begins within "), OfficeDays(step.start_within_office_days()));
      }
      Line(line);
      for (const std::string& code : step.measure_types()) {
        const MeasureType* type = pathway::FindMeasureType(definition_, code);
        if (type != nullptr) Line(kIndent, Measure(*type));
      }
    }
    if (definition_.has_personal_budget()) {
      Line(Say("henkilökohtainen budjetti enintään ", "personal budget of at most "),
           definition_.personal_budget().euros_max(), " EUR");
    }
  }

  std::string When(const Condition& when) const {
    std::vector<std::string> parts;
    if (!when.segments().empty()) parts.push_back(Short(when, "segments"));
    if (!when.needs().empty()) parts.push_back(absl::StrJoin(when.needs(), Say(" tai ", " or ")));
    if (!when.outcomes().empty()) parts.push_back(absl::StrJoin(when.outcomes(), Say(" tai ", " or ")));
    for (const Screen& screen : when.screens()) {
      parts.push_back(absl::StrCat(screen.instrument(), " ", absl::StrJoin(screen.classes(), Say(" tai ", " or "))));
    }
    return absl::StrJoin(parts, Say(" ja ", " and "));
  }

  std::string Measure(const MeasureType& type) const {
    std::vector<std::string> parts = {absl::StrCat(type.code(), ": ", In(type.title()))};
    const auto add = [&](int number, const char* fi, const char* en) {
      if (number > 0) parts.push_back(absl::StrReplaceAll(Say(fi, en), {{"#", absl::StrCat(number)}}));
    };
    add(type.weekly_days_min(), "vähintään # päivänä viikossa", "on at least # days a week");
    add(type.weekly_days_max(), "enintään # päivänä viikossa", "on at most # days a week");
    add(type.day_minutes_min(), "päivässä vähintään # minuuttia", "at least # minutes a day");
    add(type.duration_days_min(), "vähintään # päivää", "at least # days");
    add(type.duration_days_max(), "enintään # päivää", "at most # days");
    add(type.group_size_max(), "ryhmässä, enintään #", "in a group of at most #");
    if (!type.provider_role().empty())
      parts.push_back(absl::StrCat(Say("tuottaa ", "by "), Role(type.provider_role())));
    if (type.personal_budget()) parts.push_back(Say("henkilökohtaisesta budjetista", "paid from the personal budget"));
    return absl::StrJoin(parts, "; ");
  }

  void HandOvers() {
    if (!definition_.transitions().empty()) Head("Siirtymät", "Transitions");
    for (const TransitionTerms& terms : definition_.transitions()) {
      const auto days = [](int own, int of_rules) { return own > 0 ? own : of_rules; };
      Line(terms.from(), " -> ", terms.to(), ": ", Role(terms.giver()), " -> ", Role(terms.taker()),
           Say("; vastaanotto ", "; accepted within "),
           OfficeDays(days(terms.accept_office_days(), rules_.transition_accept_office_days())),
           Say(", yhteys ", ", contact within "),
           OfficeDays(days(terms.contact_office_days(), rules_.transition_contact_office_days())),
           Say(", tapaaminen ", ", meeting within "),
           Days(days(terms.meeting_days(), rules_.transition_meeting_days())));
    }
  }

  void Roles() {
    if (!definition_.roles().empty()) Head("Toimijat", "Roles");
    for (const polku::pathway::v1::Role& role : definition_.roles()) {
      Line(role.code(), ": ", In(role.title()), " (", Short(role, "kind"), ")",
           role.players().empty() ? Say(", kuka tahansa", ", anybody") : "");
      for (const RolePlayer& player : role.players()) {
        std::string line = player.organisation();
        if (!player.municipalities().empty()) absl::StrAppend(&line, " ", absl::StrJoin(player.municipalities(), " "));
        if (player.has_valid_from()) absl::StrAppend(&line, Say(" alkaen ", " from "), Short(player, "valid_from"));
        if (player.has_valid_to()) absl::StrAppend(&line, Say(" asti ", " until "), Short(player, "valid_to"));
        Line(kIndent, line);
      }
    }
  }

  void Rules() {
    Head("Säännöt", "Rules");
    Line(Say("sääntökokoelma ", "rule set "), definition_.rules());
    const RuleSet& changes = definition_.rule_changes();
    std::vector<const google::protobuf::FieldDescriptor*> given;
    changes.GetReflection()->ListFields(changes, &given);
    for (const auto* field : given) {
      Line(field->name(), ": ", FieldText(changes, *field), Say(" (kokoelmassa ", " (in the set "),
           FieldText(rules_, *field), ")");
    }
  }

  void Ends() {
    if (!definition_.closing_outcomes().empty()) Head("Päättymisen tulokset", "Closing outcomes");
    for (const Outcome& outcome : definition_.closing_outcomes()) Line(outcome.code(), ": ", In(outcome.title()));
    if (!definition_.quality_indicators().empty()) Head("Laatumittarit", "Quality indicators");
    for (const QualityIndicator& indicator : definition_.quality_indicators()) {
      const bool at_most = indicator.kind() == QualityIndicator::KIND_LEAD_TIME_DAYS ||
                           indicator.kind() == QualityIndicator::KIND_DROP_OFF_PERCENT;
      Line(indicator.code(), ": ", In(indicator.title()), " (", Short(indicator, "kind"), ", ",
           at_most ? Say("enintään ", "at most ") : Say("vähintään ", "at least "), indicator.target(), ")");
    }
  }

  const PathwayDefinition& definition_;
  const RuleSet& rules_;
  const bool finnish_;
  std::vector<std::string> lines_;
};

bool IsHeading(const std::string& line) { return !absl::StartsWith(line, kIndent); }

// Each line with the heading that it stands under.
std::vector<std::pair<std::string, std::string>> UnderHeadings(const std::vector<std::string>& lines) {
  std::vector<std::pair<std::string, std::string>> all;
  std::string heading;
  for (const std::string& line : lines) {
    if (IsHeading(line)) heading = all.empty() ? "" : line;
    all.emplace_back(heading, line);
  }
  return all;
}

}  // namespace

std::vector<std::string> InWords(const PathwayDefinition& definition, const RuleSet& rules, Language language) {
  return Writer(definition, rules, language).All();
}

std::vector<std::string> Differences(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  std::vector<std::string> headings;
  std::map<std::string, std::vector<std::string>> changes;
  const auto compare = [&](const std::vector<std::string>& mine, const std::vector<std::string>& other,
                           const char* sign) {
    const auto others = UnderHeadings(other);
    for (const auto& [heading, line] : UnderHeadings(mine)) {
      if (line == heading || std::find(others.begin(), others.end(), std::make_pair(heading, line)) != others.end()) {
        continue;
      }
      if (changes.count(heading) == 0) headings.push_back(heading);
      changes[heading].push_back(sign + line);
    }
  };
  compare(before, after, "- ");
  compare(after, before, "+ ");
  std::vector<std::string> lines;
  for (const std::string& heading : headings) {
    if (!heading.empty()) lines.push_back(heading);
    lines.insert(lines.end(), changes[heading].begin(), changes[heading].end());
  }
  return lines;
}

}  // namespace polku::polkuctl
