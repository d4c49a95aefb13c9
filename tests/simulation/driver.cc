#include "tests/simulation/driver.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/calendar.h"
#include "libs/base/hash.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/feed.h"
#include "libs/pipeline/proto_time.h"
#include "libs/pipeline/wire.h"
#include "polku/follow_up/v1/api.pb.h"
#include "polku/follow_up/v1/state.pb.h"
#include "tests/simulation/feeds.h"
#include "tests/simulation/people.h"

namespace polku::simulation {
namespace {

constexpr int kPassesMax = 20000;
constexpr char kBreaker[] = "breakers/outreach";
constexpr std::array<const char*, kServices> kApis = {
    "polku.referral.v1.ReferralService/", "polku.assessment.v1.AssessmentService/",
    "polku.coordinator_network.v1.CoordinatorNetworkService/", "polku.follow_up.v1.FollowUpService/"};

// One of its own for each command: what it changes can be told from what others change.
std::string TraceparentOf(const Command& command) {
  return absl::StrFormat("00-%016x%016x-0000000000000001-00", Mix(1, command.request_id), Mix(2, command.request_id));
}

// Other content, whatever the request is.
void Alter(google::protobuf::Message& request) {
  const auto* descriptor = request.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->name() == "request_id" || field->is_repeated()) continue;
    const auto* reflection = request.GetReflection();
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
      return reflection->SetString(&request, field, reflection->GetString(request, field) + "1");
    }
    if (reflection->HasField(request, field)) return reflection->ClearField(&request, field);
  }
}

// "clients/C" of a command; empty when it is about none.
std::string ClientOf(const Command& command) {
  if (!command.key.empty()) return command.key;
  const std::string text = command.request->ShortDebugString();
  const size_t begin = text.find("clients/");
  return begin == std::string::npos ? "" : text.substr(begin, ClientName(1).size());
}

// Whether it may be refused only because the service has not heard of something yet.
bool MayComeLater(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  if (reason == "PERMISSION_MISSING" || reason == "SUPPORT_NOT_OPEN") return true;
  return absl::IsNotFound(status) && reason != "CLIENT_ERASED";
}

int64_t Number(const store::Row& row, size_t column) { return std::get<int64_t>(row[column]); }

}  // namespace

Driver::Driver(World& world, const Scenario& scenario, bool faults, AtRest at_rest)
    : world_(world),
      scenario_(scenario),
      faults_(faults),
      at_rest_(std::move(at_rest)),
      random_(scenario.seed * 2 + (faults ? 1 : 0)) {
  asleep_until_.fill(absl::InfinitePast());
}

absl::Status Driver::Run() {
  RETURN_IF_ERROR(world_.Start());
  Arm();
  size_t next = 0;
  size_t evening = 0;
  while (next < scenario_.commands.size() || evening < scenario_.evenings.size()) {
    const absl::Time command_at =
        next < scenario_.commands.size() ? scenario_.commands[next].at : absl::InfiniteFuture();
    if (evening < scenario_.evenings.size() && scenario_.evenings[evening] < command_at) {
      RETURN_IF_ERROR(Evening(scenario_.evenings[evening++]));
      RETURN_IF_ERROR(Afterwards());
      continue;
    }
    std::vector<Command> commands;
    std::vector<Command> records;
    while (next < scenario_.commands.size() && scenario_.commands[next].at == command_at) {
      const Command& command = scenario_.commands[next++];
      (command.feeder.empty() ? commands : records).push_back(command);
    }
    world_.clock().Set(command_at);
    RETURN_IF_ERROR(Carry(commands));
    RETURN_IF_ERROR(Tell(records));
    if (Chance(random_, 5)) RETURN_IF_ERROR(SendAgain());
    if (Chance(random_, 5)) RETURN_IF_ERROR(Look());
    if (!faults_) RETURN_IF_ERROR(Rest());
    if (faults_ && Chance(random_, 5)) RETURN_IF_ERROR(Republish());
  }
  return Evening(world_.clock().Now());
}

absl::Status Driver::Evening(absl::Time time) {
  world_.clock().Set(time);
  asleep_until_.fill(absl::InfinitePast());
  // While the bus is not known to be read to its end, findings wait for a minute; those that a
  // source holds back are looked at every six hours.
  for (const absl::Duration wait :
       {absl::Seconds(61), absl::Seconds(61), absl::Hours(6), absl::Seconds(61), absl::Seconds(61)}) {
    if (wait == absl::Hours(6)) Disarm();
    RETURN_IF_ERROR(RestAndRelease());
    world_.clock().Advance(wait);
  }
  RETURN_IF_ERROR(RestAndRelease());
  return at_rest_(*this);
}

