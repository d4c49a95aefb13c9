// Who may make and upgrade tables, and what somebody who may not is told.
#include <utility>

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

}  // namespace
}  // namespace polku::store
