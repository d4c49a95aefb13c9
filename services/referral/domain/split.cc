#include "services/referral/domain/split.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/base/hash.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/permissions/permissions.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/checks.h"
#include "services/referral/domain/client_commands.h"
#include "services/referral/domain/merge.h"
#include "services/referral/domain/merged_names.h"
#include "services/referral/domain/person.h"
#include "services/referral/domain/renaming.h"

namespace polku::referral {
namespace {

// What a split gives away, as it is decided.
struct Gift {
  std::string to;      // "clients/C".
  std::string undone;  // The same, when it had been merged; or empty.
  Renaming names;
  v1::ClientContent content;
};

// A new key that follows from all names that the referrals have had: no two splits give the same ones away, and it does
// not hang on what else the client was told before.
std::string NewClientKey(const v1::Client& state, const std::set<std::string>& going, const EntryTerms& terms) {
  std::string history;
  for (const v1::Referral& referral : state.referrals()) {
    if (!going.contains(referral.name())) continue;
    absl::StrAppend(&history, absl::StrJoin(referral.former_names(), ","), ",", referral.name(), ";");
  }
  std::string bytes = KeyedHash(terms.hash_key, "referral.split", history);
  // UUID version 8, variant 1 (RFC 9562).
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x80);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = HexOf(bytes.substr(0, 16));
  return absl::StrCat("clients/", hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                      hex.substr(16, 4), "-", hex.substr(20, 12));
}

// The name that `referral` had as one of `client`; empty if it had none.
std::string NameUnder(const std::string& client, const v1::Referral& referral) {
  for (int i = referral.former_names_size() - 1; i >= 0; --i) {
    if (ClientOf(referral.former_names(i)) == client) return referral.former_names(i);
  }
  return "";
}

// An open referral goes with the one that it follows and with those that follow it.
absl::Status CheckLinks(const v1::Client& state, const Renaming& names) {
  for (const v1::Referral& referral : state.referrals()) {
    if (referral.linked_referral().empty() || !IsOpen(referral)) continue;
    if (names.names().contains(referral.name()) != names.names().contains(referral.linked_referral())) {
      return WithReason(absl::FailedPreconditionError("an open referral that follows another would be parted from it"),
                        "REFERRAL_LINKED");
    }
  }
  return absl::OkStatus();
}

void FillReferrals(const v1::Client& state, Gift& gift) {
  for (const v1::Referral& referral : state.referrals()) {
    if (gift.names.names().contains(referral.name())) {
      *gift.content.add_referrals() = gift.names.Renamed(referral, state.name());
    }
  }
  for (const v1::EntryWarning& warning : state.entry_warnings()) {
    if (gift.names.names().contains(warning.referral())) {
      *gift.content.add_entry_warnings() = gift.names.Renamed(warning);
    }
  }
}

// The person as if `merged` had never been: what came from it goes, what has been told since stays.
v1::Person Without(const v1::MergedClient& merged, v1::Person person, HetuPolicy identity) {
  const v1::Person after = Merged(merged.content().person(), merged.person_before(), identity);
  const auto* descriptor = v1::Person::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    google::protobuf::util::MessageDifferencer differencer;
    const std::vector<const google::protobuf::FieldDescriptor*> field = {descriptor->field(i)};
    if (!differencer.CompareWithFields(person, after, field, field)) continue;
    v1::Person before = merged.person_before();
    person.GetReflection()->SwapFields(&person, &before, field);
  }
  return person;
}

// When it was taken back here, it stays so.
void FillPermissions(const v1::Client& state, const v1::MergedClient& merged, Gift& gift) {
  for (int i = 0; i < merged.permissions_taken_size(); ++i) {
    for (const v1::Permission& here : state.permissions()) {
      if (here.name() == merged.permissions_taken(i) && here.has_withdraw_time()) {
        *gift.content.mutable_permissions(i)->mutable_withdraw_time() = here.withdraw_time();
      }
    }
  }
}

void EndPermissions(const v1::MergedClient& merged, Draft& draft) {
  const auto permissions = draft.state().permissions();
  for (const v1::Permission& here : permissions) {
    const auto& taken = merged.permissions_taken();
    if (here.has_withdraw_time() || std::find(taken.begin(), taken.end(), here.name()) == taken.end()) continue;
    v1::ClientEvent event;
    v1::PermissionWithdrawn& withdrawn = *event.mutable_permission_withdrawn();
    withdrawn.set_permission(here.name());
    *withdrawn.mutable_withdraw_time() = pipeline::ToProto(draft.context().now);
    withdrawn.set_purpose(here.purpose());
    withdrawn.set_organisation(here.organisation());
    withdrawn.set_undone(true);
    EmitToAll(std::move(event), draft);
  }
}

// Referrals that came from it and were given on: its journey is theirs still.
void FillMoved(const v1::Client& state, Gift& gift) {
  for (const v1::MovedReferral& moved : state.moved()) {
    const bool came = std::any_of(moved.names().begin(), moved.names().end(),
                                  [&gift](const std::string& name) { return ClientOf(name) == gift.to; });
    if (came) *gift.content.add_moved() = moved;
  }
}

absl::StatusOr<Gift> GiftOfMerged(const v1::Client& state, const v1::MergedClient& merged) {
  Gift gift{merged.client(), merged.client(), {}, merged.content()};
  for (const v1::Referral& referral : state.referrals()) {
    const std::string name = NameUnder(merged.client(), referral);
    if (!name.empty()) gift.names.Add(referral.name(), name);
  }
  RETURN_IF_ERROR(CheckLinks(state, gift.names));
  FillReferrals(state, gift);
  FillMoved(state, gift);
  FillPermissions(state, merged, gift);
  return gift;
}

