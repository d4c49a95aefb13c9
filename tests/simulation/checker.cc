#include "tests/simulation/checker.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "libs/audit/verify.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/feed.h"
#include "libs/pipeline/wire.h"
#include "libs/store/dialect.h"
#include "polku/assessment/v1/state.pb.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "polku/follow_up/v1/state.pb.h"
#include "polku/referral/v1/state.pb.h"
#include "services/follow-up/api/queries.h"
#include "services/follow-up/domain/outreach_hold.h"
#include "services/follow-up/domain/spells.h"
#include "tests/simulation/assignments.h"
#include "tests/simulation/feeds.h"
#include "tests/simulation/merges.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/transfers.h"

namespace polku::simulation {
namespace {

using google::protobuf::Message;
using Faults = std::vector<std::string>;

constexpr int kAll = 1'000'000;

const pipeline::AggregateKind* KindOfKey(int service, const std::string& key) {
  for (const auto& kind : KindsOf(service)) {
    if (absl::StartsWith(key, kind->key_prefix())) return kind.get();
  }
  return nullptr;
}

// The event of a journal row as the kind's oneof; null when the kind knows no such event.
std::unique_ptr<Message> EventOf(const pipeline::AggregateKind& kind, const store::JournalRow& row) {
  std::unique_ptr<Message> event(kind.event_prototype().New());
  const auto* descriptor = event->GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->message_type()->full_name() != row.type) continue;
    return event->GetReflection()->MutableMessage(event.get(), field)->ParseFromString(row.payload) ? std::move(event)
                                                                                                    : nullptr;
  }
  return nullptr;
}

std::string TextOf(const store::Row& row) {
  std::vector<std::string> parts;
  for (const store::Value& value : row) {
    if (const auto* number = std::get_if<int64_t>(&value)) parts.push_back(absl::StrCat(*number));
    if (const auto* text = std::get_if<std::string>(&value)) parts.push_back(absl::StrCat("'", *text, "'"));
    if (std::holds_alternative<std::monostate>(value)) parts.push_back("null");
  }
  return absl::StrJoin(parts, ",");
}

// Table -> key -> whole row.
using Tables = std::map<std::string, std::map<std::string, std::string>>;

class Check {
 public:
  Check(World& world, const History& history, Picture& picture) : world_(world), history_(history), picture_(picture) {}

  Faults Run() {
    for (int service = 0; service < kServices; ++service) {
      Note(NameOf(service), Waiting(service));
      Note(NameOf(service), JournalAndState(service));
      Note(NameOf(service), IndexRows(service));
    }
    ErasedEverywhere();
    Early();
    Note("bus", Records());
    for (int service = 0; service < kServices; ++service) Note(NameOf(service), Subscribed(service));
    Note("requests", Replies());
    for (int service = 0; service < kServices; ++service) Note(NameOf(service), Audit(service));
    Outreach();
    for (const Faults& found : {CheckAnswers(history_), CheckAssignments(picture_), CheckMerges(picture_),
                                CheckTransfers(picture_), CheckFeeds(picture_, history_)}) {
      faults_.insert(faults_.end(), found.begin(), found.end());
    }
    Note("safety net", SafetyNet());
    return std::move(faults_);
  }

  Faults RunQuickly() {
    for (int service = 0; service < kServices; ++service) Note(NameOf(service), Waiting(service));
    Note("safety net", SafetyNet());
    return std::move(faults_);
  }

 private:
  template <class... Words>
  void Fault(const Words&... words) {
    faults_.push_back(absl::StrCat(words...));
  }
  void Note(const std::string& where, const absl::Status& status) {
    if (!status.ok()) Fault("unreadable: ", where, ": ", status.ToString());
  }

