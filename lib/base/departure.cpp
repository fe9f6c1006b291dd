#include "base/departure.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace imip {

namespace {

struct RuleInfo {
  std::string_view word;
  Severity severity;
  int rfc;
  std::string_view section;
};

constexpr RuleInfo rules[] = {
#define IMIP_X(name, word, severity, rfc, section) {word, Severity::severity, rfc, section},
    IMIP_RULES(IMIP_X)
#undef IMIP_X
};

const RuleInfo& info(Rule rule)
{
  return rules[static_cast<std::size_t>(rule)];
}

/// Cuts what is longer than `most` octets, between characters.
void shorten(std::string& s, std::size_t most)
{
  constexpr std::string_view dots = "...";
  if (s.size() <= most) return;
  std::size_t end = most - dots.size();
  while (end > 0 && (static_cast<unsigned char>(s[end]) & 0xC0U) == 0x80U) --end;
  s.resize(end);
  s += dots;
}

}  // namespace

std::string_view severity_word(Severity s)
{
  switch (s) {
    case Severity::Must:
      return "must";
    case Severity::Should:
      return "should";
    case Severity::Interop:
      break;
  }
  return "interop";
}

Severity raised(Severity s)
{
  return s == Severity::Interop ? Severity::Should : Severity::Must;
}

std::string_view rule_word(Rule rule)
{
  return info(rule).word;
}

const std::vector<std::string_view>& all_rule_words()
{
  static const std::vector<std::string_view> words = [] {
    std::vector<std::string_view> out;
    for (const RuleInfo& rule : rules) out.push_back(rule.word);
    return out;
  }();
  return words;
}

std::string_view effect_word(Effect::Kind kind)
{
  switch (kind) {
    case Effect::Kind::Refused:
      return "refused";
    case Effect::Kind::Tolerated:
      return "tolerated";
    case Effect::Kind::Ignored:
      break;
  }
  return "ignored";
}

void Departures::add(Rule rule, Place place, std::string text, Effect effect, Law law)
{
  shorten(place.component, most_name);
  shorten(place.property, most_name);
  shorten(text, most_text);
  const RuleInfo& known = info(rule);
  const int rfc = law.rfc != 0 ? law.rfc : known.rfc;
  counts_.resize(std::size(rules));
  std::size_t& count = counts_[static_cast<std::size_t>(rule)];
  if (count == most) {
    ++omitted_;
    return;
  }
  const auto same = [&](const Departure& d) {
    return d.rule == rule && d.rfc != rfc && d.place.line == place.line &&
           d.place.component == place.component && d.place.property == place.property;
  };
  if (std::any_of(all_.begin(), all_.end(), same)) return;
  ++count;
  all_.push_back(Departure{rule, known.severity, rfc,
                           std::string(law.section.empty() ? known.section : law.section),
                           std::move(place), std::move(text), effect});
}

std::size_t Departures::count(Severity severity) const
{
  return static_cast<std::size_t>(std::count_if(all_.begin(), all_.end(),
                                                [&](const Departure& d) { return d.severity == severity; }));
}

void Departures::raise()
{
  for (Departure& d : all_) d.severity = raised(d.severity);
}

}  // namespace imip
