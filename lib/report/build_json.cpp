#include "report/build_json.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "report/json_line.hpp"

namespace imip::report {

namespace {

using Json = nlohmann::ordered_json;
using itip::BuildSpec;

tl::unexpected<Error> bad(const std::string& path, const std::string& what, std::string hint = {})
{
  return err(Errc::BadCalendar, cat(path.empty() ? "the input" : path, ": ", what), std::move(hint));
}

std::string below(const std::string& path, const std::string& key)
{
  return path.empty() ? key : cat(path, '.', key);
}

Result<std::string> string_of(const std::string& path, const Json& value)
{
  if (!value.is_string()) return bad(path, "not a string");
  return value.get<std::string>();
}

Result<std::vector<std::string>> strings_of(const std::string& path, const Json& value)
{
  if (!value.is_array()) return bad(path, "not a list");
  std::vector<std::string> out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    IMIP_TRY(std::string each, string_of(cat(path, '[', i, ']'), value[i]));
    out.push_back(std::move(each));
  }
  return out;
}

Result<std::int64_t> number_of(const std::string& path, const Json& value, std::int64_t most)
{
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0 || value.get<std::int64_t>() > most)
    return bad(path, cat("not a whole number from 0 to ", most));
  return value.get<std::int64_t>();
}

// A parameter's value for the form "ADDRESS;PARAM=VALUE".
Result<std::string> quoted(const std::string& path, const std::string& value)
{
  const bool parts = value.find(';') != std::string::npos;
  if (parts && value.find('"') != std::string::npos)
    return bad(path, "has both ';' and '\"', which no parameter can have here");
  return parts ? cat('"', value, '"') : value;
}

struct Parameter {
  std::string_view key, name;
};
constexpr std::array<Parameter, 10> parameters{{{"role", "ROLE"},
                                                {"rsvp", "RSVP"},
                                                {"partstat", "PARTSTAT"},
                                                {"cutype", "CUTYPE"},
                                                {"member", "MEMBER"},
                                                {"delegated_to", "DELEGATED-TO"},
                                                {"delegated_from", "DELEGATED-FROM"},
                                                {"sent_by", "SENT-BY"},
                                                {"language", "LANGUAGE"},
                                                {"cn", "CN"}}};  // last: it may hold anything

// "a@example.com" or {"address": ..., "cn": ...} -> "a@example.com;CN=..."
Result<std::string> party_of(const std::string& path, const Json& value)
{
  if (value.is_string()) {
    if (value.get<std::string>().find(';') != std::string::npos)
      return bad(path, "an address has no parameters", R"(write {"address": "...", "cn": "..."})");
    return value.get<std::string>();
  }
  if (!value.is_object()) return bad(path, "neither an address nor an object with one");
  for (const auto& [key, unused] : value.items()) {
    const auto known = std::any_of(parameters.begin(), parameters.end(),
                                   [&, &name = key](const Parameter& p) { return p.key == name; });
    if (!known && key != "address") return bad(below(path, key), "unknown key");
  }
  if (!value.contains("address")) return bad(below(path, "address"), "is missing");
  IMIP_TRY(std::string out, string_of(below(path, "address"), value["address"]));
  if (out.find(';') != std::string::npos) return bad(below(path, "address"), "not an address");
  for (const Parameter& p : parameters) {
    const std::string key(p.key);
    if (!value.contains(key)) continue;
    const Json& given = value[key];
    if (p.name == "RSVP" && given.is_boolean()) {
      out += cat(";RSVP=", given.get<bool>() ? "TRUE" : "FALSE");
      continue;
    }
    IMIP_TRY(const std::string word, string_of(below(path, key), given));
    IMIP_TRY(const std::string safe, quoted(below(path, key), word));
    out += cat(';', p.name, '=', safe);
  }
  return out;
}