absl::Status Driver::RestAndRelease() {
  while (true) {
    RETURN_IF_ERROR(Rest());
    polku::follow_up::v1::BreakerRecord breaker;
    {
      ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(kFollowUp).Read());
      const std::vector<std::string> keys = {kBreaker};
      ASSIGN_OR_RETURN(const auto stored, reader->Load(keys));
      breaker.ParseFromString(stored[0].state);
    }
    if (breaker.trip_us() == 0) return absl::OkStatus();
    if (breaker.next_release_us() != 0) {
      world_.clock().Set(std::max(world_.clock().Now(), absl::FromUnixMicros(breaker.next_release_us())));
      continue;
    }
    ++tally_.released;
    Command release;
    release.at = world_.clock().Now();
    release.service = kFollowUp;
    release.method = "ReleaseOutreachBreaker";
    release.request_id = RequestId(scenario_.seed, absl::StrCat("release ", tally_.released));
    auto request = std::make_shared<polku::follow_up::v1::ReleaseOutreachBreakerRequest>();
    request->set_name(kBreaker);
    request->set_request_id(release.request_id);
    release.request = std::move(request);
    release.principal = PrincipalOf("lead");
    RETURN_IF_ERROR(Carry({release}));
  }
}

absl::Status Driver::Afterwards() {
  Arm();
  // The same instant in every run, however often somebody had to wait.
  world_.clock().Set(LocalTime(LocalDay(world_.clock().Now()), 5 * 60));
  if (!scenario_.people_react) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<Command> commands, React(world_, scenario_));
  RETURN_IF_ERROR(Carry(commands));
  // Who has not heard of an end rightly takes what comes before it: a command to a closed journey.
  const bool ends = std::any_of(commands.begin(), commands.end(), [](const Command& command) {
    return command.method == "CloseJourney" || command.method == "ReopenJourney";
  });
  return faults_ && !ends ? absl::OkStatus() : Rest();
}

void Driver::Arm() {
  if (!faults_) return;
  armed_ = true;
  if (Chance(random_, 50)) {
    world_.CrashAtPassage(1 + Pick(random_, 200));
  } else {
    world_.disk().LosePowerAfter(1 + Pick(random_, 1400));
  }
}

void Driver::Disarm() {
  armed_ = false;
  world_.CrashAtPassage(0);
  world_.disk().LosePowerAfter(0);
}

absl::Status Driver::Recover() {
  ++life_;
  for (const auto& call : open_) {
    if (call->sent && !call->answered) ++tally_.repeated;
    call->sent = false;
  }
  while (true) {
    ++tally_.crashes;
    world_.Crash(random_);
    // The power may go again while everything is coming up.
    if (armed_ && Chance(random_, 10)) world_.disk().LosePowerAfter(1 + Pick(random_, 40));
    const absl::Status started = world_.Start();
    if (started.ok()) break;
    if (world_.disk().has_power()) return started;
  }
  world_.disk().LosePowerAfter(0);
  if (armed_) Arm();
  return absl::OkStatus();
}

absl::StatusOr<bool> Driver::Turn(int service, bool relay) {
  absl::StatusOr<bool> worked = false;
  bool lost = false;
  try {
    worked = relay ? world_.RelayStep(service) : world_.Step(service);
  } catch (const PowerLost&) {
    lost = true;
  }
  if (lost || !world_.disk().has_power()) {
    RETURN_IF_ERROR(Recover());
    return true;
  }
  if (!worked.ok()) {
    return absl::InternalError(absl::StrCat(NameOf(service), relay ? " relay: " : ": ", worked.status().ToString()));
  }
  return worked;
}

bool Driver::Awake(int service, bool relay) {
  if (!faults_) return true;
  absl::Time& until = asleep_until_[static_cast<size_t>(service * 2 + (relay ? 1 : 0))];
  const absl::Time now = world_.clock().Now();
  if (until > now) return false;
  if (Chance(random_, 2)) until = now + absl::Hours(1 + Pick(random_, 96));
  return until <= now;
}

