// polkuctl verify: what must hold across the services of a live region, compared.
#include "tools/polkuctl/verify_commands.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"
#include "libs/bus/kafka/topic_reader.h"
#include "libs/bus/kafka/topics.h"
#include "libs/pipeline/pipeline.h"
#include "libs/pipeline/wire.h"
#include "libs/verify/region.h"
#include "polku/common/v1/verify.grpc.pb.h"
#include "tools/polkuctl/operator_calls.h"

namespace polku::polkuctl {
namespace {

using namespace polku::common::v1;  // NOLINT
using verify::ServiceView;
using verify::Violations;

constexpr int kPage = 5000;
constexpr int kShownMax = 20;                       // Violations of one invariant.
constexpr absl::Duration kSent = absl::Seconds(2);  // What was published by then is on the bus.
constexpr absl::Duration kLookAgain = absl::Seconds(1);

struct Wishes {
  std::string kafka_servers;
  std::string kafka_properties;
  int64_t newest = 0;
  double patience_s = 30;
};

// What each invariant is about, and what to do where it does not hold.
struct Promise {
  const char* invariant;
  const char* says;
  const char* mends;
};
constexpr Promise kPromises[] = {
    {"I1", "nothing lost",
     "see lag: a partition that is not read, a gap that no journal fills (its owner away?), an "
     "outbox that the bus does not take"},
    {"I2", "nothing from nowhere", "a database went back to an older point: deploy/runbook/restore.md"},
    {"I3", "one outreach for a finding", "complete one of the tasks, and tell whoever keeps the program"},
    {"I4", "versions in order and whole",
     "somebody else writes to the topic, or records were lost: keep the topic, "
     "and compare it with the owner's journal"},
    {"I7", "nothing due is left", "the program with the lease stands still, or a due instant fails: see its log"},
    {"I10", "nothing is set aside", "dead-letters list; restore status"},
    {"I12", "Kafka was told the truth", "harmless for the services; tools that show lag show too little"},
};

// What was looked at, and what was found.
struct Verdict {
  std::map<std::string, std::string> looked_at;  // By invariant.
  Violations violations;
};

class Verifier {
 public:
  Verifier(const Wishes& wishes, Session& session) : wishes_(wishes), session_(session) {}

  absl::StatusOr<Verdict> Run();

 private:
  using Services = std::map<std::string, ServiceView>;
  absl::Status ForEach(const std::function<absl::Status(const Place&, ServiceView&)>& each, Services& services);
  absl::StatusOr<std::vector<KeyVersion>> Versions(const Place& place, bool taken);
  absl::Status ReadPublished(Services& services);
  absl::Status ReadTaken(Services& services);
  absl::Status ReadLag(Services& services);
  absl::Status CheckEach(Services& services, Verdict& verdict);
  absl::StatusOr<bus::KafkaBusOptions> Kafka();
  absl::Status ReadTopics(const Services& services, verify::Told& told);
  absl::Status ReadCommitted(Services& services);
  // Until all that was published by now has been taken, or patience is over.
  absl::Status AwaitTaken(Services& services, Verdict& verdict);

