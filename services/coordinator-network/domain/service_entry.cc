#include "services/coordinator-network/domain/service_entry.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/codes.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;

constexpr size_t kViolationsMax = 50;  // As many as a person mends at a time.
constexpr int kCodesMax = 400;         // Finland has about 300 municipalities.
constexpr int kCountMax = 100000;      // Places and clients, as of a receiving unit.
constexpr int kWaitWeeksMax = 260;
// Characters of UTF-8, counted in bytes to stay simple.
constexpr size_t kTitleBytesMax = 200 * 4;
constexpr size_t kAddressBytesMax = 200 * 4;
constexpr size_t kTextBytesMax = 400 * 4;
constexpr size_t kUrlBytesMax = 300;

// What is wrong below one field of a request.
struct Checked {
  const std::string field;
  absl::Status& status;

  void Add(absl::string_view path, absl::string_view what) const {
    AddViolation(status, absl::StrCat(field, ".", path), what);
  }
  void Range(absl::string_view path, int64_t number, int64_t max) const {
    if (number < 0 || number > max) Add(path, absl::StrCat("must be 0 to ", max));
  }
  // A text that must be there.
  void Text(absl::string_view path, const std::string& text, size_t bytes_max) const {
    if (absl::StripAsciiWhitespace(text).empty()) Add(path, "is required");
    if (text.size() > bytes_max) Add(path, absl::StrCat("is longer than ", bytes_max / 4, " characters"));
  }
};

bool IsUrl(const std::string& url) {
  const bool web = absl::StartsWith(url, "https://") || absl::StartsWith(url, "http://");
  return web && url.size() <= kUrlBytesMax && std::all_of(url.begin(), url.end(), absl::ascii_isgraph);
}

void CheckSite(const v1::ServiceSite& site, const CatalogueLimits& limits, const Checked& checked) {
  checked.Text("site.address", site.address(), kAddressBytesMax);
  const double latitude = site.location().latitude();
  const double longitude = site.location().longitude();
  // In this form what is no number is refused, too.
  if (!(latitude >= limits.latitude_min && latitude <= limits.latitude_max)) {
    checked.Add("site.location.latitude",
                absl::StrCat("must be ", limits.latitude_min, " to ", limits.latitude_max, " degrees north"));
  }
  if (!(longitude >= limits.longitude_min && longitude <= limits.longitude_max)) {
    checked.Add("site.location.longitude",
                absl::StrCat("must be ", limits.longitude_min, " to ", limits.longitude_max, " degrees east"));
  }
}

// None when it is absent or wrong.
std::optional<absl::CivilDay> CheckDay(bool given, const google::type::Date& date, absl::string_view path,
                                       const Checked& checked) {
  if (!given) return std::nullopt;
  const absl::StatusOr<absl::CivilDay> day = pipeline::DayFrom(date, path);
  if (day.ok()) return *day;
  checked.Add(path, "must be a real day");
  return std::nullopt;
}

void CheckDays(const v1::ServiceEntry& service, const Checked& checked) {
  const auto from = CheckDay(service.has_valid_from(), service.valid_from(), "valid_from", checked);
  const auto to = CheckDay(service.has_valid_to(), service.valid_to(), "valid_to", checked);
  if (from.has_value() && to.has_value() && *to < *from) checked.Add("valid_to", "is before valid_from");
}

void CheckLists(const v1::ServiceEntry& service, const PathwayCodes& codes, const Checked& checked) {
  const auto in = [](const std::set<std::string>& known) {
    return [&known](const std::string& code) { return known.count(code) > 0; };
  };
  const auto check = [&checked](const auto& list, int min, auto is_code, absl::string_view path,
                                absl::string_view what) {
    CheckCodes(list, min, kCodesMax, is_code, absl::StrCat(checked.field, ".", path), what, checked.status);
  };
  check(service.needs(), 1, in(codes.needs), "needs", "has a code that no pathway names");
  check(service.segments(), 1, IsSegment, "segments", "has an unknown segment");
  check(service.municipalities(), 1, in(codes.municipalities), "municipalities", "has a code that no pathway names");
  check(service.measure_types(), 0, in(codes.measure_types), "measure_types", "has a code that no pathway names");
}

