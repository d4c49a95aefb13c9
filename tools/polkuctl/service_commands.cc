// polkuctl services ...: the shared catalogue of what providers offer.
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/base/violation.h"
#include "libs/pathway/yaml_message.h"
#include "polku/coordinator_network/v1/api.grpc.pb.h"
#include "tools/polkuctl/import_outcome.h"
#include "tools/polkuctl/input.h"
#include "tools/polkuctl/request.h"
#include "tools/polkuctl/service_map.h"
#include "tools/polkuctl/session.h"
#include "tools/polkuctl/text.h"

namespace polku::polkuctl {
namespace {

using namespace polku::coordinator_network::v1;  // NOLINT
using Stub = CoordinatorNetworkService::Stub;

constexpr int kPageSize = 200;  // As many as a page may have.

struct Wishes {
  std::string language = "fi";
  bool map = false;
};

std::string TitleOf(const ServiceEntry& service, const std::string& language) {
  const ServiceTitle& title = service.title();
  return OneLine(language == "sv" ? title.sv() : language == "en" ? title.en() : title.fi());
}

// What a coordinator looks at before a client is sent there; "?" where the provider has told nothing.
std::string TableOf(const SearchServicesResponse& page, const std::string& language) {
  std::vector<std::vector<std::string>> rows;
  for (const ServiceEntry& service : page.services()) {
    std::vector<std::string> row = {service.name(), TitleOf(service, language),
                                    service.without_referral() ? "yes" : "no"};
    const ServiceCapacity& capacity = service.capacity();
    if (service.has_capacity()) {
      row.insert(row.end(), {capacity.accepting() ? "yes" : "no", absl::StrCat(capacity.in_service()),
                             absl::StrCat(capacity.places()), absl::StrCat(capacity.waiting()),
                             absl::StrCat(capacity.wait_weeks()),
                             FieldText(capacity, *ServiceCapacity::descriptor()->FindFieldByName("count_date"))});
    } else {
      row.insert(row.end(), {"?", "?", "?", "?", "?", ""});
    }
    rows.push_back(std::move(row));
  }
  return Table(
      {"NAME", "TITLE", "WITHOUT_REFERRAL", "ACCEPTING", "IN_SERVICE", "PLACES", "WAITING", "WAIT_WEEKS", "COUNT_DATE"},
      rows);
}

void Search(SearchServicesRequest request, const Wishes& wishes, Session& session) {
  const auto stub = session.Connect<CoordinatorNetworkService>();
  if (!wishes.map) {
    const auto page = session.Call(&Stub::SearchServices, *stub, request);
    if (!page.ok()) return session.Fail(page.status());
    return session.ShowPage(*page, TableOf(*page, wishes.language));
  }
  // A map has all of them.
  std::vector<ServiceEntry> services;
  request.set_page_size(kPageSize);
  do {
    const auto page = session.Call(&Stub::SearchServices, *stub, request);
    if (!page.ok()) return session.Fail(page.status());
    services.insert(services.end(), page->services().begin(), page->services().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  session.out << GeoJsonOf(services) << "\n";
}

void AddSearch(CLI::App& services, Session& session) {
  CLI::App* search = AddCommand(services, "search", "Who offers what is needed, with capacity and queue.",
                                "--role coordinator services search --municipality 217 --need musculoskeletal");
  auto request = std::make_shared<SearchServicesRequest>();
  auto wishes = std::make_shared<Wishes>();
  for (const Field& field :
       std::initializer_list<Field>{{"municipality", "code of three digits"},
                                    {"need", "need code"},
                                    {"segment", "for whom"},
                                    {"measure_type", "what it can be planned as"},
                                    {"provider", "organisations/O"},
                                    {"without_referral", "only where clients may come by themselves"},
                                    {"date", "YYYY-MM-DD, valid on that day; without it today"},
                                    {"text", "stands in a title"}}) {
    AddField(*search, session, *request, field, false);
  }
  search->add_option("--language", wishes->language, "of the titles: fi, sv or en")
      ->check(CLI::IsMember({"fi", "sv", "en"}))
      ->capture_default_str();
  CLI::Option* map = search->add_flag("--geojson", wishes->map, "all that is found, for a map (RFC 7946)");
  search
      ->add_option_function<int>(
          "--page-size", [request](int size) { request->set_page_size(size); },
          "rows at most; the server says how many")
      ->excludes(map);
  search
      ->add_option_function<std::string>(
          "--page-token", [request](const std::string& token) { request->set_page_token(token); },
          "from the page before")
      ->excludes(map);
  search->callback([request, wishes, &session] { Search(*request, *wishes, session); });
}

// A provider who is there twice would end, with the second list, what the first one has just begun.
void RefuseRepeats(const ServiceCatalogue& file, pathway::Faults& faults) {
  std::set<std::string> providers;
  for (int i = 0; i < file.providers_size(); ++i) {
    if (providers.insert(file.providers(i).provider()).second) continue;
    faults.Add(absl::StrCat("providers[", i, "].provider"), "is there twice");
  }
}

// What the server said of a provider's list, by the lines of the file.
void AddRefusal(const std::string& path, const absl::Status& status, pathway::Faults& faults) {
  const std::vector<FieldViolation> violations = ViolationsOf(status);
  for (const FieldViolation& violation : violations) {
    faults.Add(absl::StrCat(path, absl::StripPrefix(violation.field, "catalogue")), violation.description);
  }
  if (violations.empty()) faults.Add(path, status.message());
}

// Each provider's list is taken as a whole or not at all; those of others go in all the same.
void Send(const ServiceCatalogue& file, bool dry_run, pathway::Faults& faults, Session& session) {
  const auto stub = session.Connect<CoordinatorNetworkService>();
  for (int i = 0; i < file.providers_size(); ++i) {
    ImportServicesRequest request;
    *request.mutable_catalogue() = file.providers(i);
    request.set_validate_only(dry_run);
    const auto reply = session.Call(&Stub::ImportServices, *stub, request);
    if (reply.ok()) {
      session.out << (session.json
                          ? Json(*reply)
                          : absl::StrCat(reply->provider(), ": added=", reply->added(), " changed=", reply->changed(),
                                         " unchanged=", reply->unchanged(), " ended=", reply->ended()))
                  << "\n";
    } else if (ReasonOf(reply.status()) != "CATALOGUE_FULL" && ConcernsAll(reply.status())) {
      session.Fail(reply.status());
      session.err << "stopped at " << OneLine(file.providers(i).provider())
                  << "; the same command goes on from there\n";
      return;
    } else {
      AddRefusal(absl::StrCat("providers[", i, "]"), reply.status(), faults);
    }
  }
  if (dry_run) session.err << "dry run: nothing was kept\n";
}

void Import(const std::string& path, bool dry_run, Session& session) {
  if (!session.request_id.empty()) throw CLI::ValidationError("--request-id", "an import has one for each provider");
  ServiceCatalogue file;
  pathway::Faults faults(path);
  pathway::ReadYaml(Parsed(ReadText(path), "FILE"), file, faults);
  RefuseRepeats(file, faults);
  if (!faults.any()) Send(file, dry_run, faults, session);
  if (!faults.any()) return;
  session.err << faults.ToStatus().message() << "\n";
  if (session.exit_code == kOk) session.exit_code = kRefused;
}

void AddImport(CLI::App& services, Session& session) {
  CLI::App* command =
      AddCommand(services, "import", "A file like those of deploy/services. The same file again changes nothing.",
                 "--role lead services import services.yaml --dry-run");
  auto path = std::make_shared<std::string>();
  auto dry_run = std::make_shared<bool>(false);
  command->add_option("file", *path, "YAML; - is standard input")->required()->type_name("FILE");
  command->add_flag("--dry-run", *dry_run, "the server says what would change; nothing is kept");
  command->callback([path, dry_run, &session] { Import(*path, *dry_run, session); });
}

}  // namespace

void AddServiceCommands(CLI::App& app, Session& session) {
  CLI::App* services = AddCommand(app, "services", "What providers offer: search, show, capacity, import.",
                                  "--role coordinator services search --municipality 217 --need musculoskeletal");
  services->require_subcommand(1);
  AddSearch(*services, session);
  AddImport(*services, session);
  AddRequest<CoordinatorNetworkService>(
      *services, session,
      {"show", "One service.", "--role coordinator services show organisations/valmennus/services/job-coaching"},
      &Stub::GetService, {{"name"}});
  AddRequest<CoordinatorNetworkService>(
      *services, session,
      {"capacity", "What a service can take, as it is counted today; what is left out is 0.",
       "--role provider services capacity organisations/valmennus/services/job-coaching --places 12 --accepting "
       "--in-service 10 --waiting 0"},
      &Stub::SetServiceCapacity,
      {{"service"},
       {"capacity.places", "clients at a time"},
       {"capacity.accepting", "without it new clients are not taken"},
       {"capacity.in_service", "clients now"},
       {"capacity.waiting", "clients in the queue"},
       {"capacity.wait_weeks", "from a referral to the beginning"},
       {"capacity.text", "for those who refer"}});
}

}  // namespace polku::polkuctl
