// polkuctl referrals ...
#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/json_util.h"
#include "libs/base/status_macros.h"
#include "polku/referral/v1/api.grpc.pb.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using namespace polku::referral::v1;  // NOLINT

// "-" is standard input. Secrets come this way and never as a flag that process lists show.
absl::StatusOr<std::string> ReadText(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

struct Typed {
  SubmitReferralRequest request;
  std::string identity_code_file;
  std::string from;
  std::string segment;
  std::string birth_date;
};

absl::StatusOr<SubmitReferralRequest> RequestFrom(Typed typed) {
  Referral& referral = *typed.request.mutable_referral();
  if (!typed.from.empty()) {
    ASSIGN_OR_RETURN(const std::string text, ReadText(typed.from));
    Referral read;
    const auto parsed = google::protobuf::util::JsonStringToMessage(text, &read);
    if (!parsed.ok()) return absl::InvalidArgumentError(absl::StrCat(typed.from, " is not a referral in JSON"));
    referral.MergeFrom(read);
  }
  if (!typed.identity_code_file.empty()) {
    ASSIGN_OR_RETURN(const std::string text, ReadText(typed.identity_code_file));
    referral.mutable_person()->set_identity_code(std::string(absl::StripAsciiWhitespace(text)));
  }
  if (!typed.segment.empty()) {
    ASSIGN_OR_RETURN(const auto segment, ParseEnumAs<polku::common::v1::Segment>(typed.segment));
    referral.set_segment(segment);
  }
  if (!typed.birth_date.empty()) {
    ASSIGN_OR_RETURN(*referral.mutable_person()->mutable_birth_date(), ParseDate(typed.birth_date));
  }
  return typed.request;
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
  Referral* referral = typed->request.mutable_referral();
  AddText(*command, "--to", "receiving unit, organisations/O",
          [referral](const std::string& text) { referral->set_receiving_unit(text); });
  command->add_option("--segment", typed->segment, "employed, unemployed, student, outside-services");
  command->add_option_function<std::vector<std::string>>(
      "--need",
      [referral](const std::vector<std::string>& needs) { referral->mutable_needs()->Add(needs.begin(), needs.end()); },
      "need code; may be repeated");
  AddText(*command, "--reason", "why, in words", [referral](const std::string& text) { referral->set_reason(text); });
  command->add_option("--identity-code-file", typed->identity_code_file,
                      "file with the identity code; - is standard input");
  command->add_option("--birth-date", typed->birth_date, "YYYY-MM-DD, for a person without identity code");
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
  command->add_option("--from", typed->from, "file with the referral as JSON; flags go on top");
  command->callback([typed, &session] {
    const absl::StatusOr<SubmitReferralRequest> request = RequestFrom(*typed);
    if (!request.ok()) return session.Fail(request.status());
    const auto stub = ReferralService::NewStub(session.channel());
    session.Show(session.Call(&ReferralService::Stub::SubmitReferral, *stub, *request));
  });
}

void AddList(CLI::App& referrals, Session& session) {
  CLI::App* command = AddCommand(referrals, "list", "Newest first.", "--role intake referrals list --state received");
  auto request = std::make_shared<ListReferralsRequest>();
  auto state = std::make_shared<std::string>();
  command->add_option("--state", *state, "received, accepted, declined, in-service, closed");
  AddText(*command, "--unit", "only to this receiving unit",
          [request](const std::string& text) { request->set_receiving_unit(text); });
  AddText(*command, "--page-token", "from the page before",
          [request](const std::string& text) { request->set_page_token(text); });
  command->callback([request, state, &session] {
    if (!state->empty()) request->set_state(Parsed(ParseEnumAs<ReferralState>(*state), "--state"));
    const auto stub = ReferralService::NewStub(session.channel());
    const auto page = session.Call(&ReferralService::Stub::ListReferrals, *stub, *request);
    if (!page.ok()) return session.Fail(page.status());
    std::vector<const google::protobuf::Message*> rows;
    for (const Referral& referral : page->referrals()) rows.push_back(&referral);
    session.ShowList(rows, {"name", "state", "referrer", "receiving_unit", "segment", "create_time"});
    if (!page->next_page_token().empty()) session.err << "more: --page-token " << page->next_page_token() << "\n";
  });
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
  accept->callback([accepting, version, &session] {
    accepting->set_pathway_version(*version);
    const auto stub = ReferralService::NewStub(session.channel());
    session.Show(session.Call(&ReferralService::Stub::AcceptReferral, *stub, *accepting));
  });

  CLI::App* decline = AddCommand(referrals, "decline", "Does not take the client.",
                                 "--role intake referrals decline clients/C/referrals/1 --reason no-capacity");
  auto declining = std::make_shared<DeclineReferralRequest>();
  auto reason = std::make_shared<std::string>();
  decline->add_option_function<std::string>("name", [declining](const std::string& t) { declining->set_name(t); })
      ->required();
  decline->add_option("--reason", *reason, "outside-service-area, no-capacity, ... other")->required();
  AddText(*decline, "--text", "required with other", [declining](const std::string& t) { declining->set_text(t); });
  decline->callback([declining, reason, &session] {
    declining->set_reason(Parsed(ParseEnumAs<DeclineReason>(*reason), "--reason"));
    const auto stub = ReferralService::NewStub(session.channel());
    session.Show(session.Call(&ReferralService::Stub::DeclineReferral, *stub, *declining));
  });
}

}  // namespace

void AddReferralCommands(CLI::App& app, Session& session) {
  CLI::App* referrals =
      AddCommand(app, "referrals", "Referrals: submit, list, show, accept, decline.", "referrals list");
  referrals->require_subcommand(1);
  AddSubmit(*referrals, session);
  AddList(*referrals, session);
  CLI::App* show =
      AddCommand(*referrals, "show", "One referral.", "--role intake referrals show clients/C/referrals/1");
  auto request = std::make_shared<GetReferralRequest>();
  show->add_option_function<std::string>("name", [request](const std::string& t) { request->set_name(t); })->required();
  show->callback([request, &session] {
    const auto stub = ReferralService::NewStub(session.channel());
    session.Show(session.Call(&ReferralService::Stub::GetReferral, *stub, *request));
  });
  AddAnswers(*referrals, session);
}

}  // namespace polku::polkuctl
