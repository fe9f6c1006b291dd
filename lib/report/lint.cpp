#include "report/lint.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/cat.hpp"
#include "report/json_line.hpp"
#include "report/lines.hpp"

namespace imip::report {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array severities{Severity::Must, Severity::Should, Severity::Interop};

std::string joined(const std::vector<std::string>& words, std::string_view between)
{
  std::string out;
  for (const std::string& word : words)
    if (!word.empty()) out += cat(out.empty() ? "" : between, word);
  return out;
}

std::string coloured(Severity severity, const Style& style)
{
  std::string word(severity_word(severity));
  word.resize(7, ' ');
  if (!style.colour) return word;
  const char* sgr = severity == Severity::Must ? "1;31" : severity == Severity::Should ? "1;33" : "36";
  return cat("\x1b[", sgr, 'm', word, "\x1b[0m");
}

/// "2 must, 1 should"
std::string counts(const Departures& departures)
{
  std::vector<std::string> words;
  for (const Severity s : severities)
    if (const std::size_t n = departures.count(s); n > 0) words.push_back(cat(n, ' ', severity_word(s)));
  if (departures.omitted() > 0) words.push_back(cat(departures.omitted(), " more of the same rules"));
  return words.empty() ? "no departures" : joined(words, ", ");
}

std::string place_words(const Place& place)
{
  return joined({place.line > 0 ? cat("line ", place.line) : "",
                 joined({safe(place.component), safe(place.property)}, " ")},
                ", ");
}

std::string effect_words(const Effect& effect)
{
  const bool plain = effect.code == Code::None || effect.code == Code::Tolerated;
  return cat("apply: ", effect_word(effect.kind), plain ? "" : ", ", plain ? "" : code_word(effect.code));
}

std::string line(const Departure& d, const Style& style)
{
  return cat("  ", coloured(d.severity, style), ' ', joined({place_words(d.place), safe(d.text)}, ": "), " [",
             rule_word(d.rule), ", RFC ", d.rfc, " section ", d.section, "; ", effect_words(d.effect), "]\n");
}

Json word_or_null(std::string_view word) { return word.empty() ? Json{} : Json(word); }

Json departure_json(const Departure& d)
{
  return {{"severity", severity_word(d.severity)},
          {"rule", rule_word(d.rule)},
          {"rfc", d.rfc},
          {"section", d.section},
          {"line", d.place.line > 0 ? Json(d.place.line) : Json{}},
          {"component", word_or_null(d.place.component)},
          {"property", word_or_null(d.place.property)},
          {"text", d.text},
          {"apply", effect_word(d.effect.kind)},
          {"code", d.effect.kind == Effect::Kind::Ignored ? Json{} : Json(code_word(d.effect.code))}};
}

}  // namespace

std::string lint_text(const pipeline::LintedPart& part, const Style& style)
{
  const std::string where = joined({safe(part.input), part.part.empty() ? "" : cat("part ", safe(part.part))}, " ");
  const std::string what = joined({safe(part.method.substr(0, 40)), safe(part.component.substr(0, 40))}, " ");
  std::string out = cat(joined({where, what, counts(part.departures)}, ": "), '\n');
  for (const Severity s : severities)
    for (const Departure& d : part.departures.all())
      if (d.severity == s) out += line(d, style);
  for (const Reason& reason : part.refusals)
    out += cat("  apply refuses it: ", code_word(reason.code), ": ", safe(reason.text), '\n');
  return out;
}

std::string lint_json(const pipeline::LintedPart& part)
{
  Json json = {{"schema", "imip.lint/1"},
               {"input", part.input},
               {"part", word_or_null(part.part)},
               {"verdict", part.departures.all().empty() ? "clean" : "departs"},
               {"method", word_or_null(part.method)},
               {"component", word_or_null(part.component)},
               {"uid", word_or_null(part.uid)}};
  for (const Severity s : severities) json[std::string(severity_word(s))] = part.departures.count(s);
  json["omitted"] = part.departures.omitted();
  Json list = Json::array();
  for (const Departure& d : part.departures.all()) list.push_back(departure_json(d));
  json["departures"] = std::move(list);
  Json reasons = Json::array();
  for (const Reason& reason : part.refusals)
    reasons.push_back({{"code", code_word(reason.code)}, {"text", reason.text}});
  json["refusals"] = std::move(reasons);
  return json_line(json);
}

std::string no_lint_json(const std::string& input, const Error& error)
{
  return json_line({{"schema", "imip.lint/1"},
                 {"input", input},
                 {"verdict", error.code == Errc::NothingToJudge ? "none" : "error"},
                 {"error", error.what},
                 {"hint", word_or_null(error.hint)}});
}

}  // namespace imip::report
