#include "services/follow-up/domain/source.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/own_clients.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::FromProto;
using polku::pipeline::TimeFrom;
using polku::pipeline::ToProto;
using SourceDecision = pipeline::Decision<SourceEvent>;

constexpr absl::Duration kIntervalMin = absl::Hours(1);
constexpr absl::Duration kIntervalMax = absl::Hours(24 * 31);

bool IsRegistered(const SourceRecord& state) { return !state.source().name().empty(); }

absl::Time SilentAt(const SourceRecord& state) {
  return FromProto(state.last_report_time()) + 2 * FromProto(state.source().reporting_interval());
}

absl::StatusOr<SourceDecision> Register(const SourceRecord& state, const RegisterSourceRequest& request,
                                        const pipeline::Context& context) {
  if (!IsResourceName(request.source().provider(), "organisations/*")) {
    return InvalidField("source.provider", "must be a name like \"organisations/*\"");
  }
  const absl::Duration interval = FromProto(request.source().reporting_interval());
  if (interval < kIntervalMin || interval > kIntervalMax) {
    return InvalidField("source.reporting_interval", "must be 1 hour to 31 days");
  }
  SourceDecision decision;
  if (IsRegistered(state)) {
    const bool same = state.source().provider() == request.source().provider() &&
                      FromProto(state.source().reporting_interval()) == interval;
    if (!same) {
      return WithReason(absl::AlreadyExistsError("the source is registered with other terms"), "SOURCE_EXISTS");
    }
    decision.reply = std::make_unique<Source>(state.source());
    return decision;
  }
  SourceEvent event;
  Source& source = *event.mutable_source_registered()->mutable_source();
  source.set_name(absl::StrCat("sources/", request.source_id()));
  source.set_provider(request.source().provider());
  *source.mutable_reporting_interval() = request.source().reporting_interval();
  *source.mutable_register_time() = ToProto(context.now);
  decision.reply = std::make_unique<Source>(source);
  decision.events.push_back(std::move(event));
  return decision;
}

// A step to each client that waits for this source; rows of lookup "held_by_source".
std::vector<pipeline::Step> Rechecks(const std::string& source, const pipeline::Context& context) {
  std::vector<pipeline::Step> steps;
  if (context.lookups.empty()) return steps;
  for (const store::Row& row : context.lookups[0]) {
    auto recheck = std::make_unique<RecheckCoverage>();
    recheck->set_client(std::get<std::string>(row[0]));
    recheck->set_source(source);
    steps.push_back({recheck->client(), std::move(recheck)});
  }
  return steps;
}

absl::StatusOr<SourceDecision> Report(const SourceRecord& state, const ReportCompleteThroughRequest& request,
                                      const pipeline::Context& context, const SourceDomain& domain) {
  const pipeline::Principal& principal = context.principal;
  const bool others = principal.role == kProviderRole && state.source().provider() != principal.organisation;
  if (!IsRegistered(state) || others) {
    return WithReason(absl::NotFoundError("there is no such source"), "SOURCE_NOT_FOUND");
  }
  ASSIGN_OR_RETURN(const absl::Time through, TimeFrom(request.complete_through(), "complete_through"));
  if (through > context.now) return InvalidField("complete_through", "must not be in the future");
  SourceRecord next = state;
  SourceDecision decision;
  SourceEvent event;
  // An earlier instant moves nothing back, but it is a sign of life.
  const absl::Time before = FromProto(state.source().complete_through());
  const bool further = !state.source().has_complete_through() || through > before;
  event.mutable_source_reported()->set_source(state.source().name());
  *event.mutable_source_reported()->mutable_complete_through() = ToProto(further ? through : before);
  *event.mutable_source_reported()->mutable_report_time() = ToProto(context.now);
  domain.Evolve(event, next);
  decision.events.push_back(std::move(event));
  if (further) decision.steps = Rechecks(state.source().name(), context);
  decision.reply = std::make_unique<Source>(next.source());
  return decision;
}

SourceDecision Tick(const SourceRecord& state, const pipeline::Context& context) {
  SourceDecision decision;
  if (!IsRegistered(state) || state.silence_told() || context.now < SilentAt(state)) return decision;
  SourceEvent event;
  event.mutable_source_silent()->set_source(state.source().name());
  *event.mutable_source_silent()->mutable_silent_since() = state.last_report_time();
  decision.events.push_back(std::move(event));
  return decision;
}

}  // namespace

absl::StatusOr<std::string> SourceDomain::KeyOf(const Input& input) const {
  const bool registers = input.has_register_source();
  const std::string name = registers ? absl::StrCat("sources/", input.register_source().source_id())
                           : input.has_provider_coverage() ? input.provider_coverage().report().name()
                                                           : input.report_complete_through().name();
  if (IsResourceName(name, "sources/*")) return name;
  return registers ? InvalidField("source_id", "must be 1 to 63 of a-z, 0-9 and -")
                   : InvalidField("name", "must be a name like \"sources/*\"");
}

std::vector<pipeline::Lookup> SourceDomain::LookupsOf(const std::string& key, const State& state,
                                                      const Input& input) const {
  if (!input.has_report_complete_through() && !input.has_provider_coverage()) return {};
  return {{kHeldBySourceLookup, {key}}};
}

absl::StatusOr<SourceDecision> SourceDomain::Decide(const State& state, const Input& input,
                                                    const pipeline::Context& context) const {
  switch (input.input_case()) {
    case Input::kRegisterSource:
      return Register(state, input.register_source(), context);
    case Input::kReportCompleteThrough:
      return Report(state, input.report_complete_through(), context, *this);
    case Input::kProviderCoverage:
      if (IsRegistered(state) && state.source().provider() != context.principal.organisation) {
        return WithReason(absl::PermissionDeniedError("the source is of another provider"), "OTHER_PROVIDER");
      }
      return Report(state, input.provider_coverage().report(), context, *this);
    case Input::kTick:
      return Tick(state, context);
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("an empty input reached a source");
}

void SourceDomain::Evolve(const Event& event, State& state) const {
  switch (event.event_case()) {
    case Event::kSourceRegistered:
      *state.mutable_source() = event.source_registered().source();
      *state.mutable_last_report_time() = state.source().register_time();
      return;
    case Event::kSourceReported:
      *state.mutable_source()->mutable_complete_through() = event.source_reported().complete_through();
      *state.mutable_last_report_time() = event.source_reported().report_time();
      state.mutable_source()->set_silent(false);
      return state.set_silence_told(false);
    case Event::kSourceSilent:
      state.mutable_source()->set_silent(true);
      return state.set_silence_told(true);
    case Event::EVENT_NOT_SET:
      return;
  }
}

std::optional<absl::Time> SourceDomain::NextDue(const State& state) const {
  if (!IsRegistered(state) || state.silence_told()) return std::nullopt;
  return SilentAt(state);
}

std::vector<pipeline::IndexRow> SourceDomain::Index(const State& state) const {
  if (!IsRegistered(state)) return {};
  const Source& source = state.source();
  const store::Value through =
      source.has_complete_through() ? store::Value(Micros(FromProto(source.complete_through()))) : store::Value();
  return {{&kSourceTable,
           {source.name()},
           {source.provider(), through, absl::ToInt64Microseconds(FromProto(source.reporting_interval())),
            Micros(FromProto(state.last_report_time())), int64_t{source.silent()}}}};
}

}  // namespace polku::follow_up