absl::Status CheckNewPerson(const v1::Client& state, const v1::SplitClientRequest& request, const EntryTerms& terms,
                            absl::Time now) {
  if (!request.has_person()) return InvalidField("person", "is needed");
  absl::Status status;
  CheckIdentity(request.person(), terms.identity, now, "person", status);
  CheckContact(request.person(), "person", status);
  const std::string& code = request.person().identity_code();
  if (!code.empty() && code != state.person().identity_code()) {
    AddViolation(status, "person.identity_code", "must be empty, or that of the client; CorrectIdentity sets another");
  }
  return status;
}

absl::StatusOr<Gift> GiftOfReferrals(const v1::Client& state, const v1::SplitClientRequest& request,
                                     const EntryTerms& terms, const pipeline::Context& context) {
  RETURN_IF_ERROR(CheckNewPerson(state, request, terms, context.now));
  std::set<std::string> going;
  for (const std::string& name : request.referrals()) {
    const v1::Referral* referral = FindReferral(state, name);
    if (referral == nullptr) return absl::NotFoundError("split client: the client has no such referral");
    going.insert(referral->name());
  }
  if (going.empty() || static_cast<int>(going.size()) == state.referrals_size()) {
    return InvalidField("referrals", "at least one must go and at least one stay");
  }
  Gift gift{NewClientKey(state, going, terms), "", {}, {}};
  for (const v1::Referral& referral : state.referrals()) {
    if (!going.contains(referral.name())) continue;
    gift.names.Add(referral.name(), absl::StrCat(gift.to, "/referrals/", gift.names.names().size() + 1));
  }
  RETURN_IF_ERROR(CheckLinks(state, gift.names));
  FillReferrals(state, gift);
  *gift.content.mutable_person() = Merged(v1::Person(), request.person(), terms.identity);
  return gift;
}

void EmitGiven(const v1::Client& state, const Gift& gift, Draft& draft) {
  v1::ClientEvent given;
  given.mutable_referrals_given()->set_undone(gift.undone);
  v1::ClientEvent split;
  split.mutable_client_split()->set_client(gift.to);
  split.mutable_client_split()->set_from(draft.context().key);
  *split.mutable_client_split()->mutable_split_time() = pipeline::ToProto(draft.context().now);
  for (const v1::Referral& referral : state.referrals()) {
    const auto name = gift.names.names().find(referral.name());
    if (name == gift.names.names().end()) continue;
    v1::MovedReferral& moved = *given.mutable_referrals_given()->add_moved();
    *moved.mutable_names() = referral.former_names();
    moved.add_names(referral.name());
    moved.set_to(name->second);
    split.mutable_client_split()->add_referrals(name->second);
  }
  draft.Emit(std::move(given));
  draft.Emit(std::move(split));
}

}  // namespace

absl::StatusOr<Decision> SplitClient(const v1::Client& state, const v1::SplitClientRequest& request,
                                     const EntryTerms& terms, const pipeline::Context& context) {
  RETURN_IF_ERROR(CheckKnown(state));
  if (request.text().empty()) return InvalidField("text", "is needed");
  RETURN_IF_ERROR(CheckText(request.text()));
  RETURN_IF_ERROR(permissions::CheckNotRestricted(state.restricted()));
  const auto undone = std::find_if(state.merged().begin(), state.merged().end(),
                                   [&](const v1::MergedClient& each) { return each.client() == request.merged(); });
  if (!request.merged().empty()) {
    if (!request.referrals().empty() || request.has_person()) {
      return InvalidField("merged", "stands instead of referrals and person");
    }
    if (undone == state.merged().end()) return absl::NotFoundError("split client: no such client was merged into it");
  }
  Draft draft(state, context);
  v1::ClientEvent noted;
  Noted(request.text(), context, noted);
  draft.Emit(std::move(noted));
  Gift gift;
  v1::Person stays = state.person();
  if (undone != state.merged().end()) {
    ASSIGN_OR_RETURN(gift, GiftOfMerged(state, *undone));
    stays = Without(*undone, std::move(stays), terms.identity);
    UntellWhatStands(*undone, draft);
    EndPermissions(*undone, draft);
  } else {
    ASSIGN_OR_RETURN(gift, GiftOfReferrals(state, request, terms, context));
    if (!gift.content.person().identity_code().empty()) stays.clear_identity_code();
  }
  EmitGiven(state, gift, draft);
  EmitPerson(std::move(stays), terms, draft);
  for (const std::string& hash : IdentityHashes(gift.content.person(), gift.content.merged(), terms)) {
    draft.LeadIdentity(hash, gift.to);
  }
  auto step = std::make_unique<v1::ReceiveSplit>();
  step->set_client(gift.to);
  step->set_from(context.key);
  *step->mutable_content() = std::move(gift.content);
  draft.AddStep(gift.to, std::move(step));
  return Summarised(std::move(draft), gift.to);
}

Decision OnReceiveSplit(const v1::Client& state, const v1::ReceiveSplit& received, const EntryTerms& terms,
                        const pipeline::Context& context) {
  Draft draft(state, context);
  EmitPerson(received.content().person(), terms, draft);
  v1::ClientEvent event;
  *event.mutable_content_received()->mutable_content() = received.content();
  event.mutable_content_received()->mutable_content()->clear_person();
  draft.Emit(std::move(event));
  if (state.merged_into().empty()) return std::move(draft).NoReply();
  // What the other one took back or denied meanwhile was told of this one.
  for (const v1::Permission& each : received.content().permissions()) {
    if (each.has_withdraw_time()) continue;
    v1::ClientEvent granted;
    *granted.mutable_permission_granted() = AsGranted(each, each.name());
    EmitToAll(std::move(granted), draft);
  }
  return std::move(draft).NoReply();
}

}  // namespace polku::referral
