#include "services/referral/domain/client_commands.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/checks.h"
#include "services/referral/domain/evolve_merge.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/domain/forward.h"
#include "services/referral/domain/merged_names.h"
#include "services/referral/domain/person.h"

namespace polku::referral {
namespace {

constexpr absl::string_view kIntakeRole = "intake";

absl::Status Refused(absl::string_view why, absl::string_view reason) {
  return WithReason(absl::FailedPreconditionError(why), reason);
}

bool IsContact(absl::string_view path) {
  static const auto& paths =
      *new std::set<std::string>{"municipality", "language", "phone", "email", "postal_address", "non_disclosure"};
  return paths.contains(std::string(path));
}

bool IsWhereabouts(absl::string_view path) {
  return path == "municipality" || path == "postal_address" || path == "non_disclosure";
}

absl::Status CheckContactPath(const v1::Client& state, absl::string_view path, const pipeline::Context& context) {
  if (!IsContact(path)) return InvalidField("update_mask", "names what is no contact");
  const bool guarded = path == "non_disclosure" || (state.person().non_disclosure() && IsWhereabouts(path));
  if (!guarded || context.principal.role == kIntakeRole) return absl::OkStatus();
  return WithReason(absl::PermissionDeniedError("whereabouts under a safety order are intake's alone"), "SAFETY_ORDER");
}

// Sets one field by its name.
void Take(const std::string& path, const v1::Person& from, v1::Person& person) {
  const auto* field = v1::Person::descriptor()->FindFieldByName(path);
  if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL) {
    person.GetReflection()->SetBool(&person, field, from.GetReflection()->GetBool(from, field));
  } else {
    person.GetReflection()->SetString(&person, field, from.GetReflection()->GetString(from, field));
  }
}

bool IsDataClass(absl::string_view text) {
  return text == "referral" || text == "assessment" || text == "plan" || text == "follow-up";
}

absl::Status CheckPermission(const v1::GrantPermissionRequest& request) {
  absl::Status status;
  if (!IsCode(request.purpose())) AddViolation(status, "purpose", "must be 1 to 63 of a-z, 0-9 and hyphen");
  if (!IsResourceName(request.organisation(), "organisations/*")) {
    AddViolation(status, "organisation", "must be organisations/<id>");
  }
  if (request.classes().empty()) AddViolation(status, "classes", "needs at least one");
  std::set<std::string> seen;
  for (int i = 0; i < request.classes_size() && i < 10; ++i) {
    const std::string path = absl::StrCat("classes[", i, "]");
    if (!IsDataClass(request.classes(i))) {
      AddViolation(status, path, "must be referral, assessment, plan or follow-up");
    } else if (!seen.insert(request.classes(i)).second) {
      AddViolation(status, path, "is there twice");
    }
  }
  return status;
}

absl::CivilDay DayAfterRetention(const v1::Client& state, int retention_years) {
  absl::CivilDay last = absl::CivilDay(1, 1, 1);
  for (const v1::Referral& referral : state.referrals()) {
    if (referral.state() == v1::REFERRAL_STATE_VOIDED) continue;
    const auto& end = referral.has_close_time() ? referral.close_time() : referral.answer_time();
    last = std::max(last, LocalDay(pipeline::FromProto(end)));
  }
  return absl::CivilDay(last.year() + retention_years, last.month(), last.day()) + 1;
}

bool HasOpenReferral(const v1::Client& state) {
  return std::any_of(state.referrals().begin(), state.referrals().end(), IsOpen);
}

void EmitSchedule(std::optional<absl::CivilDay> day, Draft& draft) {
  v1::ClientEvent event;
  event.mutable_erasure_scheduled();
  if (day.has_value()) *event.mutable_erasure_scheduled()->mutable_erase_on() = pipeline::ToProtoDay(*day);
  draft.Emit(std::move(event));
}

void EraseAll(const google::protobuf::RepeatedPtrField<v1::MergedClient>& merged, Draft& draft) {
  for (const v1::MergedClient& each : merged) {
    auto erase = std::make_unique<v1::EraseMerged>();
    erase->set_client(each.client());
    draft.AddStep(each.client(), std::move(erase));
    EraseAll(each.content().merged(), draft);
  }
}

void EmitErased(Draft& draft) {
  EraseAll(draft.state().merged(), draft);
  v1::ClientEvent event;
  event.mutable_client_erased()->set_client(draft.context().key);
  *event.mutable_client_erased()->mutable_erase_time() = pipeline::ToProto(draft.context().now);
  draft.Emit(std::move(event));
}

// Those to whom a split gave referrals: no journey of `client`, or of who is part of it, follows them any more.
void TellJourneyGone(const v1::Client& state, const std::string& client, const MergedClients& parts,
                     const pipeline::Context& context, Decision& decision) {
  v1::ForwardedFact fact;
  fact.set_from(client);
  *fact.mutable_fact_time() = pipeline::ToProto(context.now);
  fact.mutable_journey_closed()->set_client(client);
  fact.mutable_journey_closed()->set_reason(follow_up::v1::CLOSE_REASON_OTHER);
  *fact.mutable_journey_closed()->mutable_close_time() = pipeline::ToProto(context.now);
  ForwardToOwners(state, std::move(fact), decision);
  for (const v1::MergedClient& each : parts) {
    TellJourneyGone(state, each.client(), each.content().merged(), context, decision);
  }
}

}  // namespace

