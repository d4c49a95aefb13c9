// polkuctl referrals ...
#include "absl/strings/str_cat.h"
#include "polku/referral/v1/api.grpc.pb.h"
#include "tools/polkuctl/input.h"
#include "tools/polkuctl/request.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using namespace polku::referral::v1;  // NOLINT
using Stub = ReferralService::Stub;

struct Typed {
  Referral flags;
  std::string identity_code_file;
  std::string from;
};

// The file, the flags on top of it, and the identity code, which never is a flag: process lists show those.
Referral ReferralOf(const Typed& typed) {
  if (typed.from == "-" && typed.identity_code_file == "-") {
    throw CLI::ValidationError("--identity-code-file", "standard input is taken by --from");
  }
  Referral referral = typed.flags;
  if (!typed.from.empty()) {
    referral = Parsed(ReferralFrom(Parsed(ReadText(typed.from), "--from"), typed.flags), "--from");
  }
  if (!typed.identity_code_file.empty()) {
    referral.mutable_person()->set_identity_code(IdentityCodeIn(typed.identity_code_file));
  }
  return referral;
}

template <class Set>
void AddText(CLI::App& command, const std::string& flag, const std::string& what, Set set) {
  command.add_option_function<std::string>(flag, set, what);
}

void AddSubmit(CLI::App& referrals, Session& session) {
  CLI::App* command =
      AddCommand(referrals, "submit", "Sends a referral.",
                 "--role referrer referrals submit --to organisations/kainuu-unit --segment unemployed "
                 "--need work-ability --family-name Esimerkki --given-names Eeva --birth-date 1990-01-01 "
                 "--municipality 205 --language fi");
  auto typed = std::make_shared<Typed>();
  Referral* referral = &typed->flags;
  AddText(*command, "--to", "receiving unit, organisations/O",
          [referral](const std::string& text) { referral->set_receiving_unit(text); });
  AddText(*command, "--segment", "employed, unemployed, student, outside-services",
          [referral](const std::string& text) {
            referral->set_segment(Parsed(ParseEnumAs<polku::common::v1::Segment>(text), "--segment"));
          });
  AddText(
      *command, "--referrer-kind", "what your organisation is: employer, kela, ...; client for a self-referral",
      [referral](const std::string& text) {
        referral->set_referrer_kind(Parsed(ParseEnumAs<polku::common::v1::OrganisationKind>(text), "--referrer-kind"));
      });
  AddMany(*command, "--need", *referral->mutable_needs(), "need code");
  AddText(*command, "--reason", "why, in words", [referral](const std::string& text) { referral->set_reason(text); });
  command->add_option("--identity-code-file", typed->identity_code_file,
                      "file with the identity code; - is standard input");
  AddText(*command, "--birth-date", "YYYY-MM-DD, for a person without identity code",
          [referral](const std::string& text) {
            *referral->mutable_person()->mutable_birth_date() = Parsed(ParseDate(text), "--birth-date");
          });
  const auto person = [&](const std::string& flag, const std::string& what, void (*set)(Person&, const std::string&)) {
    AddText(*command, flag, what, [referral, set](const std::string& text) { set(*referral->mutable_person(), text); });
  };
  person("--family-name", "family name", [](Person& p, const std::string& t) { p.set_family_name(t); });
  person("--given-names", "given names", [](Person& p, const std::string& t) { p.set_given_names(t); });
  person("--municipality", "code of three digits", [](Person& p, const std::string& t) { p.set_municipality(t); });
  person("--language", "fi, sv, en, ...", [](Person& p, const std::string& t) { p.set_language(t); });
  person("--phone", "telephone", [](Person& p, const std::string& t) { p.set_phone(t); });
  person("--email", "e-mail", [](Person& p, const std::string& t) { p.set_email(t); });
  person("--postal-address", "address", [](Person& p, const std::string& t) { p.set_postal_address(t); });
  command->add_flag_function(
      "--non-disclosure", [referral](int64_t) { referral->mutable_person()->set_non_disclosure(true); },
      "under a safety order");
  command->add_option("--from", typed->from, "file with the referral as JSON; - is standard input; flags go on top");
  auto request = std::make_shared<SubmitReferralRequest>();
  AddCall<ReferralService>(*command, session, request, &Stub::SubmitReferral,
                           [typed, request] { *request->mutable_referral() = ReferralOf(*typed); });
}

