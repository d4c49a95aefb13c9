// polkuctl pathways check|record|show|diff|simulate: the definitions in files. Talks to no service.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pathway/catalogue.h"
#include "libs/pathway/lock.h"
#include "libs/pathway/steps.h"
#include "tools/polkuctl/pathway_walk.h"
#include "tools/polkuctl/pathway_words.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using pathway::Catalogue;
using pathway::v1::PathwayDefinition;

struct Wishes {
  pathway::Folders folders;
  std::string definition;  // "kainuu-unemployed", or with a version "kainuu-unemployed/1".
  std::string other;
  std::string language = "en";
  std::string segment;
  std::string start;
  std::vector<std::string> screens;
  WalkWishes walk;
};

Language LanguageOf(const Wishes& wishes) { return wishes.language == "fi" ? Language::kFinnish : Language::kEnglish; }

absl::StatusOr<const PathwayDefinition*> Named(const Catalogue& catalogue, const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  int version = 0;
  if (parts.size() > 2 || (parts.size() == 2 && (!absl::SimpleAtoi(parts[1], &version) || version < 1))) {
    return absl::InvalidArgumentError(absl::StrCat("must be an id, or id/version: ", name));
  }
  const PathwayDefinition* definition = catalogue.Find(parts[0], version);
  if (definition == nullptr) return absl::NotFoundError(absl::StrCat("no pathway ", name, " in these files"));
  return definition;
}

void Print(const std::vector<std::string>& lines, Session& session) {
  for (const std::string& line : lines) session.out << line << "\n";
}

absl::Status Check(const Wishes& wishes, Session& session) {
  ASSIGN_OR_RETURN(const Catalogue catalogue, pathway::LoadCatalogue(wishes.folders));
  ASSIGN_OR_RETURN(const pathway::VersionLock lock, pathway::ReadLock(wishes.folders.pathways));
  const pathway::VersionLock all = pathway::WithNew(lock, catalogue);
  std::vector<std::string> unrecorded;
  for (const auto& [key, hash] : all) {
    if (lock.count(key) == 0) unrecorded.push_back(absl::StrCat(key.first, " ", key.second));
  }
  session.out << catalogue.definitions().size() << " pathways, " << catalogue.rule_sets().size() << " rule sets, "
              << catalogue.instruments().size() << " instruments\n";
  if (unrecorded.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("active and not in ", pathway::kLockFile, ": ",
                                                    absl::StrJoin(unrecorded, ", "), "; polkuctl pathways record"));
}

absl::Status Record(const Wishes& wishes, Session& session) {
  ASSIGN_OR_RETURN(const Catalogue catalogue, pathway::LoadCatalogue(wishes.folders));
  ASSIGN_OR_RETURN(const pathway::VersionLock lock, pathway::ReadLock(wishes.folders.pathways));
  const pathway::VersionLock all = pathway::WithNew(lock, catalogue);
  RETURN_IF_ERROR(pathway::WriteLock(wishes.folders.pathways, all));
  session.out << "recorded " << all.size() - lock.size() << ", " << all.size() << " in all\n";
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> WordsOf(const Catalogue& catalogue, const std::string& name,
                                                 Language language) {
  ASSIGN_OR_RETURN(const PathwayDefinition* definition, Named(catalogue, name));
  return InWords(*definition, *catalogue.Rules(definition->rules()), language);
}

absl::Status ShowPathway(const Wishes& wishes, Session& session) {
  ASSIGN_OR_RETURN(const Catalogue catalogue, pathway::LoadCatalogue(wishes.folders));
  if (!wishes.definition.empty()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> lines, WordsOf(catalogue, wishes.definition, LanguageOf(wishes)));
    Print(lines, session);
    return absl::OkStatus();
  }
  for (const PathwayDefinition* definition : catalogue.definitions()) {
    session.out << InWords(*definition, *catalogue.Rules(definition->rules()), LanguageOf(wishes)).front() << "\n";
  }
  return absl::OkStatus();
}

absl::Status Diff(const Wishes& wishes, Session& session) {
  ASSIGN_OR_RETURN(const Catalogue catalogue, pathway::LoadCatalogue(wishes.folders));
  ASSIGN_OR_RETURN(const std::vector<std::string> before, WordsOf(catalogue, wishes.definition, LanguageOf(wishes)));
  ASSIGN_OR_RETURN(const std::vector<std::string> after, WordsOf(catalogue, wishes.other, LanguageOf(wishes)));
  Print(Differences(before, after), session);
  return absl::OkStatus();
}