absl::Status Driver::Rest() {
  asleep_until_.fill(absl::InfinitePast());
  for (int pass = 0; pass < kPassesMax; ++pass) {
    bool worked = false;
    const int first = faults_ ? Pick(random_, kServices * 2) : 0;
    for (int i = 0; i < kServices * 2; ++i) {
      const int loop = (first + i) % (kServices * 2);
      ASSIGN_OR_RETURN(const bool one, Turn(loop / 2, loop % 2 == 1));
      worked = worked || one;
    }
    if (worked) continue;
    bool drained = true;
    for (int service = 0; drained && service < kServices; ++service) {
      ASSIGN_OR_RETURN(drained, world_.pipeline(service).Drained());
    }
    if (drained) return absl::OkStatus();
  }
  return absl::InternalError("the services do not come to rest");
}

void Driver::Send(const std::shared_ptr<Call>& call) {
  const Command& command = call->command;
  pipeline::Command sent;
  sent.method = absl::StrCat(kApis[static_cast<size_t>(command.service)], command.method);
  sent.request.reset(command.request->New());
  sent.request->CopyFrom(*command.request);
  sent.key = command.key;
  if (!command.identity_code.empty()) {
    const absl::string_view hash_key = world_.database(command.service).hash_key();
    sent.alias = pipeline::AliasClaim{"hetu", HexOf(KeyedHash(hash_key, "hetu", command.identity_code))};
  }
  sent.request_id = command.request_id;
  sent.principal = command.principal;
  sent.traceparent = TraceparentOf(command);
  if (call->content == Answer::Content::kAltered) Alter(*sent.request);
  call->sent = true;
  world_.Submit(command.service, std::move(sent),
                [call, life = life_, this](absl::StatusOr<std::unique_ptr<google::protobuf::Message>> answer) {
                  // An OK is the truth even if the power went right after it.
                  if (!answer.ok() && (life != life_ || !world_.disk().has_power())) return;
                  if (absl::IsUnavailable(answer.status())) {
                    call->sent = false;
                    return;
                  }
                  call->answered = true;
                  call->status = answer.status();
                  if (answer.ok()) call->reply = *std::move(answer);
                });
}

void Driver::Note(const Call& call) {
  Answer& answer = history_.answers.emplace_back();
  answer.service = call.command.service;
  answer.content = call.content;
  answer.request = {absl::StrCat(call.command.principal.organisation, "|",
                                 kApis[static_cast<size_t>(call.command.service)], call.command.method),
                    call.command.request_id};
  answer.traceparent = TraceparentOf(call.command);
  answer.status = call.status;
  answer.at = world_.clock().Now();
  if (call.reply != nullptr) answer.reply = call.reply->SerializeAsString();
  answer.client = ClientOf(call.command);
}

// An erased client's requests are forgotten too, and a repeated command is refused like any other.
absl::Status Driver::NoteRepeated(const Call& call) {
  Note(call);
  Answer& answer = history_.answers.back();
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(answer.service).Read());
  ASSIGN_OR_RETURN(const auto erased, reader->FindErased({answer.client}));
  answer.forgotten = !erased.empty();
  return absl::OkStatus();
}

void Driver::NoteVoided(const Call& call) {
  const auto* reply = dynamic_cast<const polku::follow_up::v1::VoidRecordResponse*>(call.reply.get());
  const auto* request = dynamic_cast<const polku::follow_up::v1::VoidRecordRequest*>(call.command.request.get());
  if (reply == nullptr || request == nullptr) return;
  history_.voided.push_back({request->name(), reply->record() == polku::follow_up::v1::VOIDED_RECORD_MEASURE_START,
                             history_.publications.size()});
}

void Driver::NoteContact(const Call& call) {
  const auto* reply = dynamic_cast<const polku::follow_up::v1::RecordContactResponse*>(call.reply.get());
  if (reply != nullptr) contacts_[call.command.request_id] = reply->contact();
}

Command Driver::Named(Command command) const {
  const auto contact = contacts_.find(command.mistake);
  if (contact == contacts_.end()) return command;
  auto request = std::make_shared<polku::follow_up::v1::VoidRecordRequest>();
  request->CopyFrom(*command.request);
  request->set_name(contact->second);
  command.request = std::move(request);
  return command;
}

