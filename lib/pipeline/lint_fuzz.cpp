// A message to what is wrong with it. Nobody's key is asked for.
#include <algorithm>
#include <string>

#include "pipeline/lint.hpp"
#include "testing/fuzz.hpp"

namespace {

using namespace imip;
using testing::hold;

const pipeline::Judge& judge()
{
  static const auto made = [] {
    const UtcSeconds now{std::chrono::sys_days{std::chrono::year{2027} / 1 / 4}};
    return pipeline::Judge::create(policy::Policy{}, now, now, {});
  }();
  hold(made.has_value(), "an empty policy is one");
  return *made;
}

void check(const pipeline::LintedPart& part, std::size_t lines)
{
  hold(part.departures.all().size() <= Departures::most * all_rule_words().size(), "a bounded number");
  for (const Departure& d : part.departures.all()) {
    hold(!d.text.empty() && !d.section.empty() && d.rfc != 0, "a sentence and a section");
    hold(d.text.size() < 1000, "a short one");
    hold(d.place.line <= lines, "a line that is there");
    const bool code = d.effect.code != Code::None;
    hold(code == (d.effect.kind != Effect::Kind::Ignored), "a code unless it is ignored");
    if (d.effect.kind == Effect::Kind::Refused)
      hold(std::any_of(part.refusals.begin(), part.refusals.end(),
                       [&](const Reason& r) { return r.code == d.effect.code; }),
           "refused only if apply refuses it");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  const std::string octets(testing::view_of(data, size));
  const auto parts = pipeline::lint(judge(), octets, "-");
  if (!parts) {
    hold(!parts.error().what.empty(), "every error has a sentence");
    return 0;
  }
  hold(!parts->empty(), "without parts it is an error");
  // what is encoded or compressed has more lines than octets
  for (const pipeline::LintedPart& part : *parts) check(part, part.part.empty() ? size : Limits{}.decoded_bytes);
  return 0;
}