void CheckService(const v1::ServiceEntry& service, const CatalogueLimits& limits, const PathwayCodes& codes,
                  absl::CivilDay today, const Checked& checked) {
  checked.Text("title.fi", service.title().fi(), kTitleBytesMax);
  checked.Text("title.sv", service.title().sv(), kTitleBytesMax);
  checked.Text("title.en", service.title().en(), kTitleBytesMax);
  CheckLists(service, codes, checked);
  if (service.has_site()) CheckSite(service.site(), limits, checked);
  CheckDays(service, checked);
  if (!service.contact_url().empty() && !IsUrl(service.contact_url())) {
    checked.Add("contact_url",
                absl::StrCat("must be https://... or http://..., at most ", kUrlBytesMax, " characters"));
  }
  if (!service.has_capacity()) return;
  CheckCapacity(service.capacity(), absl::StrCat(checked.field, ".capacity"), checked.status);
  const v1::ServiceCapacity& capacity = service.capacity();
  if (!capacity.has_count_date()) checked.Add("capacity.count_date", "is required");
  const auto counted = CheckDay(capacity.has_count_date(), capacity.count_date(), "capacity.count_date", checked);
  if (counted.has_value() && *counted > today) checked.Add("capacity.count_date", "is in the future");
}

}  // namespace

std::string OrganisationOf(const std::string& service) { return service.substr(0, service.find("/services/")); }

std::string InSmallLetters(absl::string_view text) {
  std::string small = absl::AsciiStrToLower(text);
  // U+00C0 to U+00DE but for the multiplication sign; their small letters are 32 further on.
  for (size_t i = 1; i < small.size(); ++i) {
    const auto byte = static_cast<unsigned char>(small[i]);
    const bool capital = small[i - 1] == '\xC3' && byte >= 0x80 && byte <= 0x9E && byte != 0x97;
    if (capital) small[i] = static_cast<char>(byte + 0x20);
  }
  return small;
}

absl::StatusOr<std::vector<v1::ServiceEntry>> ServicesFrom(const v1::ProviderCatalogue& given,
                                                           const CatalogueLimits& limits, const PathwayCodes& codes,
                                                           absl::CivilDay today) {
  absl::Status status;
  if (given.services_size() > limits.services_max) {
    return InvalidField("catalogue.services", absl::StrCat("has more than ", limits.services_max));
  }
  std::set<std::string> names;
  for (int i = 0; i < given.services_size() && ViolationsOf(status).size() < kViolationsMax; ++i) {
    const v1::ServiceEntry& service = given.services(i);
    const Checked checked{absl::StrCat("catalogue.services[", i, "]"), status};
    if (!IsResourceName(service.name(), "organisations/*/services/*") ||
        OrganisationOf(service.name()) != given.provider()) {
      checked.Add("name", "must be \"organisations/O/services/S\" of the catalogue's provider");
    } else if (!names.insert(service.name()).second) {
      checked.Add("name", "is there twice");
    }
    CheckService(service, limits, codes, today, checked);
  }
  if (!status.ok()) return status;

  std::vector<v1::ServiceEntry> services(given.services().begin(), given.services().end());
  for (v1::ServiceEntry& service : services) {
    SortUnique(*service.mutable_needs());
    SortUnique(*service.mutable_segments());
    SortUnique(*service.mutable_municipalities());
    SortUnique(*service.mutable_measure_types());
  }
  std::sort(services.begin(), services.end(),
            [](const v1::ServiceEntry& a, const v1::ServiceEntry& b) { return a.name() < b.name(); });
  return services;
}

void CheckCapacity(const v1::ServiceCapacity& capacity, absl::string_view field, absl::Status& status) {
  const Checked checked{std::string(field), status};
  checked.Range("places", capacity.places(), kCountMax);
  checked.Range("waiting", capacity.waiting(), kCountMax);
  checked.Range("in_service", capacity.in_service(), kCountMax);
  checked.Range("wait_weeks", capacity.wait_weeks(), kWaitWeeksMax);
  if (capacity.text().size() > kTextBytesMax) {
    checked.Add("text", absl::StrCat("is longer than ", kTextBytesMax / 4, " characters"));
  }
}

}  // namespace polku::coordinator_network
