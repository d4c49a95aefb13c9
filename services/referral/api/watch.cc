#include "services/referral/api/watch.h"

#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/rpc/disclose.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/index.h"

namespace polku::referral {
namespace {

constexpr int kListPage = 100;
constexpr int kChangesPage = 1000;
// A stream without news says how far it is after so many changes of others, so that a resume need not read them.
constexpr int64_t kSilentChangesMax = 10000;
constexpr absl::string_view kIntakeRole = "intake";

std::string FingerprintOf(const pipeline::Principal& principal) {
  return absl::StrCat("watch-referrals/", principal.organisation);
}

// What one journal row of a client changed for referrers.
struct Touched {
  std::set<std::string> referrals;
  bool events = false;  // The status of referrals in service.
  bool all = false;
};

void Touch(const store::JournalRow& row, Touched& touched) {
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(row.type);
  if (type == nullptr || type == v1::EntryWarned::descriptor() || type == v1::PersonRecorded::descriptor()) return;
  if (type == v1::ServiceEventSeen::descriptor()) {
    touched.events = true;
    return;
  }
  if (type == v1::ReferralRecorded::descriptor()) {
    v1::ReferralRecorded recorded;
    if (recorded.ParseFromString(row.payload)) touched.referrals.insert(recorded.referral().name());
    return;
  }
  const auto* field = type->FindFieldByName("referral");
  if (field == nullptr || field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    touched.all = true;
    return;
  }
  const std::unique_ptr<google::protobuf::Message> event(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (event->ParseFromString(row.payload)) {
    touched.referrals.insert(event->GetReflection()->GetString(*event, field));
  }
}

bool Concerns(const Touched& touched, const v1::Referral& referral) {
  // What peers tell of a referral from before a merge goes by its former name.
  for (const std::string& name : referral.former_names()) {
    if (touched.referrals.contains(name)) return true;
  }
  return touched.all || touched.referrals.contains(referral.name()) ||
         touched.referrals.contains(referral.linked_referral()) ||
         (touched.events && absl::StartsWith(referral.business_status(), "5."));
}

// The client's referrals that `principal`'s organisation sent.
absl::StatusOr<std::vector<v1::Referral>> OwnReferrals(rpc::ReadScope& scope, const std::string& client) {
  const std::string sql =
      absl::StrCat("SELECT ", kReferralColumns, " FROM referral WHERE client = $1 AND referrer = $2 ORDER BY referral");
  const std::vector<store::Value> parameters = {client, scope.principal.organisation};
  ASSIGN_OR_RETURN(const std::vector<store::Row> rows, scope.reader.Query(sql, parameters));
  std::vector<v1::Referral> referrals;
  for (const store::Row& row : rows) referrals.push_back(ReferralFrom(row));
  return referrals;
}

// Those of whom the organisation that sent them may be told now. Once the processing is free again, that is a change of
// every referral.
absl::StatusOr<std::set<std::string>> ToldOf(rpc::ReadScope& scope, const std::set<std::string>& clients) {
  const std::vector<std::string> keys(clients.begin(), clients.end());
  ASSIGN_OR_RETURN(const std::vector<store::StoredAggregate> stored, scope.reader.Load(keys));
  std::set<std::string> told;
  for (size_t i = 0; i < keys.size(); ++i) {
    v1::Client state;
    if (!state.ParseFromString(stored[i].state)) return absl::DataLossError(absl::StrCat(keys[i], " cannot be read"));
    const rpc::DisclosureFacts facts{.own_referral = true, .restricted = state.restricted()};
    if (rpc::Disclose(scope.principal, keys[i], rpc::DataClass::kReferral, facts).ok()) told.insert(keys[i]);
  }
  return told;
}

}  // namespace

absl::Status ReferralWatch::Open(rpc::ReadScope& scope) {
  open_ = true;
  ASSIGN_OR_RETURN(const int64_t newest, scope.reader.LastSequence());
  absl::StatusOr<rpc::Pager::Cursor> cursor = scope.pager.Open(FingerprintOf(scope.principal), token_, 0);
  if (!cursor.ok()) return InvalidField("resume_token", "is damaged or of another stream");
  if (cursor->after.size() == 3 && std::get<int64_t>(cursor->after[0]) <= newest) {
    sequence_ = std::get<int64_t>(cursor->after[0]);
    listing_ = std::get<int64_t>(cursor->after[1]) != 0;
    listed_ = std::get<std::string>(cursor->after[2]);
  } else {
    sequence_ = newest;
  }
  told_sequence_ = sequence_;
  return absl::OkStatus();
}

void ReferralWatch::SetToken(const rpc::ReadScope& scope, v1::WatchReferralsResponse& response) {
  response.set_resume_token(scope.pager.Seal(FingerprintOf(scope.principal), {sequence_, int64_t{listing_}, listed_}));
  told_sequence_ = sequence_;
}

void ReferralWatch::Send(const rpc::ReadScope& scope, v1::Referral referral,
                         std::vector<v1::WatchReferralsResponse>& found) {
  if (scope.principal.role != kIntakeRole) referral.clear_linked_referral();
  v1::WatchReferralsResponse& response = found.emplace_back();
  *response.mutable_referral() = std::move(referral);
  SetToken(scope, response);
}

absl::StatusOr<bool> ReferralWatch::List(rpc::ReadScope& scope, std::vector<v1::WatchReferralsResponse>& found) {
  const std::string sql =
      absl::StrCat("SELECT ", kReferralColumns,
                   " FROM referral WHERE referrer = $1 AND referral > $2 ORDER BY referral LIMIT ", kListPage);
  const std::vector<store::Value> parameters = {scope.principal.organisation, listed_};
  ASSIGN_OR_RETURN(const std::vector<store::Row> rows, scope.reader.Query(sql, parameters));
  std::vector<v1::Referral> page;
  std::set<std::string> clients;
  for (const store::Row& row : rows) {
    page.push_back(ReferralFrom(row));
    clients.insert(ClientOf(page.back().name()).value_or(""));
  }
  ASSIGN_OR_RETURN(const std::set<std::string> told, ToldOf(scope, clients));
  for (v1::Referral& referral : page) {
    listed_ = referral.name();
    if (told.contains(ClientOf(listed_).value_or(""))) Send(scope, std::move(referral), found);
  }
  listing_ = rows.size() == static_cast<size_t>(kListPage);
  return true;
}

absl::StatusOr<bool> ReferralWatch::Follow(rpc::ReadScope& scope, std::vector<v1::WatchReferralsResponse>& found) {
  ASSIGN_OR_RETURN(const std::vector<store::JournalRow> changes, scope.reader.ScanChanges(sequence_, kChangesPage));
  std::map<std::string, int64_t> first_version;
  std::vector<std::string> clients;  // In the order of their first change.
  for (const store::JournalRow& change : changes) {
    if (absl::StartsWith(change.key, "clients/") && first_version.try_emplace(change.key, change.version).second) {
      clients.push_back(change.key);
    }
  }
  for (const std::string& client : clients) {
    ASSIGN_OR_RETURN(std::vector<v1::Referral> own, OwnReferrals(scope, client));
    if (own.empty()) continue;
    ASSIGN_OR_RETURN(const std::set<std::string> told, ToldOf(scope, {client}));
    if (told.empty()) continue;
    ASSIGN_OR_RETURN(const std::vector<store::JournalRow> rows,
                     scope.reader.ReadJournal(client, first_version[client] - 1, kChangesPage));
    Touched touched;
    for (const store::JournalRow& row : rows) Touch(row, touched);
    for (v1::Referral& referral : own) {
      if (Concerns(touched, referral)) Send(scope, std::move(referral), found);
    }
  }
  if (!changes.empty()) sequence_ = changes.back().sequence;
  const bool more = changes.size() == static_cast<size_t>(kChangesPage);
  // Only the last token says that all of this page is told.
  if (!found.empty()) {
    SetToken(scope, found.back());
    found.back().set_caught_up(!more);
  } else if (sequence_ - told_sequence_ > kSilentChangesMax) {
    SetToken(scope, found.emplace_back());
    found.back().set_caught_up(!more);
  }
  return more;
}

absl::StatusOr<bool> ReferralWatch::operator()(rpc::ReadScope& scope, std::vector<v1::WatchReferralsResponse>& found) {
  if (!open_) RETURN_IF_ERROR(Open(scope));
  if (!listing_) return Follow(scope, found);
  ASSIGN_OR_RETURN(const bool more, List(scope, found));
  if (!listing_) {
    // The list is whole: what changed since it began follows.
    SetToken(scope, found.emplace_back());
    found.back().set_caught_up(true);
  }
  return more;
}

}  // namespace polku::referral