absl::Status CheckKnown(const v1::Client& state) {
  return state.name().empty() ? absl::NotFoundError("no such client") : absl::OkStatus();
}

Decision Summarised(Draft draft, const std::string& split_off) {
  auto summary = std::make_unique<v1::ClientSummary>();
  const pipeline::Context& context = draft.context();
  summary->set_name(context.key);
  summary->set_restricted(draft.state().restricted());
  if (draft.state().has_erase_on()) *summary->mutable_erase_on() = draft.state().erase_on();
  summary->set_merging_into(draft.state().merging_into());
  summary->set_split_off(split_off);
  Decision decision = std::move(draft).NoReply();
  summary->set_etag(absl::StrCat(context.next_version - 1 + static_cast<int64_t>(decision.events.size())));
  decision.reply = std::move(summary);
  return decision;
}

v1::ClientNoted& Noted(const std::string& text, const pipeline::Context& context, v1::ClientEvent& event) {
  event.mutable_client_noted()->set_text(text);
  event.mutable_client_noted()->set_user(context.principal.user);
  return *event.mutable_client_noted();
}

absl::StatusOr<Decision> UpdateContact(const v1::Client& state, const v1::UpdateContactRequest& request,
                                       const EntryTerms& terms, const pipeline::Context& context) {
  RETURN_IF_ERROR(CheckKnown(state));
  if (request.update_mask().paths().empty()) return InvalidField("update_mask", "needs at least one path");
  v1::Person person = state.person();
  for (const std::string& path : request.update_mask().paths()) {
    RETURN_IF_ERROR(CheckContactPath(state, path, context));
    Take(path, request.contact(), person);
  }
  absl::Status status;
  CheckContact(person, "contact", status);
  RETURN_IF_ERROR(status);
  Draft draft(state, context);
  EmitPerson(std::move(person), terms, draft);
  return Summarised(std::move(draft));
}