void AddList(CLI::App& referrals, Session& session) {
  CLI::App* command = AddCommand(referrals, "list", "Newest first.", "--role intake referrals list --state received");
  auto request = std::make_shared<ListReferralsRequest>();
  AddText(*command, "--state", "received, accepted, declined, in-service, closed", [request](const std::string& text) {
    request->set_state(Parsed(ParseEnumAs<ReferralState>(text), "--state"));
  });
  AddText(*command, "--unit", "only to this receiving unit",
          [request](const std::string& text) { request->set_receiving_unit(text); });
  AddPage<ReferralService>(*command, session, request, &Stub::ListReferrals,
                           {"name", "state", "referrer", "receiving_unit", "segment", "create_time"});
}

void AddAnswers(CLI::App& referrals, Session& session) {
  CLI::App* accept = AddCommand(referrals, "accept", "Takes the client onto a pathway.",
                                "--role intake referrals accept clients/C/referrals/1 --pathway kainuu-unemployed");
  auto accepting = std::make_shared<AcceptReferralRequest>();
  auto version = std::make_shared<int>(0);
  accept->add_option_function<std::string>("name", [accepting](const std::string& t) { accepting->set_name(t); })
      ->required();
  AddText(*accept, "--pathway", "id of the pathway", [accepting](const std::string& t) { accepting->set_pathway(t); });
  accept->add_option("--pathway-version", *version, "0 = the newest");
  AddText(*accept, "--text", "to the referrer", [accepting](const std::string& t) { accepting->set_text(t); });
  AddCall<ReferralService>(*accept, session, accepting, &Stub::AcceptReferral,
                           [accepting, version] { accepting->set_pathway_version(*version); });

  CLI::App* decline = AddCommand(referrals, "decline", "Does not take the client.",
                                 "--role intake referrals decline clients/C/referrals/1 --reason no-capacity");
  auto declining = std::make_shared<DeclineReferralRequest>();
  auto reason = std::make_shared<std::string>();
  decline->add_option_function<std::string>("name", [declining](const std::string& t) { declining->set_name(t); })
      ->required();
  decline->add_option("--reason", *reason, "outside-service-area, no-capacity, ... other")->required();
  AddText(*decline, "--text", "required with other", [declining](const std::string& t) { declining->set_text(t); });
  AddCall<ReferralService>(*decline, session, declining, &Stub::DeclineReferral, [declining, reason] {
    declining->set_reason(Parsed(ParseEnumAs<DeclineReason>(*reason), "--reason"));
  });
}

