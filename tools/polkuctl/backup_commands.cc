// polkuctl backup and restore: of a data folder on this machine.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/backup/backup.h"
#include "libs/base/status_macros.h"
#include "tools/polkuctl/operator_calls.h"
#include "tools/polkuctl/request.h"

namespace polku::polkuctl {
namespace {

using namespace polku::common::v1;  // NOLINT
using Stub = OperatorService::Stub;

// What is gone of one aggregate of one service, and the dead letter that holds it.
using HeldKey = std::pair<std::string, std::string>;
using Held = std::map<HeldKey, std::string>;

// Those that wait for a person, of all services.
Held FindHeld(Session& session) {
  Held held;
  ForEachService("", session, [&](const Place& place) -> absl::Status {
    ListDeadLettersRequest request;
    request.set_service(place.service);
    request.set_page_size(200);
    do {
      ASSIGN_OR_RETURN(const ListDeadLettersResponse page, session.Call(&Stub::ListDeadLetters, *place.stub, request));
      for (const DeadLetter& letter : page.dead_letters()) {
        if (absl::StartsWith(letter.reason(), backup::kHeldReason)) held[{place.service, letter.key()}] = letter.name();
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return absl::OkStatus();
  });
  return held;
}

std::string Shown(const RestoreRecord& record, const Held& held) {
  std::vector<std::vector<std::string>> rows;
  Held others = held;
  for (const LostEvents& lost : record.lost()) {
    std::vector<std::string> row = {lost.service()};
    for (const char* column : {"key", "first_version", "last_version", "last_time", "recalled"}) {
      row.push_back(FieldText(lost, *LostEvents::descriptor()->FindFieldByName(column)));
    }
    row.push_back(held.contains({lost.service(), lost.key()}) ? "held" : "");
    others.erase({lost.service(), lost.key()});
    rows.push_back(std::move(row));
  }
  for (const auto& [key, name] : others) rows.push_back({key.first, key.second, "", "", "", "", "held"});
  return Table({"SERVICE", "KEY", "FIRST_VERSION", "LAST_VERSION", "LAST_TIME", "READ_AGAIN", "STATE"}, rows);
}

void AddData(CLI::App& command, std::string& data_folder) {
  command.add_option("--data", data_folder, "the data folder of the program")->required();
}

void AddBackup(CLI::App& app, Session& session) {
  CLI::App* command = AddCommand(
      app, "backup",
      "Copies a data folder as of one instant; its program may run meanwhile. Where the data is on PostgreSQL: "
      "the keys.",
      "backup --data /var/lib/polku --to /backup/monday --keys-to /vault/monday");
  auto options = std::make_shared<backup::BackupOptions>();
  AddData(*command, options->data_folder);
  command->add_option("--to", options->to, "a new folder for what the data folder holds beside keys, if anything");
  command->add_option("--keys-to", options->keys_to, "a new folder for the keys, on another medium")->required();
  command->callback([options, &session] {
    options->now = session.Now();
    const absl::StatusOr<BackupManifest> manifest = backup::TakeBackup(*options);
    if (session.json || !manifest.ok()) return session.Show(manifest);
    std::vector<const google::protobuf::Message*> rows;
    for (const BackedUpDatabase& database : manifest->databases()) rows.push_back(&database);
    session.out << "as of " << FieldText(*manifest, *BackupManifest::descriptor()->FindFieldByName("cut_time")) << "\n"
                << TableOf(rows, {"service", "epoch", "aggregates"});
  });
}

void AddApply(CLI::App& restore, Session& session) {
  CLI::App* command = AddCommand(restore, "apply",
                                 "Puts a backup in place of the data folder, which is kept beside it. The program "
                                 "must have ended.",
                                 "restore apply --data /var/lib/polku --from /backup/monday --keys-from /vault/monday");
  auto options = std::make_shared<backup::RestoreOptions>();
  AddData(*command, options->data_folder);
  command->add_option("--from", options->from, "what `backup` wrote --to")->required();
  command->add_option("--keys-from", options->keys_from, "what it wrote --keys-to")->required();
  command->add_option("--erasures", options->erasures_folder, "folder of the erasure ledgers; none: <data>.erasures");
  command->add_flag("--no-erasures", options->without_erasures,
                    "there is no ledger any more: whoever was erased after the backup comes back");
  command->callback([options, &session] {
    options->now = session.Now();
    if (options->erasures_folder.empty()) options->erasures_folder = absl::StrCat(options->data_folder, ".erasures");
    const absl::StatusOr<RestoreRecord> record = backup::Restore(*options);
    if (session.json || !record.ok()) return session.Show(record);
    RestoreRecord head = *record;
    head.clear_lost();
    session.Show(absl::StatusOr<RestoreRecord>(head));
    session.out << Shown(*record, {});
    session.err << "start the program (on Kafka its command `restored` comes first), then: polkuctl restore status\n";
  });
}

void AddStatus(CLI::App& restore, Session& session) {
  CLI::App* command = AddCommand(restore, "status", "What the last restore did not bring back, and who is still held.",
                                 "--role operator restore status --data /var/lib/polku");
  auto data_folder = std::make_shared<std::string>();
  AddData(*command, *data_folder);
  command->callback([data_folder, &session] {
    const absl::StatusOr<RestoreRecord> record = backup::ReadRestoreRecord(*data_folder);
    if (session.json || !record.ok()) return session.Show(record);
    RestoreRecord head = *record;
    head.clear_lost();
    session.Show(absl::StatusOr<RestoreRecord>(head));
    Held held;
    if (backup::IsRestorePending(*data_folder)) {
      session.err << "the program has not started since\n";
    } else {
      held = FindHeld(session);
    }
    session.out << Shown(*record, held);
    if (held.empty()) return;
    session.err << held.size() << " held: record again what is missing, then: polkuctl restore release\n";
  });
}

void AddRelease(CLI::App& restore, Session& session) {
  CLI::App* command = AddCommand(restore, "release",
                                 "Whoever was held goes on: what is missing has been recorded again, or never will be.",
                                 "--role operator restore release --key clients/0190f3a0-7c1e-7d1a-8000-000000000901");
  auto keys = std::make_shared<std::vector<std::string>>();
  auto all = std::make_shared<bool>(false);
  CLI::Option* key = command->add_option("--key", *keys, "\"clients/C\"; may be repeated");
  command->add_flag("--all", *all, "everybody")->excludes(key);
  command->callback([keys, all, &session] {
    if (keys->empty() && !*all) throw CLI::RequiredError("--key or --all");
    std::map<std::string, int> released;
    const Held held = FindHeld(session);
    ForEachService("", session, [&](const Place& place) -> absl::Status {
      for (const auto& [held_key, name] : held) {
        const auto& [service, client] = held_key;
        if (service != place.service) continue;
        if (!*all && std::find(keys->begin(), keys->end(), client) == keys->end()) continue;
        DiscardDeadLetterRequest request;
        request.set_name(name);
        request.set_reason(DISCARD_REASON_RECORDED_OTHERWISE);
        RETURN_IF_ERROR(session.Call(&Stub::DiscardDeadLetter, *place.stub, request).status());
        ++released[client];
      }
      return absl::OkStatus();
    });
    for (const std::string& wanted : *keys) {
      if (!released.contains(wanted)) session.Fail(absl::NotFoundError(absl::StrCat(wanted, " is not held")));
    }
    session.err << released.size() << " released\n";
  });
}

}  // namespace

void AddBackupCommands(CLI::App& app, Session& session) {
  AddBackup(app, session);
  CLI::App* restore = AddCommand(app, "restore", "A backup in place of the data folder: apply, status, release.",
                                 "restore apply --data /var/lib/polku --from /backup/monday --keys-from /vault/monday");
  restore->require_subcommand(1);
  AddApply(*restore, session);
  AddStatus(*restore, session);
  AddRelease(*restore, session);
}

}  // namespace polku::polkuctl