absl::StatusOr<Decision> CorrectIdentity(const v1::Client& state, const v1::CorrectIdentityRequest& request,
                                         const EntryTerms& terms, const pipeline::Context& context) {
  if (context.key != request.client()) {
    return WithReason(absl::AlreadyExistsError("the identity code is that of another client"), "IDENTITY_CODE_TAKEN");
  }
  RETURN_IF_ERROR(CheckKnown(state));
  const v1::Person& told = request.person();
  v1::Person identity;
  identity.set_identity_code(told.identity_code());
  identity.set_family_name(told.family_name());
  identity.set_given_names(told.given_names());
  if (told.has_birth_date()) *identity.mutable_birth_date() = told.birth_date();
  if (identity.ByteSizeLong() == 0) return InvalidField("person", "needs at least one field");
  v1::Person person = state.person();
  // A birth date that came from names and a form gives way to that of the code.
  if (!told.identity_code().empty() && !told.has_birth_date()) person.clear_birth_date();
  person.MergeFrom(identity);
  absl::Status status;
  CheckIdentity(person, terms.identity, context.now, "person", status);
  RETURN_IF_ERROR(status);
  const bool reason = v1::CorrectionReason_IsValid(request.reason()) && request.reason() != 0;
  RETURN_IF_ERROR(CheckReason(reason, request.reason() == v1::CORRECTION_REASON_OTHER, request.text()));
  Draft draft(state, context);
  v1::ClientEvent noted;
  Noted(request.text(), context, noted).set_correction(request.reason());
  draft.Emit(std::move(noted));
  EmitPerson(Merged(person, v1::Person(), terms.identity), terms, draft);
  // The code that was wrong is somebody else's, or nobody's: it must not lead here any more.
  const absl::StatusOr<Hetu> before = Hetu::Parse(state.person().identity_code(), terms.identity);
  if (before.ok() && state.person().identity_code() != person.identity_code()) {
    draft.LeadIdentity(IdentityHash(terms.hash_key, *before), "");
  }
  return Summarised(std::move(draft));
}

absl::StatusOr<Decision> GrantPermission(const v1::Client& state, const v1::GrantPermissionRequest& request,
                                         const pipeline::Context& context) {
  RETURN_IF_ERROR(CheckKnown(state));
  RETURN_IF_ERROR(CheckPermission(request));
  absl::CivilDay from = LocalDay(context.now);
  if (request.has_valid_from()) {
    ASSIGN_OR_RETURN(from, pipeline::DayFrom(request.valid_from(), "valid_from"));
  }
  if (request.has_valid_to()) {
    ASSIGN_OR_RETURN(const absl::CivilDay to, pipeline::DayFrom(request.valid_to(), "valid_to"));
    if (to < from) return InvalidField("valid_to", "is before valid_from");
  }
  if (state.permissions_size() >= kPermissionsMax) {
    return Refused("the client has too many permissions", "TOO_MANY_PERMISSIONS");
  }
  Draft draft(state, context);
  v1::ClientEvent event;
  v1::PermissionGranted& granted = *event.mutable_permission_granted();
  granted.set_permission(absl::StrCat(context.key, "/permissions/", state.permissions_size() + 1));
  granted.set_purpose(request.purpose());
  granted.set_organisation(request.organisation());
  *granted.mutable_classes() = request.classes();
  *granted.mutable_valid_from() = pipeline::ToProtoDay(from);
  if (request.has_valid_to()) *granted.mutable_valid_to() = request.valid_to();
  granted.set_denial(request.denial());
  *granted.mutable_grant_time() = pipeline::ToProto(context.now);
  EmitToAll(std::move(event), draft);
  auto reply = std::make_unique<v1::Permission>(*draft.state().permissions().rbegin());
  Decision decision = std::move(draft).NoReply();
  decision.reply = std::move(reply);
  return decision;
}

absl::StatusOr<Decision> WithdrawPermission(const v1::Client& state, const v1::WithdrawPermissionRequest& request,
                                            const pipeline::Context& context) {
  const auto& all = state.permissions();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&request](const v1::Permission& each) { return each.name() == request.name(); });
  if (found == all.end()) return absl::NotFoundError("no such permission");
  if (found->has_withdraw_time()) return Refused("the permission is withdrawn", "PERMISSION_WITHDRAWN");
  Draft draft(state, context);
  v1::ClientEvent event;
  v1::PermissionWithdrawn& withdrawn = *event.mutable_permission_withdrawn();
  withdrawn.set_permission(request.name());
  *withdrawn.mutable_withdraw_time() = pipeline::ToProto(context.now);
  withdrawn.set_purpose(found->purpose());
  withdrawn.set_organisation(found->organisation());
  EmitToAll(std::move(event), draft);
  auto reply = std::make_unique<v1::Permission>(draft.state().permissions(static_cast<int>(found - all.begin())));
  Decision decision = std::move(draft).NoReply();
  decision.reply = std::move(reply);
  return decision;
}