// What happens between the sending of a referral and its answer, and what mends a mistake.
void AddCorrespondence(CLI::App& referrals, Session& session) {
  const std::string name = " clients/C/referrals/1 ";
  const Field words{"text", "in words; required with other"};
  AddRequest<ReferralService>(referrals, session,
                              {"request-information", "Asks the referrer; the unit's clock stops until the answer.",
                               "--role intake referrals request-information" + name + "--topics health"},
                              &Stub::RequestInformation,
                              {{"name"}, {"topics", "", true}, {"text", "the question; required with other"}});
  AddRequest<ReferralService>(
      referrals, session,
      {"provide-information", "Answers the receiving unit.",
       "--role referrer referrals provide-information" + name + "--text 'A statement is on its way.'"},
      &Stub::ProvideInformation, {{"name"}, {"text", "the answer", true}});
  AddRequest<ReferralService>(
      referrals, session,
      {"redirect", "Passes the referral to another unit.",
       "--role intake referrals redirect" + name + "--receiving-unit organisations/other-unit --reason no-capacity"},
      &Stub::RedirectReferral, {{"name"}, {"receiving_unit", "organisations/O", true}, {"reason", "", true}, words});
  AddRequest<ReferralService>(referrals, session,
                              {"withdraw", "Takes a referral back before it is answered.",
                               "--role referrer referrals withdraw" + name + "--reason met-elsewhere"},
                              &Stub::WithdrawReferral, {{"name"}, {"reason", "", true}, words});
  AddRequest<ReferralService>(referrals, session,
                              {"reopen", "A declined, withdrawn or closed referral waits for an answer again.",
                               "--role intake referrals reopen" + name + "--reason new-information"},
                              &Stub::ReopenReferral, {{"name"}, {"reason", "", true}, words});
  AddRequest<ReferralService>(referrals, session,
                              {"void", "A mistake: the referral counts no more.",
                               "--role referrer referrals void" + name + "--reason entered-twice"},
                              &Stub::VoidRecord, {{"name"}, {"reason", "", true}, words});
}

// What is printed of a change; the token on the other stream, so that a watch can go on there.
bool Tell(const WatchReferralsResponse& told, bool until_caught_up, std::string& token, Session& session) {
  token = told.resume_token();
  if (told.has_referral()) {
    const Referral& referral = told.referral();
    session.out << (session.json
                        ? Json(told)
                        : absl::StrCat(EnumText(*ReferralState_descriptor()->FindValueByNumber(referral.state())), "  ",
                                       OneLine(referral.name()), "  ", OneLine(referral.receiving_unit())))
                << std::endl;
  }
  return !(told.caught_up() && until_caught_up);
}

void AddWatch(CLI::App& referrals, Session& session) {
  CLI::App* watch = AddCommand(referrals, "watch", "Those that your organisation sent, then each one that changes.",
                               "--role referrer referrals watch --until-caught-up");
  auto request = std::make_shared<WatchReferralsRequest>();
  AddField(*watch, session, *request, {"resume_token", "where an earlier watch ended"}, false);
  auto until_caught_up = std::make_shared<bool>(false);
  watch->add_flag("--until-caught-up", *until_caught_up, "ends when everything up to now has been told");
  auto seconds = std::make_shared<double>(1800);
  watch->add_option("--for", *seconds, "seconds")->check(CLI::Range(0.001, 86400.0))->capture_default_str();
  watch->callback([request, until_caught_up, seconds, &session] {
    const auto stub = session.Connect<ReferralService>();
    std::string token = request->resume_token();
    const absl::Status status = session.Watch<Stub, WatchReferralsRequest, WatchReferralsResponse>(
        &Stub::WatchReferrals, *stub, *request, absl::Seconds(*seconds),
        [&](const WatchReferralsResponse& told) { return Tell(told, *until_caught_up, token, session); });
    if (!token.empty()) session.err << "to go on: --resume-token " << token << "\n";
    if (!status.ok()) session.Fail(status);
  });
}

}  // namespace

void AddReferralCommands(CLI::App& app, Session& session) {
  CLI::App* referrals =
      AddCommand(app, "referrals", "Referrals: from sending to the answer, and mending.", "referrals list");
  referrals->require_subcommand(1);
  AddSubmit(*referrals, session);
  AddList(*referrals, session);
  AddWatch(*referrals, session);
  CLI::App* show =
      AddCommand(*referrals, "show", "One referral.", "--role intake referrals show clients/C/referrals/1");
  auto request = std::make_shared<GetReferralRequest>();
  show->add_option_function<std::string>("name", [request](const std::string& t) { request->set_name(t); })->required();
  AddCall<ReferralService>(*show, session, request, &Stub::GetReferral);
  AddAnswers(*referrals, session);
  AddCorrespondence(*referrals, session);
}

}  // namespace polku::polkuctl
