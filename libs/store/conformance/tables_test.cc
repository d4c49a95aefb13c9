// Who may make and upgrade tables, and what somebody who may not is told.
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"
#include "libs/store/conformance/database_factory.h"

namespace polku::store {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Code = absl::StatusCode;

constexpr char kCommand[] = "polku-referral migrate";

Options NextOf(Options options) {
  options.migrations.push_back({3, "more", "CREATE TABLE more(id TEXT PRIMARY KEY, text TEXT);"});
  return options;
}
Options ByCommand(Options options) {
  options.migrated_by = kCommand;
  return options;
}

TEST_P(StoreConformance, MakesTablesByTheCommandAloneWhereThatIsNamed) {
  const std::unique_ptr<DatabaseFactory> fresh = GetParam()();
  const auto open = [&fresh](const Options& options) { return fresh->Open(options).status(); };
  for (int i = 0; i < 2; ++i) {  // A refusal leaves nothing behind.
    EXPECT_THAT(open(ByCommand(DefaultOptions())),
                StatusIs(Code::kFailedPrecondition, AllOf(HasSubstr("no tables"), HasSubstr(kCommand))));
  }
  EXPECT_THAT(open(DefaultOptions()), IsOk());
  EXPECT_THAT(open(ByCommand(DefaultOptions())), IsOk());
}

TEST_P(StoreConformance, UpgradesTablesByTheCommandAloneWhereThatIsNamed) {
  ASSERT_THAT(InTransaction([](Transaction& t) { return t.AppendJournal({EventOf("clients/A", 1, 1, "first")}); }),
              IsOk());
  const Options next = NextOf(DefaultOptions());
  database_ = nullptr;
  EXPECT_THAT(factory_->Open(ByCommand(next)),
              StatusIs(Code::kFailedPrecondition, AllOf(HasSubstr(".2, this program needs "), HasSubstr(kCommand))));
  EXPECT_THAT(factory_->Open(ByCommand(DefaultOptions())), IsOk());  // Nothing was changed.
  EXPECT_THAT(factory_->Open(next), IsOk());
  auto upgraded = factory_->Open(ByCommand(next));
  ASSERT_THAT(upgraded, IsOk());
  EXPECT_THAT((*(*upgraded)->Read())->ReadJournal("clients/A", 0, 10), IsOkAndHolds(SizeIs(1)));
}

TEST_P(StoreConformance, RefusesTablesOfANewerProgramWhoeverAsks) {
  const Options next = NextOf(DefaultOptions());
  database_ = nullptr;
  ASSERT_THAT(factory_->Open(next), IsOk());
  for (const Options& options : {DefaultOptions(), ByCommand(DefaultOptions())}) {
    EXPECT_THAT(factory_->Open(options), StatusIs(Code::kFailedPrecondition, HasSubstr("a newer one is needed")));
  }
  EXPECT_THAT(factory_->Open(ByCommand(next)), IsOk());
}

// What is cut off the audit goes in the transaction that says up to where, or stays.
TEST_P(StoreConformance, CutsTheAuditAndSaysSoTogether) {
  const TableShape rows{"audit", {"id"}, {}};
  const TableShape cut{
      "audit_cut", {"number"}, {"seal", "row_count", "last_id", "link", "before_time", "time", "signature"}};
  const auto audit = [](absl::string_view resource) {
    return AuditRow{At(1), "o", "u", "r", "p", "Submit", std::string(resource), "change", "id", "trace"};
  };
  ASSERT_THAT(InTransaction([&](Transaction& t) {
                return t.AppendAudit({audit("clients/A"), audit("clients/B"), audit("clients/C")});
              }),
              IsOk());
  const auto cut_two = [&](Transaction& t) -> absl::Status {
    RETURN_IF_ERROR(t.Delete(rows, {{int64_t{1}}, {int64_t{2}}}));
    return t.Upsert(cut, {{int64_t{1}, int64_t{1}, int64_t{2}, int64_t{2}, Blob{"link"}, int64_t{2}, int64_t{3},
                           Blob{"signature"}}});
  };
  {
    auto dropped = database().Begin();
    ASSERT_THAT(dropped, IsOk());
    ASSERT_THAT(cut_two(**dropped), IsOk());
  }
  EXPECT_THAT(Read()->ReadAudit("", 10), IsOkAndHolds(SizeIs(3)));
  ASSERT_THAT(InTransaction(cut_two), IsOk());
  const auto left = Read()->ReadAudit("", 10);
  ASSERT_THAT(left, IsOkAndHolds(SizeIs(1)));
  EXPECT_EQ((*left)[0].resource, "clients/C");
  EXPECT_THAT(Read()->Query("SELECT last_id FROM audit_cut WHERE number = $1", {int64_t{1}}), IsOkAndHolds(SizeIs(1)));
  // A number is given once, whatever was cut.
  ASSERT_THAT(InTransaction([&](Transaction& t) { return t.AppendAudit({audit("clients/D")}); }), IsOk());
  EXPECT_THAT(Read()->Query("SELECT id FROM audit WHERE id = $1", {int64_t{4}}), IsOkAndHolds(SizeIs(1)));
}

}  // namespace
}  // namespace polku::store