absl::StatusOr<Decision> RestrictProcessing(const v1::Client& state, const v1::RestrictProcessingRequest& request,
                                            int retention_years, const pipeline::Context& context) {
  RETURN_IF_ERROR(CheckKnown(state));
  if (request.restricted()) {
    const bool reason = v1::RestrictionReason_IsValid(request.reason()) && request.reason() != 0;
    RETURN_IF_ERROR(CheckReason(reason, request.reason() == v1::RESTRICTION_REASON_OTHER, request.text()));
  } else if (request.schedule_erasure()) {
    return InvalidField("schedule_erasure", "needs restricted");
  }
  if (request.schedule_erasure() && HasOpenReferral(state)) {
    return Refused("a referral is open: answer, withdraw or close it first", "REFERRAL_OPEN");
  }
  Draft draft(state, context);
  v1::ClientEvent noted;
  Noted(request.text(), context, noted).set_restriction(request.reason());
  draft.Emit(std::move(noted));
  if (request.restricted() != state.restricted()) {
    v1::ClientEvent event;
    v1::ProcessingRestricted& restricted = *event.mutable_processing_restricted();
    restricted.set_client(context.key);
    restricted.set_restricted(request.restricted());
    *restricted.mutable_restrict_time() = pipeline::ToProto(context.now);
    EmitToAll(std::move(event), draft);
  }
  if (request.schedule_erasure()) {
    EmitSchedule(std::max(DayAfterRetention(state, retention_years), LocalDay(context.now)), draft);
  } else if (state.has_erase_on() && !request.restricted()) {
    EmitSchedule(std::nullopt, draft);
  }
  return Summarised(std::move(draft));
}

Decision Erased(const v1::Client& state, Decision decision, const pipeline::Context& context) {
  TellJourneyGone(state, context.key, state.merged(), context, decision);
  decision.erase = true;
  return decision;
}

absl::StatusOr<Decision> EraseClient(const v1::Client& state, const v1::EraseClientRequest& request,
                                     int retention_years, const pipeline::Context& context) {
  RETURN_IF_ERROR(CheckKnown(state));
  if (HasOpenReferral(state)) {
    return Refused("a referral is open: answer, withdraw or close it first", "REFERRAL_OPEN");
  }
  const absl::CivilDay erasable = DayAfterRetention(state, retention_years);
  if (LocalDay(context.now) < erasable) {
    return Refused(absl::StrCat("the law keeps the records up to ", FormatDay(erasable - 1),
                                ": restrict processing and schedule the erasure instead"),
                   "RETENTION");
  }
  Draft draft(state, context);
  EmitErased(draft);
  return Erased(state, Summarised(std::move(draft)), context);
}

std::optional<absl::Time> NextErasure(const v1::Client& state) {
  if (!state.has_erase_on()) return std::nullopt;
  return StartOfDay(pipeline::FromProto(state.erase_on()));
}

Decision EraseIfDue(Draft draft, int retention_years) {
  const std::optional<absl::Time> due = NextErasure(draft.state());
  if (!due.has_value() || draft.context().now < *due) return std::move(draft).NoReply();
  if (HasOpenReferral(draft.state())) {
    EmitSchedule(std::nullopt, draft);
    return std::move(draft).NoReply();
  }
  const absl::CivilDay erasable = DayAfterRetention(draft.state(), retention_years);
  if (LocalDay(draft.context().now) < erasable) {
    EmitSchedule(erasable, draft);
    return std::move(draft).NoReply();
  }
  const v1::Client before = draft.state();
  const pipeline::Context context = draft.context();
  EmitErased(draft);
  return Erased(before, std::move(draft).NoReply(), context);
}

bool IsDenied(const v1::Client& state, absl::string_view organisation, absl::string_view data_class,
              absl::CivilDay day) {
  return std::any_of(state.permissions().begin(), state.permissions().end(), [&](const v1::Permission& each) {
    const bool stands = each.denial() && !each.has_withdraw_time() && pipeline::FromProto(each.valid_from()) <= day &&
                        (!each.has_valid_to() || day <= pipeline::FromProto(each.valid_to()));
    const auto& classes = each.classes();
    return stands && each.organisation() == organisation &&
           std::find(classes.begin(), classes.end(), data_class) != classes.end();
  });
}

}  // namespace polku::referral