  absl::Status Waiting(int service) {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(service).Read());
    ASSIGN_OR_RETURN(const auto due, reader->ReadDue(world_.clock().Now(), 10));
    for (const std::string& key : due) Fault("I7: ", NameOf(service), ": overdue: ", key);
    ASSIGN_OR_RETURN(const auto outbox, reader->ReadOutbox(10));
    for (const auto& row : outbox) {
      Fault("I1: ", NameOf(service), ": not published: ", row.event.type, " ", row.event.key);
    }
    ASSIGN_OR_RETURN(const auto steps, reader->ReadSteps(10));
    for (const auto& row : steps) Fault("I1: ", NameOf(service), ": step not run: ", row.type, " ", row.key);
    ASSIGN_OR_RETURN(const auto parked, reader->ListParkedKeys(10));
    for (const auto& row : parked) Fault("I1: ", NameOf(service), ": parked: ", row.source, " ", row.key);
    std::vector<store::DeadLetterRow>& letters = picture_.services[static_cast<size_t>(service)].dead_letters;
    ASSIGN_OR_RETURN(letters, reader->ReadDeadLetters(kAll));
    for (const auto& row : letters) {
      if (!row.record.topic.empty() && row.record.topic == row.record.source) continue;  // CheckFeeds.
      Fault("I10: ", NameOf(service), ": dead letter: ", row.record.type, " ", row.record.key, " ", row.reason);
    }
    // Replies are forgotten a bounded number at a time, so they may be kept for longer than they are promised.
    const absl::Time forgotten = world_.clock().Now() - 2 * kRequestsKept;
    ASSIGN_OR_RETURN(const auto old,
                     reader->Query("SELECT COUNT(*) FROM request WHERE time < $1", {{absl::ToUnixMicros(forgotten)}}));
    if (TextOf(old[0]) != "0") Fault("I9: ", NameOf(service), ": ", TextOf(old[0]), " old requests are remembered");
    return absl::OkStatus();
  }

  // Everything has been delivered: nothing of an open journey waits for what has not come.
  void Early() {
    for (const auto& [key, state] : picture_.services[kFollowUp].states) {
      const auto* journey = dynamic_cast<const polku::follow_up::v1::JourneyRecord*>(state.get());
      if (journey == nullptr || !journey->open()) continue;
      if (journey->early_size() > 0) Fault("I9: ", key, " keeps ", journey->early_size(), " facts that came too early");
    }
  }

  absl::Status JournalAndState(int service) {
    Picture::Service& seen = picture_.services[static_cast<size_t>(service)];
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(service).Read());
    ASSIGN_OR_RETURN(seen.journal, reader->ScanJournal(0, kAll));
    RETURN_IF_ERROR(Erased(*reader, seen));
    std::map<std::string, std::pair<int64_t, int64_t>> versions;
    for (const store::JournalRow& row : seen.journal) {
      if (seen.erased.contains(row.key)) continue;
      const auto* kind = KindOfKey(service, row.key);
      const std::unique_ptr<Message> event = kind == nullptr ? nullptr : EventOf(*kind, row);
      if (event == nullptr) {
        Fault("fold: ", NameOf(service), ": unknown event ", row.type, " of ", row.key);
        continue;
      }
      auto& [version, public_version] = versions[row.key];
      if (row.version != version + 1) {
        Fault("fold: ", NameOf(service), ": ", row.key, " journal has version ", row.version, " after ", version);
      }
      version = row.version;
      if (row.public_version > 0 && row.public_version != ++public_version) {
        Fault("I4: ", NameOf(service), ": ", row.key, " has public version ", row.public_version, " instead of ",
              public_version);
        public_version = row.public_version;
      }
      std::unique_ptr<Message>& state = seen.states[row.key];
      if (state == nullptr) state.reset(kind->state_prototype().New());
      kind->Evolve(*event, *state);
      for (const pipeline::IndexRow& each : kind->RowsOf(*event)) Expect(service, each);
    }
    for (const auto& [key, state] : seen.states) {
      ASSIGN_OR_RETURN(std::vector<store::StoredAggregate> stored, reader->Load({key}));
      CompareState(service, versions[key], *state, stored[0]);
      for (const pipeline::IndexRow& each : KindOfKey(service, key)->Index(*state)) Expect(service, each);
      seen.aggregates[key] = std::move(stored[0]);
    }
    ASSIGN_OR_RETURN(const auto count, reader->Query("SELECT COUNT(*) FROM aggregate WHERE version > 0", {}));
    if (std::get<int64_t>(count[0][0]) != static_cast<int64_t>(seen.states.size() + seen.erased.size())) {
      Fault("fold: ", NameOf(service), ": ", TextOf(count[0]), " aggregates, but ",
            seen.states.size() + seen.erased.size(), " in the journal");
    }
    return absl::OkStatus();
  }

  // Which keys of the journal were erased. Nothing of them can be read but what the bus must be told.
  absl::Status Erased(store::Reader& reader, Picture::Service& seen) {
    std::set<std::string> keys;
    for (const store::JournalRow& row : seen.journal) keys.insert(row.key);
    ASSIGN_OR_RETURN(const auto erased, reader.FindErased(std::vector<std::string>(keys.begin(), keys.end())));
    std::map<std::string, int64_t> versions;
    for (const store::JournalRow& row : seen.journal) versions[row.key] = row.version;
    for (const store::Erasure& each : erased) {
      seen.erased.insert(each.key);
      if (versions[each.key] != each.version) Fault("fold: ", each.key, " was erased, and lacks journal rows");
    }
    for (const store::JournalRow& row : seen.journal) {
      if (!seen.erased.contains(row.key) || row.outlives_key) continue;
      if (!row.erased || !row.payload.empty()) Fault("I11: an event of somebody erased can be read: ", row.key);
    }
    ASSIGN_OR_RETURN(const auto waiting, reader.ReadErasures(10));
    for (const store::Erasure& each : waiting) Fault("I1: an erasure waits: ", each.key);
    return absl::OkStatus();
  }

  // Whom the referral service has erased, everybody has.
  void ErasedEverywhere() {
    for (const std::string& key : picture_.services[kReferral].erased) {
      for (int service = 0; service < kServices; ++service) {
        if (picture_.services[static_cast<size_t>(service)].states.contains(key)) {
          Fault("I1: ", NameOf(service), " still remembers ", key);
        }
      }
    }
  }

  void CompareState(int service, const std::pair<int64_t, int64_t>& versions, const Message& state,
                    const store::StoredAggregate& stored) {
    const std::string where = absl::StrCat(NameOf(service), ": ", stored.key);
    if (stored.version != versions.first || stored.public_version != versions.second) {
      Fault("fold: ", where, " is version ", stored.version, "/", stored.public_version, ", its journal ",
            versions.first, "/", versions.second);
    }
    if (stored.state != state.SerializeAsString()) {
      std::unique_ptr<Message> kept(state.New());
      kept->ParseFromString(stored.state);
      Fault("fold: ", where, " is not what its journal says: ", kept->ShortDebugString(), " INSTEAD OF ",
            state.ShortDebugString());
    }
    const std::optional<absl::Time> due = KindOfKey(service, stored.key)->NextDue(state);
    if (due.has_value() && (!stored.due_at.has_value() || *stored.due_at > *due)) {
      Fault("I7: ", where, " is due ", absl::FormatTime(*due), ", but nobody will look then");
    }
  }

  void Expect(int service, const pipeline::IndexRow& row) {
    store::Row whole = row.key;
    whole.insert(whole.end(), row.values.begin(), row.values.end());
    expected_[service][row.shape->table][TextOf(row.key)] = TextOf(whole);
    shapes_[service][row.shape->table] = row.shape;
  }

  absl::Status IndexRows(int service) {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(service).Read());
    for (const auto& [table, shape] : shapes_[service]) {
      std::vector<std::string> columns = shape->key_columns;
      columns.insert(columns.end(), shape->value_columns.begin(), shape->value_columns.end());
      // Such a table holds the number of the key; rows that are expected have the key.
      if (columns.front() == store::kKeyId) columns.front() = "(SELECT text FROM aggregate_key WHERE id = key_id)";
      ASSIGN_OR_RETURN(const auto rows,
                       reader->Query(absl::StrCat("SELECT ", absl::StrJoin(columns, ", "), " FROM ", table), {}));
      std::map<std::string, std::string> left = expected_[service][table];
      for (const store::Row& row : rows) {
        const auto key_end = row.begin() + static_cast<int64_t>(shape->key_columns.size());
        const std::string key = TextOf(store::Row(row.begin(), key_end));
        const auto wanted = left.find(key);
        if (wanted == left.end()) {
          Fault("index: ", NameOf(service), ".", table, " has a row too many: ", TextOf(row));
          continue;
        }
        if (wanted->second != TextOf(row)) {
          Fault("index: ", NameOf(service), ".", table, ": ", TextOf(row), " instead of ", wanted->second);
        }
        left.erase(wanted);
      }
      for (const auto& [key, row] : left) Fault("index: ", NameOf(service), ".", table, " lacks ", row);
    }
    return absl::OkStatus();
  }

  absl::Status ReadBus(const std::vector<std::string>& topics, std::vector<bus::Record>& records) {
    ASSIGN_OR_RETURN(const std::unique_ptr<bus::Consumer> consumer, world_.bus().NewConsumer("checker", topics));
    size_t partitions = 0;
    while (true) {
      ASSIGN_OR_RETURN(bus::Polled polled, consumer->Poll({.records_max = 10000, .bytes_max = 64 << 20}));
      for (const auto& partition : polled.assigned) RETURN_IF_ERROR(consumer->Start(partition, 0));
      partitions = std::max(partitions, polled.assigned.size());
      for (bus::Record& record : polled.records) records.push_back(std::move(record));
      if (partitions > 0 && polled.ends.size() == partitions) return absl::OkStatus();
    }
  }

  absl::Status Records() {
    std::vector<std::string> topics;
    for (int service = 0; service < kServices; ++service) topics.push_back(pipeline::TopicOf(NameOf(service)));
    RETURN_IF_ERROR(ReadBus(topics, picture_.records));
    std::vector<std::string> feeds;
    for (const std::string& feeder : Feeders()) feeds.push_back(pipeline::ProviderTopicOf(feeder));
    RETURN_IF_ERROR(ReadBus(feeds, picture_.foreign));
    // (service, key, public version) -> what the journal says.
    std::map<std::tuple<std::string, std::string, int64_t>, const store::JournalRow*> owed;
    std::set<std::pair<std::string, std::string>> erased;  // What was told about them before cannot be looked up.
    for (int service = 0; service < kServices; ++service) {
      for (const std::string& key : picture_.services[static_cast<size_t>(service)].erased) {
        erased.insert({NameOf(service), key});
      }
      for (const store::JournalRow& row : picture_.services[static_cast<size_t>(service)].journal) {
        if (row.public_version > 0 && !row.erased) owed[{NameOf(service), row.key, row.public_version}] = &row;
      }
    }
    std::map<std::pair<std::string, std::string>, int64_t> last;
    std::set<const store::JournalRow*> published;
    for (const bus::Record& record : picture_.records) {
      pipeline::PeerFact fact;
      if (const absl::Status decoded = pipeline::DecodeEvent(record, fact); !decoded.ok()) {
        Fault("I2: a record that cannot be read: ", decoded.ToString());
        continue;
      }
      const auto row = owed.find({fact.source, fact.key, fact.version});
      const bool forgotten = erased.contains({fact.source, fact.key});
      if (forgotten && row == owed.end()) continue;
      if (row == owed.end() || row->second->type != fact.type || row->second->payload != fact.payload) {
        Fault("I2: nobody decided ", fact.type, " version ", fact.version, " of ", fact.key);
        continue;
      }
      published.insert(row->second);
      int64_t& before = last[{fact.source, fact.key}];
      if (fact.version > before + 1 && !forgotten) {
        Fault("I4: ", fact.source, " ", fact.key, " goes from version ", before, " to ", fact.version, " on the bus");
      }
      before = std::max(before, fact.version);
    }
    for (const auto& [id, row] : owed) {
      if (!published.contains(row)) {
        Fault("I1: ", std::get<0>(id), " never published ", row->type, " version ", row->public_version, " of ",
              row->key);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Subscribed(int service) {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(service).Read());
    for (const int peer : SubscriptionsOf(service)) {
      for (const auto& [key, aggregate] : picture_.services[static_cast<size_t>(peer)].aggregates) {
        if (aggregate.public_version == 0) continue;
        ASSIGN_OR_RETURN(const auto known, reader->FindSourceVersions({{NameOf(peer), key}}));
        const int64_t last = known.empty() ? 0 : known[0].last;
        if (last != aggregate.public_version) {
          Fault("I4: ", NameOf(service), " knows ", NameOf(peer), " ", key, " up to version ", last, " of ",
                aggregate.public_version);
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status Replies() {
    for (const Answer& each : history_.answers) {
      if (!each.status.ok() || each.content != Answer::Content::kFirst) continue;
      if (picture_.services[static_cast<size_t>(each.service)].erased.contains(each.client)) continue;
      if (each.at < world_.clock().Now() - kRequestsKept) continue;
      ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(each.service).Read());
      ASSIGN_OR_RETURN(const auto found, reader->FindRequests({each.request}));
      if (found.empty()) {
        Fault("I1: acknowledged, but forgotten: ", each.request.scope, " ", each.request.request_id);
      } else if (found[0].reply != each.reply) {
        Fault("I1: another reply is remembered: ", each.request.scope, " ", each.request.request_id);
      }
    }
    return absl::OkStatus();
  }

  // One audit row for each acknowledged command and each view that was shown; none for anything else, and no
  // change by a caller without one. What peers, due instants and steps change has no row.
  absl::Status Audit(int service) {
    std::map<std::string, int> changes;  // By request id: how many rows may still come.
    std::map<std::string, int> views;
    std::set<std::string> owed;        // Request ids that must have a row.
    std::set<std::string> by_callers;  // Traces of the commands of this service.
    std::set<std::string> audited;     // Those that have a row.
    for (const Answer& each : history_.answers) {
      if (each.service != service) continue;
      by_callers.insert(each.traceparent);
      if (!each.status.ok()) continue;
      changes[each.request.request_id] = 1;
      owed.insert(each.request.request_id);
    }
    for (const View& each : history_.views) {
      if (each.service != service) continue;
      views[each.id] = 1;
      if (each.kept) owed.insert(each.id);
    }
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(service).Read());
    ASSIGN_OR_RETURN(const auto rows, reader->ReadAudit("", kAll));
    for (const store::AuditRow& row : rows) {
      std::map<std::string, int>& allowed = row.outcome == "change" ? changes : views;
      if (--allowed[row.request_id] < 0) {
        Fault("I5: ", NameOf(service), ": a row for nothing, or a second one: ", row.outcome, " ", row.action, " ",
              row.resource, " ", row.request_id);
      }
      owed.erase(row.request_id);
      audited.insert(row.traceparent);
    }
    for (const std::string& id : owed) Fault("I5: ", NameOf(service), ": no audit row of ", id);
    const audit::Trust trust{world_.database(service).hash_key(), NameOf(service), {}};  // Nothing is cut here.
    ASSIGN_OR_RETURN(const audit::Verified chain, audit::Verify(*reader, trust, 0, kAll));
    if (chain.problem.has_value()) {
      Fault("I5: ", NameOf(service), ": the chain breaks at row ", chain.problem->row, ", seal ", chain.problem->seal);
    }
    for (const store::JournalRow& row : picture_.services[static_cast<size_t>(service)].journal) {
      if (by_callers.contains(row.traceparent) && !audited.contains(row.traceparent)) {
        Fault("I5: ", NameOf(service), ": a change without audit row: ", row.type, " of ", row.key);
      }
    }
    return absl::OkStatus();
  }

  // One outreach task for each interruption, whatever was delivered how often.
  void Outreach() {
    std::map<std::string, int> requests;
    std::map<std::string, int> tasks;
    std::set<std::pair<std::string, int>> rungs;
    for (const store::JournalRow& row : picture_.services[kFollowUp].journal) {
      if (row.erased) continue;
      polku::follow_up::v1::OutreachEscalated escalated;
      if (row.type == escalated.GetDescriptor()->full_name() && escalated.ParseFromString(row.payload) &&
          !rungs.insert({escalated.interruption(), escalated.rung()}).second) {
        Fault("I3: escalated twice to rung ", escalated.rung(), ": ", escalated.interruption());
      }
      polku::follow_up::v1::OutreachRequested request;
      if (row.type != request.GetDescriptor()->full_name() || !request.ParseFromString(row.payload)) continue;
      if (++requests[request.interruption()] > 1) Fault("I3: outreach requested twice: ", request.interruption());
    }
    for (const store::JournalRow& row : picture_.services[kCoordinatorNetwork].journal) {
      if (row.erased) continue;
      polku::coordinator_network::v1::TaskAdded added;
      if (row.type != added.GetDescriptor()->full_name() || !added.ParseFromString(row.payload)) continue;
      if (added.task().kind() != polku::coordinator_network::v1::TASK_KIND_OUTREACH) continue;
      if (++tasks[added.task().subject()] > 1) Fault("I3: two outreach tasks for ", added.task().subject());
    }
    for (const auto& [subject, count] : tasks) {
      if (!requests.contains(subject)) Fault("I2: an outreach task nobody asked for: ", subject);
    }
    // The effect in the subscriber: who is broken off is on somebody's list, or was.
    for (const auto& [key, state] : picture_.services[kFollowUp].states) {
      const auto* journey = dynamic_cast<const polku::follow_up::v1::JourneyRecord*>(state.get());
      if (journey == nullptr) continue;
      for (const auto& open : journey->interruptions()) {
        const bool held = journey->outreach_held_until_us() > absl::ToUnixMicros(world_.clock().Now()) &&
                          open.rule() != polku::follow_up::v1::RULE_CHANGED_CIRCUMSTANCE &&
                          !requests.contains(open.interruption());
        const auto waits = follow_up::WaitOf(*journey, open);
        if (waits == polku::follow_up::v1::OUTREACH_WAIT_REVIEW) continue;  // Broken before the case was brought in.
        if (waits == polku::follow_up::v1::OUTREACH_WAIT_CLIENT_BUDGET) {
          CheckBudget(*journey);
        } else if (!held && !tasks.contains(open.interruption())) {
          Fault("I1: no outreach task for ", open.interruption());
        }
      }
    }
  }

  // The client has been called about enough today.
  void CheckBudget(const polku::follow_up::v1::JourneyRecord& journey) {
    const bool today = journey.outreach_day() == DayNumberOf(LocalDay(world_.clock().Now()));
    if (!today || journey.outreach_count() < 2) Fault("I1: outreach of ", journey.client(), " waits for no reason");
  }

  absl::Status SafetyNet() {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(kFollowUp).Read());
    ASSIGN_OR_RETURN(const int64_t violations, follow_up::CountSafetyNetViolations(*reader, world_.clock().Now()));
    if (violations != 0) Fault("safety net: ", violations, " clients are without owner or next step");
    return absl::OkStatus();
  }

  World& world_;
  const History& history_;
  Picture& picture_;
  Faults faults_;
  std::array<Tables, kServices> expected_;
  std::array<std::map<std::string, const store::TableShape*>, kServices> shapes_;
};

std::string TimeText(int64_t micros) { return absl::FormatTime(absl::FromUnixMicros(micros)); }

std::string OutcomeOf(const polku::referral::v1::Client& client) {
  std::string text;
  if (!client.merged_into().empty()) absl::StrAppend(&text, "is ", client.merged_into(), "\n");
  for (const auto& each : client.referrals()) absl::StrAppend(&text, "referral ", each.ShortDebugString(), "\n");
  return text;
}

std::string OutcomeOf(const polku::assessment::v1::ClientAssessment& client) {
  std::string text;
  for (auto each : client.assessments()) {
    each.clear_because_of();  // Numbers of interruptions and tasks follow the order in which things come.
    absl::StrAppend(&text, "assessment ", each.ShortDebugString(), "\n");
  }
  for (const auto& each : client.plans()) absl::StrAppend(&text, "plan ", each.ShortDebugString(), "\n");
  return text;
}

// What counts of the sessions; none in a pause or behind the end. Before the floor of a resolution, and once the
// client's life has changed, nobody asks whether one without a mark was told to be missed: the order of two instants.
std::string SessionsFrom(const polku::follow_up::v1::JourneyRecord& journey,
                         const polku::follow_up::v1::MeasureRecord& measure) {
  std::string sessions = follow_up::ExpectedSessions(journey, measure);
  size_t floor = std::min(sessions.size(), static_cast<size_t>(std::max(0, measure.floor_session())));
  if (follow_up::StandingCircumstance(journey) != nullptr) floor = sessions.size();
  std::replace(sessions.begin(), sessions.begin() + static_cast<std::ptrdiff_t>(floor), 'U', '.');
  sessions.erase(sessions.find_last_not_of(".-") + 1);
  return sessions;
}

std::string OutcomeOf(const polku::follow_up::v1::JourneyRecord& journey) {
  std::string text =
      absl::StrCat("journey open ", journey.open(), " owner ", journey.responsible_party(), " activity ",
                   TimeText(journey.last_activity_us()), " idle ", TimeText(journey.idle_since_us()), "\n");
  std::vector<std::string> lines;
  for (const auto& measure : journey.measures()) {
    if (measure.has_end_date())
      continue;  // When it leaves, and who had looked at it, hangs on what came before its end.
    lines.push_back(absl::StrCat("measure ", measure.plan().measure(), " phase ", measure.phase(), " sessions ",
                                 SessionsFrom(journey, measure), " ", measure.start_date().ShortDebugString(), "\n"));
  }
  for (const auto& open : journey.interruptions()) {
    lines.push_back(absl::StrCat("interruption R", open.rule(), " ", open.measure(), " from ",
                                 TimeText(open.counted_from_us()), " due ", TimeText(open.due_us()), "\n"));
  }
  std::sort(lines.begin(), lines.end());
  return text + absl::StrJoin(lines, "");
}

std::string OutcomeOf(const polku::coordinator_network::v1::ClientSupport& client) {
  std::string text;
  for (auto meeting : client.meetings()) {
    meeting.clear_create_time();
    meeting.clear_end_time();
    for (auto& decision : *meeting.mutable_decisions()) decision.clear_task();
    absl::StrAppend(&text, "meeting ", meeting.ShortDebugString(), "\n");
  }
  return text;
}

// The last word about each entry of time use.
void AddTimeUse(const Picture::Service& network, std::map<std::string, std::string>& outcomes) {
  for (const store::JournalRow& row : network.journal) {
    polku::coordinator_network::v1::TimeUseRecorded recorded;
    if (row.type != recorded.GetDescriptor()->full_name() || !recorded.ParseFromString(row.payload)) continue;
    outcomes[recorded.entry()] = absl::StrCat("time use ", recorded.ShortDebugString(), "\n");
  }
}

}  // namespace

std::vector<std::string> CheckAtRest(World& world, const History& history, Picture& picture) {
  return Check(world, history, picture).Run();
}

std::vector<std::string> CheckQuickly(World& world) {
  const History none;
  Picture unused;
  return Check(world, none, unused).RunQuickly();
}

std::map<std::string, std::string> OutcomesOf(const Picture& picture) {
  std::map<std::string, std::string> outcomes;
  // Whether another service ever wrote about them hangs on which facts shared a batch with the erasure.
  for (const std::string& key : picture.services[kReferral].erased) outcomes[key] += "erased\n";
  for (const auto& service : picture.services) {
    for (const auto& [key, state] : service.states) {
      if (const auto* client = dynamic_cast<const polku::referral::v1::Client*>(state.get())) {
        outcomes[key] += OutcomeOf(*client);
      } else if (const auto* assessed = dynamic_cast<const polku::assessment::v1::ClientAssessment*>(state.get())) {
        outcomes[key] += OutcomeOf(*assessed);
      } else if (const auto* journey = dynamic_cast<const polku::follow_up::v1::JourneyRecord*>(state.get())) {
        outcomes[key] += OutcomeOf(*journey);
      } else if (const auto* support =
                     dynamic_cast<const polku::coordinator_network::v1::ClientSupport*>(state.get())) {
        outcomes[key] += OutcomeOf(*support);
      }
    }
  }
  AddTimeUse(picture.services[kCoordinatorNetwork], outcomes);
  return outcomes;
}

std::vector<std::string> CompareOutcomes(const std::map<std::string, std::string>& without_faults,
                                         const std::map<std::string, std::string>& with_faults) {
  std::vector<std::string> faults;
  for (const auto& [key, wanted] : without_faults) {
    const auto found = with_faults.find(key);
    if (found == with_faults.end()) {
      faults.push_back(absl::StrCat("I6: ", key, " is missing"));
    } else if (found->second != wanted) {
      faults.push_back(absl::StrCat("I6: ", key, " without faults:\n", wanted, "with faults:\n", found->second));
    }
  }
  for (const auto& [key, text] : with_faults) {
    if (!without_faults.contains(key)) faults.push_back(absl::StrCat("I6: nobody referred ", key));
  }
  return faults;
}

}  // namespace polku::simulation
