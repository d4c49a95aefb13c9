// However a backlog is sliced, and on however many threads it is decided, it comes out as record by record.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/pipeline/testing/toy_world.h"

namespace polku::pipeline {
namespace {

constexpr int kKeys = 5;
constexpr int kRecords = 80;

class FoldAhead : public ToyWorld {
 protected:
  FoldAhead() : ToyWorld("clients/") {}

  // Mostly what comes next, with a few of everything that may stand in its way, also at once.
  static std::vector<store::JournalRow> Backlog(uint64_t seed) {
    SeededRandom random(seed);
    const auto luck = [&](uint64_t percent) { return random.Next() % 100 < percent; };
    std::vector<int64_t> versions(kKeys, 0);
    std::vector<store::JournalRow> rows;
    for (int i = 0; i < kRecords; ++i) {
      const size_t key = random.Next() % kKeys;
      if (luck(6) && versions[key] > 0) --versions[key];  // Comes once more, or as another one.
      if (luck(1)) ++versions[key];                       // One is missing.
      store::JournalRow row = AddedRow(absl::StrCat("clients/", key), ++versions[key], luck(1) ? 666 : i + 1);
      if (luck(5)) row.type = "polku.toy.v1.SomethingNew";
      if (luck(1)) row.payload = "\xff\xff";
      if (luck(1)) row = Erased(row);
      rows.push_back(std::move(row));
    }
    return rows;
  }
  static store::JournalRow Erased(store::JournalRow row) {
    polku::toy::v1::Erased erased;
    erased.set_counter(row.key);
    row.type = "polku.toy.v1.Erased";
    row.payload = erased.SerializeAsString();
    return row;
  }

  // What the subscriber has in the end.
  std::vector<std::string> Outcome(const std::vector<store::JournalRow>& backlog) {
    Close();
    std::filesystem::remove_all(data());
    std::filesystem::remove(folder_.path() + "/mirror.erasures");
    std::filesystem::remove(folder_.path() + "/toy.erasures");
    Open();
    for (const store::JournalRow& row : backlog) PublishRaw(row);
    // Gaps that nobody fills stay: it is never drained.
    for (int idle = 0; idle < 3;) {
      const absl::StatusOr<bool> worked = mirror_->Step();
      EXPECT_THAT(worked, IsOk());
      if (!worked.ok()) break;
      idle = *worked ? 0 : idle + 1;
    }
    std::vector<std::string> outcome;
    const auto reader = *mirror_db_->Read();
    for (int i = 0; i < kKeys; ++i) {
      const std::string key = absl::StrCat("clients/", i);
      const store::StoredAggregate aggregate = (*reader->Load({key}))[0];
      outcome.push_back(absl::StrCat(key, aggregate.erased ? " erased " : " ", aggregate.version, " ",
                                     StateOf(*mirror_db_, key).ShortDebugString()));
      const auto journal = reader->ReadJournal(key, 0, 1000);
      EXPECT_THAT(journal, IsOk());
      for (const store::JournalRow& row : journal.value_or(std::vector<store::JournalRow>())) {
        outcome.push_back(absl::StrCat(row.key, " ", row.version, " ", row.type, " ", row.payload));
      }
      const auto parked = *reader->ReadParked("toy", key, 1000);
      for (const store::ParkedRow& row : parked) {
        outcome.push_back(absl::StrCat("parked ", row.key, " ", row.version));
      }
    }
    const auto totals = *reader->Query("SELECT counter, total FROM total ORDER BY counter", {});
    for (const store::Row& row : totals) {
      outcome.push_back(absl::StrCat("total ", std::get<std::string>(row[0]), " ", std::get<int64_t>(row[1])));
    }
    std::vector<std::string> letters;
    const auto dead = *reader->ReadDeadLetters(1000);
    for (const store::DeadLetterRow& letter : dead) {
      letters.push_back(absl::StrCat("dead ", letter.record.key, " ", letter.record.version, " ", letter.reason));
    }
    std::sort(letters.begin(), letters.end());
    outcome.insert(outcome.end(), letters.begin(), letters.end());
    return outcome;
  }
};

TEST_F(FoldAhead, GivesWhatOneRecordAtATimeGives) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const std::vector<store::JournalRow> backlog = Backlog(seed);
    limits_.batch_inputs_max = limits_.batch_backlog_max = 1;
    limits_.fold_threads = 1;
    const std::vector<std::string> one_by_one = Outcome(backlog);
    limits_.batch_inputs_max = 7;
    limits_.batch_backlog_max = 60;
    for (const int threads : {1, 3}) {
      limits_.fold_threads = threads;
      EXPECT_EQ(Outcome(backlog), one_by_one) << "seed " << seed << ", " << threads << " threads";
    }
  }
}

}  // namespace
}  // namespace polku::pipeline
