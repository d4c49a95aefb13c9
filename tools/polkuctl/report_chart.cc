#include "tools/polkuctl/report_chart.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace polku::polkuctl {
namespace {

using polku::follow_up::v1::CloseReason;
using polku::follow_up::v1::LeadTime;
using polku::follow_up::v1::SteeringReport;
using polku::follow_up::v1::SteeringRow;

struct Figure {
  std::string name;
  std::optional<double> value;  // None: left out.
};

template <class Value>
std::optional<double> If(bool given, Value value) {
  return given ? std::optional<double>(static_cast<double>(value)) : std::nullopt;
}

std::array<Figure, 4> StagesOf(const SteeringRow& row) {
  return {{{"opened", If(row.has_opened(), row.opened())},
           {"assessed", If(row.has_assessed(), row.assessed())},
           {"planned", If(row.has_planned(), row.planned())},
           {"started", If(row.has_started(), row.started())}}};
}

void AddLeadTime(const std::string& name, const LeadTime& lead, std::vector<Figure>& figures) {
  figures.push_back({name + "_median_days", If(lead.has_median_days(), lead.median_days())});
  figures.push_back({name + "_p90_days", If(lead.has_p90_days(), lead.p90_days())});
}

std::vector<Figure> FiguresOf(const SteeringRow& row) {
  std::vector<Figure> figures;
  for (Figure& stage : StagesOf(row)) figures.push_back(std::move(stage));
  AddLeadTime("to_assessed", row.to_assessed(), figures);
  AddLeadTime("to_planned", row.to_planned(), figures);
  AddLeadTime("to_started", row.to_started(), figures);
  figures.push_back({"waiting", If(row.waiting().has_count(), row.waiting().count())});
  AddLeadTime("waiting", row.waiting(), figures);
  for (const int days : {15, 30, 90}) {
    Figure asked{absl::StrCat("outreaches_", days), std::nullopt};
    Figure back{absl::StrCat("returned_", days), std::nullopt};
    for (const auto& count : row.returns()) {
      if (count.within_days() != days) continue;
      asked.value = If(count.has_outreaches(), count.outreaches());
      back.value = If(count.has_returned(), count.returned());
    }
    figures.push_back(std::move(asked));
    figures.push_back(std::move(back));
  }
  for (int reason = 1; reason < polku::follow_up::v1::CloseReason_ARRAYSIZE; ++reason) {
    std::string name = polku::follow_up::v1::CloseReason_Name(static_cast<CloseReason>(reason));
    Figure closed{absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"CLOSE_REASON_", "closed_"}})), std::nullopt};
    if (row.has_opened()) closed.value = 0;
    for (const auto& closing : row.closings()) {
      if (closing.reason() == reason) closed.value = If(closing.has_count(), closing.count());
    }
    figures.push_back(std::move(closed));
  }
  return figures;
}

std::string NameOf(const SteeringReport& report, int row) {
  if (row == 0) return "all";
  return report.rows(row).group().empty() ? "not told" : report.rows(row).group();
}

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

}  // namespace

std::string ReportCsv(const SteeringReport& report) {
  std::string csv;
  for (int i = 0; i < report.rows_size(); ++i) {
    const std::vector<Figure> figures = FiguresOf(report.rows(i));
    if (i == 0) {
      csv = absl::StrCat(
          "group,", absl::StrJoin(figures, ",", [](std::string* out, const Figure& each) { out->append(each.name); }),
          "\n");
    }
    absl::StrAppend(&csv, NameOf(report, i), ",",
                    absl::StrJoin(figures, ",",
                                  [](std::string* out, const Figure& each) {
                                    if (each.value.has_value()) absl::StrAppend(out, *each.value);
                                  }),
                    "\n");
  }
  return csv;
}

std::string ReportTable(const SteeringReport& report) {
  std::string table;
  for (int i = 0; i < report.rows_size(); ++i) {
    absl::StrAppend(&table, NameOf(report, i), report.rows(i).has_opened() ? "\n" : ": too few\n");
    if (!report.rows(i).has_opened()) continue;
    for (const Figure& figure : FiguresOf(report.rows(i))) {
      if (figure.value == 0) continue;
      const std::string value = figure.value.has_value() ? absl::StrCat(*figure.value)
                                                         : absl::StrCat("too few (<", report.suppressed_below(), ")");
      absl::StrAppend(&table, absl::StrFormat("  %-24s %s\n", figure.name, value));
    }
  }
  return table;
}

std::string ReportSvg(const SteeringReport& report, const std::string& title) {
  constexpr int kLeft = 240;
  constexpr int kWidth = 640;
  constexpr int kBar = 16;
  constexpr int kGroup = 4 * kBar + 20;
  constexpr int kTop = 60;
  constexpr std::array<const char*, 4> kColours = {"#1b4965", "#3a7ca5", "#81a4cd", "#f4a259"};
  double most = 1;
  for (const SteeringRow& row : report.rows()) most = std::max(most, static_cast<double>(row.opened()));
  const int height = kTop + kGroup * report.rows_size() + 10;
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
      "<text x=\"10\" y=\"24\" font-size=\"16\">%s</text>\n",
      kLeft + kWidth + 80, height, Escaped(title));
  for (int i = 0; i < report.rows_size(); ++i) {
    const int top = kTop + i * kGroup;
    absl::StrAppend(&svg, "<text x=\"10\" y=\"", top + 12, "\" font-weight=\"bold\">", Escaped(NameOf(report, i)),
                    "</text>\n");
    const auto stages = StagesOf(report.rows(i));
    for (size_t stage = 0; stage < stages.size(); ++stage) {
      const int y = top + static_cast<int>(stage) * kBar;
      const int width = static_cast<int>(stages[stage].value.value_or(0) / most * kWidth);
      const std::string told =
          stages[stage].value.has_value() ? absl::StrCat(*stages[stage].value) : std::string("too few to tell");
      absl::StrAppend(&svg, "<text x=\"", kLeft - 8, "\" y=\"", y + 12, "\" text-anchor=\"end\">", stages[stage].name,
                      "</text><rect x=\"", kLeft, "\" y=\"", y + 2, "\" width=\"", width, "\" height=\"", kBar - 4,
                      "\" fill=\"", kColours[stage], "\"/><text x=\"", kLeft + width + 6, "\" y=\"", y + 12, "\">",
                      told, "</text>\n");
    }
  }
  return svg + "</svg>\n";
}

}  // namespace polku::polkuctl
