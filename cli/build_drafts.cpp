// What `imip build` tells: flags, FILE or two versions -> messages, before they are mails.
#include "cli/build_drafts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/cat.hpp"
#include "cli/build_text.hpp"
#include "itip/build.hpp"
#include "itip/compare.hpp"
#include "report/build_json.hpp"

namespace imip::cli {

namespace {

// ---- what goes in -----------------------------------------------------------------------------

std::string input_name(const std::string& file)
{
  return file == "-" ? "standard input" : file;
}

// An error about the file's content says which file.
tl::unexpected<Error> about_file(const std::string& file, Error error)
{
  if (error.code == Errc::BadCalendar) error.what = cat(input_name(file), ": ", error.what);
  return tl::unexpected<Error>(std::move(error));
}

Result<ical::Component> calendar_in(const std::string& file, const std::string& octets,
                                    const Limits& limits)
{
  const std::string name = input_name(file);
  auto parsed = ical::parse(octets, limits);
  if (!parsed) {
    Error e = parsed.error();
    return err(e.code, cat(name, ": ", e.what), e.hint);
  }
  for (const ical::ParseFinding& f : parsed->findings)
    if (f.fatal)
      return err(Errc::BadCalendar, cat(name, ": ", f.component, f.component.empty() ? "" : " ",
                                        f.property, f.property.empty() ? "" : ": ", f.text));
  return std::move(parsed->calendar);
}

Result<ical::Component> read_base(const std::string& file, const Limits& limits)
{
  IMIP_TRY(const std::string octets, read_input(file, limits));
  return calendar_in(file, octets, limits);
}

// ---- JSON -------------------------------------------------------------------------------------

// What the flags say goes before what the JSON says.
void lay_flags_over(const itip::BuildSpec& flags, itip::BuildSpec& spec)
{
  using S = itip::BuildSpec;
  for (const auto member : {&S::organizer, &S::sent_by, &S::summary, &S::location, &S::description,
                            &S::start, &S::end, &S::due, &S::duration, &S::timezone, &S::rrule,
                            &S::uid, &S::recurrence_id, &S::status, &S::comment, &S::completed})
    if (!(flags.*member).empty()) spec.*member = flags.*member;
  for (const auto member :
       {&S::attendees, &S::exdates, &S::rdates, &S::freebusy, &S::request_status})
    if (!(flags.*member).empty()) spec.*member = flags.*member;
  for (const auto member : {&S::sequence, &S::priority, &S::percent_complete})
    if (flags.*member) spec.*member = flags.*member;
  if (flags.method != itip::Method::None) spec.method = flags.method;
  if (flags.kind != itip::Kind::None) spec.kind = flags.kind;
  spec.this_and_future = spec.this_and_future || flags.this_and_future;
  spec.attach_cids = flags.attach_cids;
}

struct Input {
  itip::BuildSpec spec;
  std::optional<ical::Component> base;
  bool json = false;
};

Result<Input> read_object(const BuildOptions& options, const itip::BuildSpec& flags,
                          const Limits& limits)
{
  Input out{flags, {}, false};
  if (!options.file.empty()) {
    IMIP_TRY(const std::string octets, read_input(options.file, limits));
    const std::size_t first = octets.find_first_not_of(" \t\r\n");
    out.json = first != std::string::npos && octets[first] == '{';
    if (out.json) {
      auto spec = report::read_build_json(octets);
      if (!spec) return about_file(options.file, spec.error());
      lay_flags_over(flags, *spec);
      out.spec = *std::move(spec);
    } else {
      IMIP_TRY(out.base, calendar_in(options.file, octets, limits));
    }
  }
  if (out.spec.method == itip::Method::None)
    return err(
        out.json ? Errc::BadCalendar : Errc::Usage,
        out.json ? cat(input_name(options.file), ": method: is missing") : "METHOD is missing",
        "request, publish, reply, ...");
  return out;
}

// ---- what is told -----------------------------------------------------------------------------

// A range as peers without RANGE understand it: the whole series.
Result<ical::Component> expanded(const itip::BuildSpec& spec, const ical::Component& base,
                                 const ical::Component& message, const Limits& limits,
                                 UtcSeconds now)
{
  const ical::Component& object = first_object(message);
  itip::BuildSpec series;
  series.method = itip::Method::Request;
  series.comment = spec.comment;
  const ical::Property* id = object.find("RECURRENCE-ID");
  if (spec.method == itip::Method::Cancel) {
    const ical::Zones zones(message);
    IMIP_TRY(const ical::Time at, zones.time_of(*id));
    IMIP_TRY(const ical::Component shorter, itip::ended_before(base, at));
    series.sequence = std::stoll(*object.value("SEQUENCE"));
    return itip::build_object(series, &shorter, now);
  }
  const bool ranged = id != nullptr && id->parameter("RANGE") != nullptr;
  if (id != nullptr && !ranged) return message;
  ical::Component with = ranged ? base : message;
  if (ranged) {
    std::erase_if(with.components, [&](const ical::Component& c) {
      const ical::Property* other = c.find("RECURRENCE-ID");
      return other != nullptr && other->parameter("RANGE") != nullptr && other->value == id->value;
    });
    with.components.push_back(object);
  }
  IMIP_TRY(const ical::Component listed, itip::without_ranges(with, limits));
  return itip::build_object(series, &listed, now);
}

Draft draft_of(itip::ChangeMessage message)
{
  return {std::move(message.calendar), {}, std::move(message.to), std::move(message.changes)};
}

// Where a part was told with a higher SEQUENCE than it had, so that it outlives a CANCEL around it.
void take_sequences(const ical::Component& told, ical::Component& own)
{
  const auto same = [](const ical::Component& a, const ical::Component& b) {
    const ical::Property* x = a.find("RECURRENCE-ID");
    const ical::Property* y = b.find("RECURRENCE-ID");
    return a.name == b.name && (x == nullptr) == (y == nullptr) && (x == nullptr || *x == *y);
  };
  if (*told.value("METHOD") != "REQUEST") return;
  for (ical::Component& c : own.components)
    for (const ical::Component& said : told.components)
      if (const ical::Property* sequence = said.find("SEQUENCE");
          sequence != nullptr && same(c, said))
        c.set(*sequence);
}

Result<Draft> draft_of_answer(const itip::BuildSpec& spec, const ical::Component* base,
                              ical::Component calendar)
{
  Draft out;
  IMIP_TRY(out.organizer, itip::organizer_of(spec, base));
  out.to = itip::recipients(calendar);
  if (out.to.empty() && !itip::is_organizer_method(spec.method)) {
    IMIP_TRY(const CalAddress address, CalAddress::parse(out.organizer.value));
    out.to.push_back(itip::Party{address, {}, out.organizer});
  }
  out.calendar = std::move(calendar);
  return out;
}

void notice_left_out(const itip::LeftOut& left, Context& context)
{
  for (const std::string& id : left.which)
    notice(context, cat("what is said of the repetition of ", id,
                        " goes along no more: the series does not have it"));
}

// One message; of what people are invited to parts of, one for all who are invited to the same
// ones.
Result<Telling> told_of_object(const BuildOptions& options, const itip::BuildSpec& spec,
                               const ical::Component* base, const Limits& limits, Context& context)
{
  Telling out;
  const UtcSeconds now = context.now;
  IMIP_TRY(ical::Component calendar, itip::build_object(spec, base, now));
  const bool ranged = spec.method == itip::Method::Request ||
                      (spec.method == itip::Method::Cancel && spec.this_and_future);
  itip::LeftOut left;
  if (base != nullptr &&
      (spec.method == itip::Method::Request || spec.method == itip::Method::Publish) &&
      spec.recurrence_id.empty()) {
    IMIP_TRY(left, itip::left_out(*base, calendar, spec.comment, context.now, limits));
    notice_left_out(left, context);
    if (spec.method == itip::Method::Publish || !options.to.empty()) left.messages.clear();
  }
  if (options.expand_range && ranged) {
    if (base == nullptr)
      return err(Errc::Usage, "--expand-range needs the series", "give its .ics");
    IMIP_TRY(calendar, expanded(spec, *base, calendar, limits, now));
  }
  if (*calendar.value("METHOD") == "REQUEST" && options.to.empty()) {
    IMIP_TRY(auto messages, itip::invitations(calendar, spec.comment, now, limits));
    for (itip::ChangeMessage& m : messages) out.drafts.push_back(draft_of(std::move(m)));
    out.told_by_own = out.drafts.size();
    if (out.drafts.size() > 1) {
      for (const Draft& draft : out.drafts) take_sequences(draft.calendar, calendar);
      out.own = std::move(calendar);
    }
    for (itip::ChangeMessage& m : left.messages) out.drafts.push_back(draft_of(std::move(m)));
    return out;
  }
  IMIP_TRY(Draft draft, draft_of_answer(spec, base, std::move(calendar)));
  out.drafts.push_back(std::move(draft));
  return out;
}

Result<ical::Component> listed_in(const ical::Component& calendar, const std::string& file,
                                  const Limits& limits)
{
  auto listed = itip::without_ranges(calendar, limits);
  if (!listed) return about_file(file, listed.error());
  return listed;
}

// Who is shown no other attendee learns nothing where only others changed.
Result<void> keep_who_learns(const ical::Component& before, const ical::Component& after,
                             const itip::CompareOptions& compare, UtcSeconds now,
                             const Limits& limits, Draft& draft)
{
  std::vector<itip::Party> told;
  for (itip::Party& who : draft.to) {
    IMIP_TRY(auto changes, itip::changes_for(who, before, after, compare, now, limits));
    if (!changes) continue;
    draft.changes_for_each.push_back(*std::move(changes));
    told.push_back(std::move(who));
  }
  draft.to = std::move(told);
  return {};
}

// The same for one of those who get it, without the other attendees.
Draft only_for(const itip::Party& one, const Draft& draft)
{
  Draft out = draft;
  out.to = {one};
  std::erase_if(out.calendar.components, [&](ical::Component& c) {
    if (c.name == "VTIMEZONE") return false;
    const ical::Property* organizer = c.find("ORGANIZER");
    const auto boss = CalAddress::parse(organizer != nullptr ? organizer->value : "");
    bool listed = false;
    std::erase_if(c.properties, [&](const ical::Property& p) {
      if (p.name != "ATTENDEE") return false;
      const auto address = CalAddress::parse(p.value);
      const bool is_one = address && same_user(*address, one.address);
      listed = listed || is_one;
      return !is_one && !(address && boss && same_user(*address, *boss));
    });
    return !listed;
  });
  return out;
}

}  // namespace

Result<Telling> drafts_of_object(const BuildOptions& options, const itip::BuildSpec& flags,
                                 const Limits& limits, Context& context)
{
  IMIP_TRY(const Input input, read_object(options, flags, limits));
  const ical::Component* base = input.base ? &*input.base : nullptr;
  itip::GuestCancels guests{{}, input.spec};
  if (base != nullptr && options.to.empty()) {
    auto found = itip::cancel_guests(input.spec, *base, context.now, limits);
    if (!found) return about_file(options.file, found.error());
    guests = *std::move(found);
  }
  Telling out;
  if (guests.rest) {
    auto made = told_of_object(options, *guests.rest, base, limits, context);
    if (!made && input.json && made.error().code == Errc::BadValue)
      made.error().code = Errc::BadCalendar;
    if (!made) return about_file(options.file, made.error());
    out = *std::move(made);
  }
  for (itip::ChangeMessage& m : guests.messages) out.drafts.push_back(draft_of(std::move(m)));
  const itip::Method method = input.spec.method;
  const bool raises = method == itip::Method::Cancel || method == itip::Method::Add;
  if (base == nullptr && raises && !input.spec.sequence)
    notice(context, cat("the ", itip::method_word(method), " has SEQUENCE 1"),
           "--sequence N, if the event's own is greater than 0");
  return out;
}

Result<Telling> drafts_of_change(const BuildOptions& options, const Limits& limits,
                                 Context& context)
{
  IMIP_TRY(ical::Component before, read_base(options.previous, limits));
  IMIP_TRY(ical::Component after, read_base(options.file, limits));
  itip::CompareOptions compare;
  compare.use_range = !options.expand_range;
  compare.comment = options.spec.comment;
  compare.before_name = input_name(options.previous);
  compare.after_name = input_name(options.file);
  if (options.expand_range) {
    IMIP_TRY(before, listed_in(before, options.previous, limits));
    IMIP_TRY(after, listed_in(after, options.file, limits));
  }
  IMIP_TRY(auto messages, itip::compare(before, after, compare, context.now, limits));
  IMIP_TRY(const itip::LeftOut left, itip::left_out(after, after, {}, context.now, limits));
  notice_left_out(left, context);
  Telling out;
  bool tells = false;
  for (itip::ChangeMessage& m : messages) {
    const bool request = m.method == itip::Method::Request;
    Draft draft = draft_of(std::move(m));
    if (options.each && request) {
      IMIP_CHECK(keep_who_learns(before, after, compare, context.now, limits, draft));
    }
    tells = tells || !request || !draft.to.empty();
    out.drafts.push_back(std::move(draft));
  }
  if (!tells) notice(context, "nothing changed that others may see: there is nothing to send");
  return out;
}

Result<std::vector<Draft>> one_each(const BuildOptions& options, const std::vector<Draft>& drafts)
{
  if (!options.to.empty())
    return err(Errc::Usage, "--each writes to the attendees: it does not go with --to");
  std::vector<Draft> out;
  for (const Draft& draft : drafts) {
    const std::string* method = draft.calendar.value("METHOD");
    if (method == nullptr || !itip::is_organizer_method(itip::method_from_word(*method)))
      return err(Errc::Usage, "--each is for what goes to attendees");
    for (std::size_t i = 0; i < draft.to.size(); ++i) {
      out.push_back(only_for(draft.to[i], draft));
      if (i < draft.changes_for_each.size()) out.back().changes = draft.changes_for_each[i];
    }
  }
  return out;
}

}  // namespace imip::cli