absl::Status Simulate(const Wishes& wishes, Session& session) {
  ASSIGN_OR_RETURN(const Catalogue catalogue, pathway::LoadCatalogue(wishes.folders));
  ASSIGN_OR_RETURN(const PathwayDefinition* definition, Named(catalogue, wishes.definition));
  WalkWishes walk = wishes.walk;
  walk.language = LanguageOf(wishes);
  walk.first_day = absl::CivilDay(2026, 3, 2);
  if (!wishes.start.empty()) {
    ASSIGN_OR_RETURN(walk.first_day, ParseDay(wishes.start));
  }
  if (!wishes.segment.empty()) {
    ASSIGN_OR_RETURN(walk.segment, ParseEnumAs<common::v1::Segment>(wishes.segment));
  }
  for (const std::string& screen : wishes.screens) {
    const std::vector<std::string> parts = absl::StrSplit(screen, '=');
    if (parts.size() != 2) return absl::InvalidArgumentError("not like was=poor: " + screen);
    walk.classes[parts[0]] = parts[1];
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> lines, WalkAlong(catalogue, *definition, walk));
  Print(lines, session);
  return absl::OkStatus();
}

CLI::App* AddVerb(CLI::App& pathways, Session& session, const std::string& verb, const std::string& what,
                  const std::string& example, absl::Status (*run)(const Wishes&, Session&),
                  const std::shared_ptr<Wishes>& wishes) {
  CLI::App* command = AddCommand(pathways, verb, what, example);
  command->add_option("--pathways", wishes->folders.pathways, "folder of the definitions")->capture_default_str();
  command->add_option("--rules", wishes->folders.rules, "folder of the rule sets")->capture_default_str();
  command->add_option("--instruments", wishes->folders.instruments, "folder of the instruments")->capture_default_str();
  command->callback([run, wishes, &session] {
    if (const absl::Status status = run(*wishes, session); !status.ok()) session.Fail(status);
  });
  return command;
}

void AddLanguage(CLI::App& command, const std::shared_ptr<Wishes>& wishes) {
  command.add_option("--language", wishes->language, "fi or en")
      ->check(CLI::IsMember({"fi", "en"}))
      ->capture_default_str();
}

void AddSimulate(CLI::App& pathways, Session& session) {
  const auto wishes = std::make_shared<Wishes>();
  CLI::App* simulate = AddVerb(
      pathways, session, "simulate", "A generated client walks the steps: what happens, and what is due by when.",
      "pathways simulate satakunta-fysioterapia --screen was=poor --stays-away-from enhanced", Simulate, wishes);
  simulate->add_option("pathway", wishes->definition, "id, or id/version")->required();
  simulate->add_option("--start", wishes->start, "YYYY-MM-DD of the acceptance; 2026-03-02 if not said");
  simulate->add_option("--segment", wishes->segment, "the first of the entry if not said");
  simulate->add_option("--need", wishes->walk.need, "the first of the entry if not said");
  simulate->add_option("--outcome", wishes->walk.outcome, "of the assessment; the first if not said");
  simulate->add_option("--screen", wishes->screens, "instrument=class that the client gets; may be repeated")
      ->allow_extra_args(false);
  simulate->add_option("--stays-away-from", wishes->walk.stays_away_from,
                       "a step that the client never begins: what is found, and who is called");
  AddLanguage(*simulate, wishes);
}

}  // namespace

void AddPathwayCommands(CLI::App& app, Session& session) {
  CLI::App* pathways =
      AddCommand(app, "pathways", "Definitions in files: check, record, show, diff, simulate. Talks to no service.",
                 "pathways check");
  pathways->require_subcommand(1);
  AddVerb(*pathways, session, "check", "Whether all files are right, and no active version was changed.",
          "pathways check --pathways deploy/pathways", Check, std::make_shared<Wishes>());
  AddVerb(*pathways, session, "record", "Writes versions.lock: active versions that are new are never changed again.",
          "pathways record --pathways deploy/pathways", Record, std::make_shared<Wishes>());
  const auto shown = std::make_shared<Wishes>();
  CLI::App* show = AddVerb(*pathways, session, "show", "A pathway in words; without one, all by their titles.",
                           "pathways show kainuu-employees --language fi", ShowPathway, shown);
  show->add_option("pathway", shown->definition, "id, or id/version");
  AddLanguage(*show, shown);
  const auto compared = std::make_shared<Wishes>();
  CLI::App* diff = AddVerb(*pathways, session, "diff", "What changes from one version to another.",
                           "pathways diff kiipula-rivakka/1 kiipula-rivakka/2", Diff, compared);
  diff->add_option("from", compared->definition, "id, or id/version")->required();
  diff->add_option("to", compared->other, "id, or id/version")->required();
  AddLanguage(*diff, compared);
  AddSimulate(*pathways, session);
}

}  // namespace polku::polkuctl
