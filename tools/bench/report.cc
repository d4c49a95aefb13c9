#include "tools/bench/report.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/bench/measure.h"

namespace polku::bench {
namespace {

using JsonValue = nlohmann::ordered_json;

std::string FigureOr(const std::optional<double>& value) { return value.has_value() ? Figure(*value) : ""; }

std::string BarText(const Line& line) {
  if (!line.bar.has_value()) return "";
  const char* of = line.bar_of == Line::BarOf::kRatio ? "ratio " : "";
  return absl::StrCat(of, line.bar_is_least ? ">= " : "<= ", Figure(*line.bar), *line.Meets() ? "  met" : "  MISSED");
}

std::string RowText(const std::string& bench, const std::string& what, const std::string& unit, const std::string& ours,
                    const std::string& raw, const std::string& ratio, const std::string& cpu,
                    const std::string& raw_cpu, const std::string& bar) {
  return absl::StrFormat("%-8s %-42s %-11s %8s %8s %6s %7s %7s  %s\n", bench, what, unit, ours, raw, ratio, cpu,
                         raw_cpu, bar);
}

std::string Text(const Line& line) {
  return RowText(line.bench, line.what, line.unit, Figure(line.ours), FigureOr(line.raw), FigureOr(line.ratio),
                 FigureOr(line.cpu_us), FigureOr(line.raw_cpu_us), BarText(line));
}

void Put(JsonValue& json, const char* name, const std::optional<double>& value) {
  if (value.has_value()) json[name] = *value;
}

}  // namespace

std::optional<bool> Line::Meets() const {
  if (!bar.has_value()) return std::nullopt;
  const double value = bar_of == BarOf::kRatio ? ratio.value_or(0) : ours;
  return bar_is_least ? value >= *bar : value <= *bar;
}

Line Compare(const std::string& bench, const std::string& what, const std::string& unit, double count,
             const std::vector<Spent>& ours, const std::vector<Spent>& raw) {
  const auto rates = [count](const std::vector<Spent>& rounds) {
    std::vector<double> values;
    for (const Spent& round : rounds) values.push_back(count / absl::ToDoubleSeconds(round.wall));
    return values;
  };
  const auto cpu = [count](const std::vector<Spent>& rounds) {
    std::vector<double> values;
    for (const Spent& round : rounds) values.push_back(absl::ToDoubleMicroseconds(round.cpu) / count);
    return Median(values);
  };
  Line line;
  line.bench = bench;
  line.what = what;
  line.unit = unit;
  line.ours = Median(rates(ours));
  line.cpu_us = cpu(ours);
  if (raw.empty()) return line;
  std::vector<double> ratios = rates(ours);
  for (size_t i = 0; i < ratios.size(); ++i) ratios[i] /= rates(raw)[i];
  line.raw = Median(rates(raw));
  line.ratio = Median(ratios);
  line.raw_cpu_us = cpu(raw);
  return line;
}

void Report::Add(Line line) {
  std::fputs(Text(line).c_str(), stderr);
  lines_.push_back(std::move(line));
}

std::string Report::Table() const {
  std::string text = RowText("bench", "what", "unit", "ours", "raw", "ratio", "cpu us", "raw cpu", "bar");
  for (const Line& line : lines_) text += Text(line);
  for (const Line& line : lines_) {
    if (!line.note.empty()) absl::StrAppend(&text, "\n", line.bench, ", ", line.what, ": ", line.note);
  }
  return text + "\n";
}

std::string Report::Json() const {
  JsonValue lines = JsonValue::array();
  for (const Line& line : lines_) {
    JsonValue json;
    json["bench"] = line.bench;
    json["what"] = line.what;
    json["unit"] = line.unit;
    json["ours"] = line.ours;
    Put(json, "raw", line.raw);
    Put(json, "ratio", line.ratio);
    Put(json, "cpu_us", line.cpu_us);
    Put(json, "raw_cpu_us", line.raw_cpu_us);
    if (line.bar.has_value()) {
      json["bar"] = {{"of", line.bar_of == Line::BarOf::kRatio ? "ratio" : "ours"},
                     {line.bar_is_least ? "least" : "most", *line.bar},
                     {"met", *line.Meets()}};
    }
    if (!line.note.empty()) json["note"] = line.note;
    lines.push_back(std::move(json));
  }
  return JsonValue{{"lines", std::move(lines)}}.dump(2) + "\n";
}

}  // namespace polku::bench