absl::Status Driver::Take(const Call& call) {
  Note(call);
  ++tally_.commands;
  if (call.status.ok()) {
    acknowledged_.push_back(call.command);
    acknowledged_.back().at = world_.clock().Now();
    NoteVoided(call);
    NoteContact(call);
    return absl::OkStatus();
  }
  if (absl::IsInternal(call.status) || absl::IsUnknown(call.status) || absl::IsDataLoss(call.status)) {
    return absl::InternalError(absl::StrCat(call.command.method, ": ", call.status.ToString()));
  }
  ++tally_.refused;
  refusals_.push_back(
      absl::StrCat(call.command.method, ": ", call.status.ToString(), " ", call.command.request->ShortDebugString()));
  return absl::OkStatus();
}

absl::Status Driver::SendAgain() {
  const absl::Time now = world_.clock().Now();
  std::erase_if(acknowledged_, [&](const Command& each) { return each.at < now - kRequestsKept; });
  if (acknowledged_.empty()) return absl::OkStatus();
  auto call = std::make_shared<Call>();
  call->command = acknowledged_[static_cast<size_t>(Pick(random_, static_cast<int>(acknowledged_.size())))];
  call->content = Chance(random_, 30) ? Answer::Content::kAltered : Answer::Content::kSame;
  open_ = {call};
  RETURN_IF_ERROR(Await(open_));
  open_.clear();
  return NoteRepeated(*call);
}

absl::Status Driver::Look() {
  const int service = Pick(random_, kServices);
  const View view{service, RequestId(scenario_.seed, absl::StrCat("view ", history_.views.size()))};
  history_.views.push_back(view);
  const pipeline::Principal principal = PrincipalOf("coordinator");
  auto kept = std::make_shared<std::optional<absl::Status>>();
  world_.pipeline(service).SubmitAudit({{world_.clock().Now(), principal.organisation, principal.user, principal.role,
                                         "", "GetClient", ClientName(1), "view", view.id, ""}},
                                       [kept](absl::Status status) { *kept = std::move(status); });
  const int64_t life = life_;
  for (int pass = 0; pass < kPassesMax && !kept->has_value() && life_ == life; ++pass) {
    RETURN_IF_ERROR(Turn(service, false).status());
  }
  if (!kept->has_value() && life_ == life) return absl::InternalError("a view gets no answer");
  history_.views.back().kept = kept->has_value() && (*kept)->ok();
  return absl::OkStatus();
}

absl::Status Driver::Carry(const std::vector<Command>& commands) {
  open_.clear();
  // Who says that something was a mistake has heard of it.
  const bool voids = std::any_of(commands.begin(), commands.end(),
                                 [](const Command& command) { return command.method == "VoidRecord"; });
  // Every journey knows by which rules it is followed before they change.
  const bool moves = std::any_of(commands.begin(), commands.end(), [](const Command& command) {
    return command.method == "TryRuleSet" || command.method == "ActivateRuleSet";
  });
  if (faults_ && (voids || moves)) RETURN_IF_ERROR(Rest());
  for (const Command& command : commands) {
    // Few commands pass the points of an erasure.
    if (armed_ && command.method == "EraseClient" && Chance(random_, 70)) world_.CrashAtPassage(1 + Pick(random_, 24));
    open_.push_back(std::make_shared<Call>());
    open_.back()->command = Named(command);
  }
  RETURN_IF_ERROR(Await(open_));
  // What a service has not heard of may only be late.
  Calls again;
  for (const auto& call : open_) {
    if (!faults_ || !MayComeLater(call->status)) continue;
    again.push_back(call);
  }
  for (const auto& call : again) Note(*call);
  if (!again.empty()) {
    RETURN_IF_ERROR(Rest());
    for (const auto& call : again) {
      call->answered = false;
      call->sent = false;
      call->status = absl::OkStatus();
    }
    RETURN_IF_ERROR(Await(again));
  }
  for (const auto& call : open_) RETURN_IF_ERROR(Take(*call));
  open_.clear();
  // Goes on in steps after the answer; a command for one of the two is refused or not as far as they are done.
  const bool joins = std::any_of(commands.begin(), commands.end(), [](const Command& command) {
    return command.method == "MergeClients" || command.method == "SplitClient";
  });
  return joins || moves ? Rest() : absl::OkStatus();
}

