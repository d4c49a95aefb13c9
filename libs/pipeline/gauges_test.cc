// What the metrics tell of what came, what waits and since when; and whose request it was.
#include <memory>
#include <string>
#include <utility>

#include "libs/pipeline/testing/toy_world.h"
#include "prometheus/text_serializer.h"

namespace polku::pipeline {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kTraceparent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class GaugesTest : public ToyWorld {
 protected:
  std::string ToldBy(Pipeline& pipeline) {
    EXPECT_THAT(pipeline.ShowLag(), IsOk());
    return prometheus::TextSerializer().Serialize(registries_[&pipeline == toy_.get() ? 0 : 1]->Collect());
  }
  static std::string OfTopic(const std::string& metric, const std::string& value) {
    return absl::StrCat(metric, "{service=\"mirror\",topic=\"", TopicOf("toy"), "\"} ", value, "\n");
  }
  static std::string Records(const std::string& outcome, int count) {
    return absl::StrCat("polku_bus_records_total{outcome=\"", outcome, "\",service=\"mirror\",topic=\"", TopicOf("toy"),
                        "\"} ", count, "\n");
  }
  std::vector<store::JournalRow> JournalOf(store::Database& database) {
    return *(*database.Read())->ScanJournal(0, 100);
  }
};

TEST_F(GaugesTest, TellWhatBecameOfRecords) {
  for (int64_t amount : {1, 666, 3, 4}) ASSERT_THAT(Run(Add("counters/a", amount)), IsOk());
  Settle();
  PublishRaw(AddedRow("counters/a", 1, 1));
  Settle();
  const std::string told = ToldBy(*mirror_);
  EXPECT_THAT(told, AllOf(HasSubstr(Records("handled", 1)), HasSubstr(Records("set_aside", 1)),
                          HasSubstr(Records("parked", 2)), HasSubstr(Records("duplicate", 1))));
  EXPECT_THAT(told, AllOf(HasSubstr("polku_pipeline_dead_letters_waiting{service=\"mirror\"} 1\n"),
                          HasSubstr("polku_pipeline_parked_keys{service=\"mirror\"} 1\n"),
                          HasSubstr(OfTopic("polku_bus_record_age_seconds_count", "1"))));
}

TEST_F(GaugesTest, TellSinceWhenATopicIsNotRead) {
  ASSERT_THAT(Run(Add("counters/a", 1)), IsOk());
  Settle();
  EXPECT_THAT(ToldBy(*mirror_), AllOf(HasSubstr(OfTopic("polku_bus_lag_seconds", "0")),
                                      HasSubstr(OfTopic("polku_bus_lag_records", "0"))));
  ASSERT_THAT(Run(Add("counters/a", 1)), IsOk());
  while (*toy_->RelayStep()) {
  }
  clock_.Advance(absl::Minutes(5));
  EXPECT_THAT(ToldBy(*mirror_), AllOf(HasSubstr(OfTopic("polku_bus_lag_seconds", "300")),
                                      HasSubstr(OfTopic("polku_bus_lag_records", "1"))));
}

TEST_F(GaugesTest, TellSinceWhenTheBusTakesNothing) {
  ASSERT_THAT(Run(Add("counters/a", 1)), IsOk());
  clock_.Advance(absl::Minutes(7));
  ASSERT_THAT(Run(Add("counters/a", 1)), IsOk());
  EXPECT_THAT(ToldBy(*toy_), AllOf(HasSubstr("polku_pipeline_outbox_rows{service=\"toy\"} 2\n"),
                                   HasSubstr("polku_pipeline_outbox_age_seconds{service=\"toy\"} 420\n")));
  Settle();
  EXPECT_THAT(ToldBy(*toy_), AllOf(HasSubstr("polku_pipeline_outbox_age_seconds{service=\"toy\"} 0\n"),
                                   HasSubstr("outcome=\"sent\",service=\"toy\",topic=\"polku.toy.events.v1\"} 2\n")));
}

TEST_F(GaugesTest, TellSinceWhenTheAuditIsNotSealed) {
  Settle();
  ASSERT_THAT(Run(Add("counters/a", 1)), IsOk());
  clock_.Advance(absl::Minutes(6));
  EXPECT_THAT(ToldBy(*toy_), HasSubstr("polku_audit_unsealed_age_seconds{service=\"toy\"} 360\n"));
  Settle();
  EXPECT_THAT(ToldBy(*toy_), AllOf(HasSubstr("polku_audit_unsealed_age_seconds{service=\"toy\"} 0\n"),
                                   HasSubstr("polku_audit_unsealed_rows{service=\"toy\"} 0\n")));
}

TEST_F(GaugesTest, TellThatTheAuditIsSealedAsOftenAsIsSet) {
  Close();
  registries_.clear();
  limits_.audit_seal_interval = absl::Minutes(2);
  Open();
  Settle();
  ASSERT_THAT(Run(Add("counters/a", 1)), IsOk());
  clock_.Advance(absl::Minutes(1));
  Settle();
  EXPECT_THAT(ToldBy(*toy_), HasSubstr("polku_audit_unsealed_rows{service=\"toy\"} 1\n"));
  clock_.Advance(absl::Minutes(1));
  Settle();
  EXPECT_THAT(ToldBy(*toy_), HasSubstr("polku_audit_unsealed_rows{service=\"toy\"} 0\n"));
}

TEST_F(GaugesTest, ATraceGoesFromTheCommandThroughTheBusIntoWhatFollows) {
  Command command;
  command.method = "toy/Add";
  command.request = std::make_unique<toy::v1::AddRequest>(Add("counters/a", 1));
  command.traceparent = kTraceparent;
  toy_->Submit(std::move(command), [](const absl::StatusOr<std::unique_ptr<google::protobuf::Message>>&) {});
  Settle();
  for (store::Database* database : {toy_db_.get(), mirror_db_.get()}) {
    const auto rows = JournalOf(*database);
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_EQ(rows[0].traceparent, kTraceparent);
  }
}

// A header may hold anything.
TEST_F(GaugesTest, ATraceThatIsNoneIsDropped) {
  store::JournalRow row = AddedRow("counters/a", 1, 1);
  row.traceparent = "Esimerkki Eeva";
  PublishRaw(row);
  Settle();
  const auto rows = JournalOf(*mirror_db_);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].traceparent, "");
}

}  // namespace
}  // namespace polku::pipeline