// "START/END;FBTYPE=..." or {"start":, "end" or "duration":, "type":}
Result<std::string> period_of(const std::string& path, const Json& value)
{
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object()) return bad(path, "neither a string nor an object");
  std::array<std::string, 4> parts;
  constexpr std::array<std::string_view, 4> keys{"start", "end", "duration", "type"};
  for (const auto& [key, given] : value.items()) {
    const auto at = std::find(keys.begin(), keys.end(), key);
    if (at == keys.end()) return bad(below(path, key), "unknown key");
    IMIP_TRY(parts[static_cast<std::size_t>(at - keys.begin())], string_of(below(path, key), given));
  }
  if (parts[0].empty()) return bad(below(path, "start"), "is missing");
  if (parts[1].empty() == parts[2].empty()) return bad(path, "either end or duration");
  return cat(parts[0], '/', parts[1], parts[2], parts[3].empty() ? "" : ";FBTYPE=", parts[3]);
}

using Reader = Result<void> (*)(const std::string& path, const Json& value, BuildSpec& spec);

template <std::string BuildSpec::*Member>
Result<void> text(const std::string& path, const Json& value, BuildSpec& spec)
{
  IMIP_TRY(spec.*Member, string_of(path, value));
  return {};
}
template <std::vector<std::string> BuildSpec::*Member>
Result<void> texts(const std::string& path, const Json& value, BuildSpec& spec)
{
  IMIP_TRY(spec.*Member, strings_of(path, value));
  return {};
}
template <std::optional<std::int64_t> BuildSpec::*Member, std::int64_t Most>
Result<void> number(const std::string& path, const Json& value, BuildSpec& spec)
{
  IMIP_TRY(spec.*Member, number_of(path, value, Most));
  return {};
}

Result<void> schema(const std::string& path, const Json& value, BuildSpec&)
{
  if (value == "imip.build-input/1") return {};
  return bad(path, "not imip.build-input/1");
}

Result<void> method(const std::string& path, const Json& value, BuildSpec& spec)
{
  IMIP_TRY(const std::string word, string_of(path, value));
  spec.method = itip::method_from_word(word);
  if (spec.method == itip::Method::None) return bad(path, cat("'", word, "' is no method"));
  return {};
}

Result<void> component(const std::string& path, const Json& value, BuildSpec& spec)
{
  IMIP_TRY(const std::string word, string_of(path, value));
  for (const itip::Kind k :
       {itip::Kind::Event, itip::Kind::Todo, itip::Kind::Journal, itip::Kind::FreeBusy})
    if (text::ascii_iequal(word, itip::kind_word(k))) spec.kind = k;
  if (spec.kind == itip::Kind::None) return bad(path, cat("'", word, "' is no component"));
  return {};
}

Result<void> organizer(const std::string& path, const Json& value, BuildSpec& spec)
{
  IMIP_TRY(spec.organizer, party_of(path, value));
  return {};
}

Result<void> attendees(const std::string& path, const Json& value, BuildSpec& spec)
{
  if (!value.is_array()) return bad(path, "not a list");
  for (std::size_t i = 0; i < value.size(); ++i) {
    IMIP_TRY(std::string each, party_of(cat(path, '[', i, ']'), value[i]));
    spec.attendees.push_back(std::move(each));
  }
  return {};
}

Result<void> freebusy(const std::string& path, const Json& value, BuildSpec& spec)
{
  if (!value.is_array()) return bad(path, "not a list");
  for (std::size_t i = 0; i < value.size(); ++i) {
    IMIP_TRY(std::string each, period_of(cat(path, '[', i, ']'), value[i]));
    spec.freebusy.push_back(std::move(each));
  }
  return {};
}

Result<void> this_and_future(const std::string& path, const Json& value, BuildSpec& spec)
{
  if (!value.is_boolean()) return bad(path, "neither true nor false");
  spec.this_and_future = value.get<bool>();
  return {};
}