absl::Status Driver::LookUp(const Command& record, Publication& publication) {
  const auto& activity = dynamic_cast<const polku::follow_up::v1::ProviderActivity&>(*record.request);
  const std::string& measure = MeasureIn(activity);
  if (measure.empty() || !record.flaw.empty()) return absl::OkStatus();
  const std::vector<std::string> keys = {ClientOf(record)};
  for (const bool waited : {false, true}) {
    store::StoredAggregate stored;
    {
      ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(kFollowUp).Read());
      ASSIGN_OR_RETURN(auto found, reader->Load(keys));
      stored = std::move(found[0]);
    }
    polku::follow_up::v1::JourneyRecord journey;
    journey.ParseFromString(stored.state);
    publication.open = journey.open();
    publication.known = std::any_of(journey.measures().begin(), journey.measures().end(),
                                    [&](const auto& each) { return each.plan().measure() == measure; });
    const bool settled = stored.erased || journey.closed() || (publication.open && publication.known);
    if (!faults_ || settled || waited) break;
    RETURN_IF_ERROR(Rest());
  }
  return absl::OkStatus();
}

absl::Status Driver::Tell(const std::vector<Command>& records) {
  std::vector<bus::Message> messages;
  for (const Command& record : records) {
    Publication publication{pipeline::ProviderTopicOf(record.feeder), record.bytes, record.flaw};
    RETURN_IF_ERROR(LookUp(record, publication));
    messages.push_back({publication.topic, absl::StrCat(history_.publications.size()), publication.value, {}});
    history_.publications.push_back(std::move(publication));
  }
  tally_.told += static_cast<int64_t>(records.size());
  // A provider that got no answer writes again.
  while (!messages.empty()) {
    bool kept = true;
    {
      ASSIGN_OR_RETURN(const std::unique_ptr<bus::Producer> producer, world_.bus().NewProducer());
      for (const absl::Status& sent : producer->Publish(messages)) {
        if (!sent.ok() && world_.disk().has_power()) return sent;
        kept = kept && sent.ok();
      }
    }
    if (!world_.disk().has_power()) RETURN_IF_ERROR(Recover());
    if (kept) return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status Driver::Await(Calls& calls) {
  for (int pass = 0; pass < kPassesMax; ++pass) {
    std::array<bool, kServices> wanted{};
    bool waiting = false;
    for (const auto& call : calls) {
      if (call->answered) continue;
      if (!call->sent) Send(call);
      wanted[static_cast<size_t>(call->command.service)] = true;
      waiting = true;
    }
    if (!faults_ || !waiting) {
      if (!waiting) return absl::OkStatus();
      for (int service = 0; service < kServices; ++service) {
        if (wanted[static_cast<size_t>(service)]) RETURN_IF_ERROR(Turn(service, false).status());
      }
      continue;
    }
    const int loop = Pick(random_, kServices * 2);
    const bool relay = loop % 2 == 1;
    if ((!relay && wanted[static_cast<size_t>(loop / 2)]) || Awake(loop / 2, relay)) {
      RETURN_IF_ERROR(Turn(loop / 2, relay).status());
    }
  }
  return absl::InternalError("a command gets no answer");
}

absl::Status Driver::Republish() {
  const int service = Pick(random_, kServices);
  std::vector<bus::Message> messages;
  int64_t epoch = 0;
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(service).Read());
    epoch = world_.database(service).epoch();
    ASSIGN_OR_RETURN(const auto newest, reader->Query("SELECT COALESCE(MAX(sequence), 0) FROM journal", {}));
    const int64_t from = static_cast<int64_t>(random_.Next() % static_cast<uint64_t>(Number(newest[0], 0) + 1));
    ASSIGN_OR_RETURN(const auto rows, reader->ScanJournal(from, 1 + Pick(random_, 30)));
    ASSIGN_OR_RETURN(const auto waiting, reader->ReadOutbox(100000));
    for (const store::JournalRow& row : rows) {
      const bool published = row.public_version > 0 && !row.erased &&
                             std::none_of(waiting.begin(), waiting.end(), [&](const store::OutboxRow& each) {
                               return each.event.key == row.key && each.event.version <= row.version;
                             });
      if (published) messages.push_back(pipeline::EncodeEvent(NameOf(service), epoch, row));
    }
  }
  if (messages.empty()) return absl::OkStatus();
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<bus::Producer> producer, world_.bus().NewProducer());
    for (const absl::Status& sent : producer->Publish(messages)) {
      if (!sent.ok() && world_.disk().has_power()) return sent;
    }
  }
  tally_.republished += static_cast<int64_t>(messages.size());
  return world_.disk().has_power() ? absl::OkStatus() : Recover();
}

}  // namespace polku::simulation
