#include <algorithm>

#include "ical/object.hpp"

namespace imip::ical {

namespace {

constexpr std::size_t line_octets = 75;  // RFC 5545 section 3.1, without the line break

bool is_control(char c)
{
  const auto octet = static_cast<unsigned char>(c);
  return (octet < 0x20 && c != '\t') || octet == 0x7F;
}

/// Controls cannot stand in a content line, and a line break would begin another one.
void append_clean(std::string& out, std::string_view s)
{
  while (!s.empty()) {  // by runs: mostly there is one
    const auto control = std::find_if(s.begin(), s.end(), is_control);
    const auto clean = static_cast<std::size_t>(control - s.begin());
    out += s.substr(0, clean);
    s.remove_prefix(std::min(clean + 1, s.size()));
  }
}

/// RFC 6868 and the quotes of RFC 5545 section 3.2.
void append_parameter_value(std::string& out, std::string_view value)
{
  const bool quoted = value.find_first_of(":;,") != std::string_view::npos;
  if (quoted) out += '"';
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '^') {
      out += "^^";
    } else if (c == '"') {
      out += "^'";
    } else if (c == '\n') {
      out += "^n";
    } else if (!is_control(c)) {
      out += c;
    }
  }
  if (quoted) out += '"';
}

void append_line(std::string& line, const Property& property)
{
  append_clean(line, property.name);
  for (const Parameter& parameter : property.parameters) {
    line += ';';
    append_clean(line, parameter.name);
    line += '=';
    bool first = true;
    for (const std::string& value : parameter.values) {
      if (!first) line += ',';
      first = false;
      append_parameter_value(line, value);
    }
  }
  line += ':';
  append_clean(line, property.value);
}

void append_component(std::string& out, const Component& component, std::string& line)
{
  line = "BEGIN:";
  append_clean(line, component.name);
  append_folded(out, line);
  for (const Property& property : component.properties) {
    line.clear();
    append_line(line, property);
    append_folded(out, line);
  }
  for (const Component& child : component.components) append_component(out, child, line);
  line = "END:";
  append_clean(line, component.name);
  append_folded(out, line);
}

}  // namespace

void append_folded(std::string& out, std::string_view line)
{
  std::size_t room = line_octets;
  while (line.size() > room) {
    std::size_t cut = room;
    // back to the first octet of a character; 4 steps suffice in UTF-8
    for (int steps = 0; steps < 4 && (static_cast<unsigned char>(line[cut]) & 0xC0U) == 0x80U;
         ++steps) {
      --cut;
    }
    out += line.substr(0, cut);
    out += "\r\n ";
    line.remove_prefix(cut);
    room = line_octets - 1;
  }
  out += line;
  out += "\r\n";
}

std::string content_line(const Property& property)
{
  std::string line;
  append_line(line, property);
  return line;
}

std::string serialise(const Component& calendar)
{
  std::string out;
  std::string line;
  append_component(out, calendar, line);
  return out;
}

}  // namespace imip::ical