struct Key {
  std::string_view name;
  Reader read;
};
constexpr std::array keys{
    Key{"schema", schema},
    Key{"method", method},
    Key{"component", component},
    Key{"uid", text<&BuildSpec::uid>},
    Key{"sequence", number<&BuildSpec::sequence, 2147483647>},
    Key{"organizer", organizer},
    Key{"sent_by", text<&BuildSpec::sent_by>},
    Key{"attendees", attendees},
    Key{"summary", text<&BuildSpec::summary>},
    Key{"location", text<&BuildSpec::location>},
    Key{"description", text<&BuildSpec::description>},
    Key{"comment", text<&BuildSpec::comment>},
    Key{"status", text<&BuildSpec::status>},
    Key{"start", text<&BuildSpec::start>},
    Key{"end", text<&BuildSpec::end>},
    Key{"due", text<&BuildSpec::due>},
    Key{"duration", text<&BuildSpec::duration>},
    Key{"timezone", text<&BuildSpec::timezone>},
    Key{"rrule", text<&BuildSpec::rrule>},
    Key{"exdates", texts<&BuildSpec::exdates>},
    Key{"rdates", texts<&BuildSpec::rdates>},
    Key{"recurrence_id", text<&BuildSpec::recurrence_id>},
    Key{"this_and_future", this_and_future},
    Key{"priority", number<&BuildSpec::priority, 9>},
    Key{"percent_complete", number<&BuildSpec::percent_complete, 100>},
    Key{"completed", text<&BuildSpec::completed>},
    Key{"freebusy", freebusy},
    Key{"request_status", texts<&BuildSpec::request_status>},
};

// The last one would silently win.
class Repeated {
 public:
  bool operator()(int, Json::parse_event_t event, Json& parsed)
  {
    if (event == Json::parse_event_t::object_start) seen_.emplace_back();
    if (event == Json::parse_event_t::key && !seen_.empty() &&
        !seen_.back().insert(parsed.get<std::string>()).second)
      found_ = parsed.get<std::string>();
    if (event == Json::parse_event_t::object_end && !seen_.empty()) seen_.pop_back();
    return true;
  }
  [[nodiscard]] const std::string& found() const { return found_; }

 private:
  std::vector<std::set<std::string>> seen_;
  std::string found_;
};


}  // namespace

Result<itip::BuildSpec> read_build_json(std::string_view octets)
{
  Repeated repeated;
  const Json json = Json::parse(
      octets, [&](int depth, Json::parse_event_t event, Json& parsed) { return repeated(depth, event, parsed); },
      false);
  if (json.is_discarded()) return bad({}, "not JSON");
  if (!json.is_object()) return bad({}, "not a JSON object");
  if (!repeated.found().empty()) return bad(repeated.found(), "is there twice");
  BuildSpec spec;
  for (const auto& [name, value] : json.items()) {
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&, &given = name](const Key& k) { return k.name == given; });
    if (key == keys.end())
      return bad(name, "unknown key", "imip-build(1) lists those that there are");
    IMIP_CHECK(key->read(name, value, spec));
  }
  return spec;
}

std::string build_json(const BuiltMail& mail)
{
  const auto value = [](const ical::Component& c, std::string_view name) -> Json {
    const std::string* v = c.value(name);
    return v != nullptr ? Json(*v) : Json(nullptr);
  };
  const ical::Component* object = &mail.calendar;
  Json occurrences = Json::array();
  bool series = false;
  for (const ical::Component& c : mail.calendar.components) {
    if (c.name == "VTIMEZONE") continue;
    if (object == &mail.calendar) object = &c;
    const ical::Property* id = c.find("RECURRENCE-ID");
    series = series || id == nullptr;
    if (id == nullptr) continue;
    const bool range = id->parameter("RANGE") != nullptr;
    occurrences.push_back({{"recurrence_id", id->value}, {"this_and_future", range}});
  }
  if (series) occurrences = Json::array();  // it is about all of them
  Json json = {{"schema", "imip.build/1"}, {"method", value(mail.calendar, "METHOD")}};
  json["component"] = object->name;
  json["uid"] = object->text("UID");
  const std::string* sequence = object->value("SEQUENCE");
  json["sequence"] = sequence != nullptr ? Json::parse(*sequence, nullptr, false) : Json(nullptr);
  json["occurrences"] = std::move(occurrences);
  json["from"] = mail.from;
  json["to"] = mail.to;
  json["message_id"] = mail.message_id;
  json["changes"] = mail.changes;
  json["stored"] = mail.stored;
  return json_line(json);
}

}  // namespace imip::report
