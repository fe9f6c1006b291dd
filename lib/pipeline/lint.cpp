#include "pipeline/lint.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/lint.hpp"
#include "itip/lint.hpp"
#include "itip/message.hpp"
#include "mime/lint.hpp"

namespace imip::pipeline {

namespace {

/// A calendar, however it came.
struct Given {
  std::string_view octets;  ///< UTF-8, or nearly so
  std::string_view text;    ///< as `apply` reads it
  bool line_ends = true;
  itip::Wrapping wrapping;
};

std::string value_of(const ical::SourceComponent& component, std::string_view name)
{
  const ical::SourceProperty* p = component.find(name);
  return p != nullptr ? p->property.value : std::string();
}

void describe(const std::vector<ical::SourceComponent>& calendars, LintedPart& out)
{
  if (calendars.empty()) return;
  out.method = text::ascii_upper(value_of(calendars.front(), "METHOD"));
  for (const ical::SourceComponent& c : calendars.front().components) {
    if (c.name == "VTIMEZONE") continue;
    out.component = c.name;
    out.uid = value_of(c, "UID");
    return;
  }
}

/// What `apply` would say of all messages of the part together: a PUBLISH of several UIDs is one for each. The messages
/// themselves are let go.
itip::Reading read(const Judge& judge, const Given& given)
{
  itip::Reading out;
  auto parsed = ical::parse(given.text, judge.policy().limits);
  if (!parsed) {
    out.refusals.push_back({Code::BadCalendar, parsed.error().what});
    return out;
  }
  const std::string* own = parsed->calendar.value("METHOD");
  const std::string bare = own != nullptr ? *own : std::string();
  for (itip::Reading& one :
       itip::read_messages(*std::move(parsed), given.wrapping.bare ? bare : given.wrapping.method.value_or(""),
                           given.wrapping.component, judge.now())) {
    std::move(one.refusals.begin(), one.refusals.end(), std::back_inserter(out.refusals));
    std::move(one.notices.begin(), one.notices.end(), std::back_inserter(out.notices));
  }
  return out;
}

/// Gives the calendars for what else there is to say of them.
Result<std::vector<ical::SourceComponent>> lint_calendar(const Judge& judge, const Given& given,
                                                         const std::vector<Reason>& refusals, LintedPart& out)
{
  const Limits& limits = judge.policy().limits;
  itip::Reading reading = read(judge, given);  // first: what it makes is gone before the next is made
  IMIP_TRY(auto calendars, ical::read_source(given.octets, given.line_ends, limits, out.departures));
  for (const ical::SourceComponent& calendar : calendars)
    itip::lint_message(calendar, given.wrapping, judge.now(), out.departures);
  describe(calendars, out);
  reading.refusals.insert(reading.refusals.begin(), refusals.begin(), refusals.end());
  itip::settle(out.departures, reading);
  out.refusals = std::move(reading.refusals);
  return calendars;
}

/// ATTACH:cid:... refers to a part of the same mail (RFC 6047 section 4.3, RFC 2392).
void lint_content_ids(const std::vector<ical::SourceComponent>& components, const std::vector<std::string>& known,
                      Departures& out)
{
  for (const ical::SourceComponent& c : components) {
    for (const ical::SourceProperty* p : c.all("ATTACH")) {
      const std::string& value = p->property.value;
      if (!text::ascii_iequal(value.substr(0, 4), "cid:")) continue;
      if (std::find(known.begin(), known.end(), value.substr(4)) == known.end())
        out.add(Rule::ContentIdReference, {p->line, c.name, "ATTACH"},
                cat("no part of the mail has the Content-ID ", value.substr(4, 100)));
    }
    lint_content_ids(c.components, known, out);
  }
}

std::vector<Reason> refusals_of(const mime::CalendarPart& part, const Departures& departures)
{
  std::vector<Reason> out = part.defects;
  for (const Departure& d : departures.all())
    if (d.rule == Rule::InsideReport || d.rule == Rule::AlternativesDiffer) out.push_back({d.effect.code, d.text});
  return out;
}

Result<LintedPart> lint_part(const Judge& judge, const OpenedMessage& opened, const std::vector<mime::LintPart>& all,
                             std::size_t which, const std::vector<std::string>& content_ids)
{
  const Limits& limits = judge.policy().limits;
  const mime::LintPart& part = all[which];
  LintedPart out;
  out.part = cat(opened.prefix, part.part.part);
  mime::lint_part(opened.message, all, which, limits, out.departures);
  Given given;
  given.octets = text::is_utf8(part.octets) ? std::string_view(part.octets) : std::string_view(part.part.text);
  given.text = part.part.text;
  given.line_ends = opened.message.nodes()[part.part.node].encoding == "base64";
  given.wrapping = {false, part.part.method, part.part.component};
  IMIP_TRY(const auto calendars, lint_calendar(judge, given, refusals_of(part.part, out.departures), out));
  lint_content_ids(calendars, content_ids, out.departures);
  return out;
}

}  // namespace

Result<std::vector<LintedPart>> lint(const Judge& judge, std::string octets, const std::string& input)
{
  std::vector<LintedPart> out;
  if (mime::looks_like_calendar(octets)) {
    LintedPart part;
    part.input = input;
    Given given{octets, octets, true, {true, {}, {}}};
    IMIP_CHECK(lint_calendar(judge, given, {}, part));
    out.push_back(std::move(part));
    return out;
  }
  std::vector<OpenedMessage> opened;
  std::optional<Error> unjudged;  // the parts themselves are not wanted
  if (auto judged = judge.examine(std::move(octets), input, nullptr, &opened); !judged)
    unjudged = std::move(judged).error();
  if (unjudged && unjudged->code != Errc::NothingToJudge) return tl::unexpected(*std::move(unjudged));
  for (const OpenedMessage& message : opened) {
    IMIP_TRY(const auto parts, mime::lint_parts(message.message, judge.policy().limits));
    const auto content_ids = mime::content_ids(message.message, judge.policy().limits);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      IMIP_TRY(auto part, lint_part(judge, message, parts, i, content_ids));
      part.input = input;
      out.push_back(std::move(part));
    }
  }
  if (out.empty() && unjudged) return tl::unexpected(*std::move(unjudged));
  return out;
}

}  // namespace imip::pipeline