  const Wishes wishes_;
  Session& session_;
  const SystemMonotonicClock clock_;
  int64_t records_ = 0;
};

absl::Status Verifier::ForEach(const std::function<absl::Status(const Place&, ServiceView&)>& each,
                               Services& services) {
  ForEachService("", session_, [&](const Place& place) { return each(place, services[place.service]); });
  // Without one of them nothing can be said.
  return session_.exit_code == kOk ? absl::OkStatus() : absl::UnavailableError("not every service answers");
}

absl::StatusOr<std::vector<KeyVersion>> Verifier::Versions(const Place& place, bool taken) {
  const auto stub = VerifyService::NewStub(session_.ChannelTo(place.server));
  ListVersionsRequest request;
  request.set_service(place.service);
  request.set_taken(taken);
  request.set_page_size(kPage);
  std::vector<KeyVersion> versions;
  do {
    ASSIGN_OR_RETURN(const ListVersionsResponse page,
                     session_.Call(&VerifyService::Stub::ListVersions, *stub, request));
    versions.insert(versions.end(), page.versions().begin(), page.versions().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return versions;
}

absl::Status Verifier::ReadPublished(Services& services) {
  return ForEach(
      [this](const Place& place, ServiceView& view) -> absl::Status {
        view.published.clear();
        ASSIGN_OR_RETURN(const std::vector<KeyVersion> versions, Versions(place, false));
        for (const KeyVersion& each : versions) view.published[each.key()] = each.version();
        return absl::OkStatus();
      },
      services);
}

absl::Status Verifier::ReadTaken(Services& services) {
  return ForEach(
      [this](const Place& place, ServiceView& view) -> absl::Status {
        ASSIGN_OR_RETURN(const std::vector<KeyVersion> versions, Versions(place, true));
        for (const KeyVersion& each : versions) view.applied[{each.source(), each.key()}] = each.version();
        return absl::OkStatus();
      },
      services);
}

// "referral" of "polku.referral.events.v1"; empty of other topics.
std::string OwnerOf(absl::string_view topic) {
  if (!absl::ConsumePrefix(&topic, "polku.") || !absl::ConsumeSuffix(&topic, ".events.v1")) return "";
  return std::string(topic);
}

absl::Status Verifier::ReadLag(Services& services) {
  return ForEach(
      [this](const Place& place, ServiceView& view) -> absl::Status {
        GetLagRequest request;
        request.set_service(place.service);
        ASSIGN_OR_RETURN(const Lag lag, session_.Call(&OperatorService::Stub::GetLag, *place.stub, request));
        for (const PartitionLag& partition : lag.partitions()) {
          view.positions[absl::StrCat(partition.topic(), "/", partition.partition())] = partition.next_offset();
          if (const std::string owner = OwnerOf(partition.topic()); !owner.empty()) view.peers.insert(owner);
        }
        // What waits behind a dead letter is that one's.
        view.parked = lag.dead_letters() > 0 ? 0 : lag.parked_keys();
        return absl::OkStatus();
      },
      services);
}

absl::Status Verifier::CheckEach(Services& services, Verdict& verdict) {
  return ForEach(
      [&](const Place& place, ServiceView& view) -> absl::Status {
        const auto stub = VerifyService::NewStub(session_.ChannelTo(place.server));
        CheckServiceRequest request;
        request.set_service(place.service);
        ASSIGN_OR_RETURN(const ServiceCheck check, session_.Call(&VerifyService::Stub::CheckService, *stub, request));
        view.overdue = check.overdue();
        view.outbox = check.unsent();
        for (const BrokenInvariant& broken : check.broken()) {
          verdict.violations.push_back({broken.invariant(), absl::StrCat(place.service, ": ", broken.what())});
        }
        if (check.more()) verdict.violations.push_back({"I3", absl::StrCat(place.service, ": there is more")});
        ListDeadLettersRequest letters;
        letters.set_service(place.service);
        letters.set_page_size(200);
        do {
          ASSIGN_OR_RETURN(const ListDeadLettersResponse page,
                           session_.Call(&OperatorService::Stub::ListDeadLetters, *place.stub, letters));
          for (const DeadLetter& letter : page.dead_letters()) {
            verdict.violations.push_back(
                {"I10", absl::StrCat(letter.name(), " of ", letter.key(), ": ", letter.reason())});
          }
          letters.set_page_token(page.next_page_token());
        } while (!letters.page_token().empty());
        return absl::OkStatus();
      },
      services);
}

absl::StatusOr<bus::KafkaBusOptions> Verifier::Kafka() {
  bus::KafkaBusOptions options;
  options.bootstrap_servers = wishes_.kafka_servers;
  options.request_timeout = absl::Seconds(session_.timeout_s);
  options.clock = &clock_;
  if (!wishes_.kafka_properties.empty()) {
    ASSIGN_OR_RETURN(options.settings, bus::ReadKafkaProperties(wishes_.kafka_properties));
  }
  return options;
}

// Records that nobody can read are for the services to set aside.
absl::Status Verifier::ReadTopics(const Services& services, verify::Told& told) {
  ASSIGN_OR_RETURN(const bus::KafkaBusOptions options, Kafka());
  for (const auto& [service, view] : services) {
    auto& keys = told[service];
    RETURN_IF_ERROR(
        bus::ReadTopic(options, pipeline::TopicOf(service), wishes_.newest, [&](std::vector<bus::Record> records) {
          for (bus::Record& record : records) {
            pipeline::PeerFact fact;
            ++records_;
            if (!pipeline::DecodeEvent(std::move(record), fact).ok()) continue;
            if (fact.source == service) keys[fact.key].push_back(fact.version);
          }
          return absl::OkStatus();
        }));
  }
  return absl::OkStatus();
}

absl::Status Verifier::ReadCommitted(Services& services) {
  ASSIGN_OR_RETURN(const bus::KafkaBusOptions options, Kafka());
  for (auto& [service, view] : services) {
    std::set<std::string> topics;
    for (const std::string& peer : view.peers) topics.insert(pipeline::TopicOf(peer));
    ASSIGN_OR_RETURN(const auto committed, bus::ReadCommitted(options, absl::StrCat("polku-", service), topics));
    for (const auto& [partition, offset] : committed) {
      view.committed[absl::StrCat(partition.topic, "/", partition.partition)] = offset;
    }
  }
  return absl::OkStatus();
}

absl::Status Verifier::AwaitTaken(Services& services, Verdict& verdict) {
  const absl::Duration end = clock_.Elapsed() + absl::Seconds(wishes_.patience_s);
  while (true) {
    RETURN_IF_ERROR(ReadTaken(services));
    RETURN_IF_ERROR(ReadLag(services));
    Violations behind;
    verify::CheckTaken(services, behind);
    const bool waits =
        std::any_of(services.begin(), services.end(), [](const auto& each) { return each.second.parked > 0; });
    if ((behind.empty() && !waits) || clock_.Elapsed() > end) {
      std::move(behind.begin(), behind.end(), std::back_inserter(verdict.violations));
      return absl::OkStatus();
    }
    absl::SleepFor(kLookAgain);
  }
}

absl::StatusOr<Verdict> Verifier::Run() {
  Verdict verdict;
  Services services;
  RETURN_IF_ERROR(ReadPublished(services));
  RETURN_IF_ERROR(ReadLag(services));
  verify::Told told;
  if (!wishes_.kafka_servers.empty()) {
    absl::SleepFor(kSent);
    RETURN_IF_ERROR(ReadTopics(services, told));
    verify::CheckOrder(told, verify::Look::kLive, verdict.violations);
    verify::CheckTold(services, told, verify::Look::kLive, verdict.violations);
  }
  RETURN_IF_ERROR(AwaitTaken(services, verdict));
  if (!wishes_.kafka_servers.empty()) {
    RETURN_IF_ERROR(ReadCommitted(services));
    RETURN_IF_ERROR(ReadLag(services));  // Positions only rise: after what Kafka was told.
    verify::CheckPositions(services, verdict.violations);
  }
  RETURN_IF_ERROR(CheckEach(services, verdict));
  verify::CheckNothingWaits(services, verdict.violations);
  verify::CheckDue(services, verdict.violations);
  size_t published = 0;
  size_t taken = 0;
  for (const auto& [service, view] : services) {
    published += view.published.size();
    taken += view.applied.size();
  }
  // After what was taken and told: published versions only rise.
  RETURN_IF_ERROR(ReadPublished(services));
  verify::CheckNoneAhead(services, verify::Look::kLive, verdict.violations);
  verify::CheckNoneToldAhead(services, told, verdict.violations);
  const std::string kept = absl::StrCat(published, " keys published, ", taken, " taken");
  const std::string of_topics = wishes_.kafka_servers.empty()
                                    ? "not looked at: --kafka-servers says where"
                                    : absl::StrCat(records_, " records of ", told.size(), " topics");
  verdict.looked_at = {{"I1", kept}, {"I2", kept}, {"I4", of_topics}, {"I12", of_topics}};
  for (const char* each : {"I3", "I7", "I10"}) verdict.looked_at[each] = absl::StrCat(services.size(), " services");
  return verdict;
}

void Show(const Verdict& verdict, Session& session) {
  std::vector<std::vector<std::string>> rows;
  for (const Promise& promise : kPromises) {
    const auto broken = std::count_if(verdict.violations.begin(), verdict.violations.end(),
                                      [&](const auto& each) { return each.invariant == promise.invariant; });
    rows.push_back({promise.invariant, promise.says, verdict.looked_at.at(promise.invariant), absl::StrCat(broken)});
  }
  session.out << Table({"INVARIANT", "PROMISE", "LOOKED_AT", "VIOLATIONS"}, rows);
  for (const Promise& promise : kPromises) {
    int shown = 0;
    for (const verify::Violation& each : verdict.violations) {
      if (each.invariant != promise.invariant || ++shown > kShownMax) continue;
      session.out << each.invariant << " " << OneLine(each.what) << "\n";
    }
    if (shown > kShownMax) session.out << promise.invariant << " and " << shown - kShownMax << " more\n";
    if (shown > 0) session.err << promise.invariant << ": " << promise.mends << "\n";
  }
}

}  // namespace

void AddVerifyCommands(CLI::App& app, Session& session) {
  CLI::App* command = AddCommand(app, "verify",
                                 "Compares the services and topics of a live region with what must hold. Reads only; "
                                 "ends with 1 when something does not hold.",
                                 "--role operator verify --kafka-servers 127.0.0.1:9092");
  auto wishes = std::make_shared<Wishes>();
  command->add_option("--kafka-servers", wishes->kafka_servers, "HOST:PORT of brokers; none: topics are not looked at");
  command->add_option("--kafka-properties", wishes->kafka_properties,
                      "file with more settings of librdkafka, name=value: security.protocol, sasl.*, ssl.*");
  command->add_option("--newest", wishes->newest, "records of each partition that are read, the last ones; 0: all")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--patience", wishes->patience_s, "seconds until what was published must have been taken")
      ->capture_default_str();
  command->callback([wishes, &session] {
    const absl::StatusOr<Verdict> verdict = Verifier(*wishes, session).Run();
    if (!verdict.ok()) return session.Fail(verdict.status());
    Show(*verdict, session);
    if (!verdict->violations.empty()) session.exit_code = kRefused;
  });
}

}  // namespace polku::polkuctl
