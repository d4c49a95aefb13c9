#include "services/referral/domain/client_domain.h"

#include "absl/status/status.h"
#include "libs/base/resource_name.h"
#include "libs/base/violation.h"
#include "services/referral/domain/answer.h"
#include "services/referral/domain/index.h"
#include "services/referral/domain/journey.h"
#include "services/referral/domain/submit.h"

namespace polku::referral {
namespace {

absl::StatusOr<std::string> KeyOfReferral(absl::string_view name) {
  const std::optional<std::string> client = ClientOf(name);
  if (!client.has_value() || !IsResourceName(name, "clients/*/referrals/*")) {
    return InvalidField("name", "must be clients/<uuid>/referrals/<number>");
  }
  return *client;
}

}  // namespace

absl::StatusOr<std::string> ClientDomain::KeyOf(const Input& input) const {
  switch (input.input_case()) {
    case Input::kAcceptReferral:
      return KeyOfReferral(input.accept_referral().name());
    case Input::kDeclineReferral:
      return KeyOfReferral(input.decline_referral().name());
    case Input::kJourneyOpened:
      return input.journey_opened().client();
    case Input::kJourneyClosed:
      return input.journey_closed().client();
    case Input::kSubmitReferral:
    case Input::kTick:
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("this input is for a key that its sender gives");
}

absl::StatusOr<pipeline::Decision<v1::ClientEvent>> ClientDomain::Decide(const State& state, const Input& input,
                                                                         const pipeline::Context& context) const {
  switch (input.input_case()) {
    case Input::kSubmitReferral:
      return SubmitReferral(state, input.submit_referral(), identity_, context);
    case Input::kAcceptReferral:
      return AcceptReferral(state, input.accept_referral(), catalogue_, context);
    case Input::kDeclineReferral:
      return DeclineReferral(state, input.decline_referral(), context);
    case Input::kJourneyOpened:
      return OnJourneyOpened(state, input.journey_opened(), context);
    case Input::kJourneyClosed:
      return OnJourneyClosed(state, input.journey_closed(), context);
    case Input::kTick:
      return Decision();
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("an input that this domain does not know");
}

std::vector<pipeline::IndexRow> ClientDomain::Index(const State& state) const { return IndexRows(state); }

}  // namespace polku::referral
