#include "ical/object.hpp"

#include <algorithm>

namespace imip::ical {

namespace {

template <typename Properties>
auto find_named(Properties& properties, std::string_view name)
{
  return std::find_if(properties.begin(), properties.end(),
                      [&](const auto& p) { return p.name == name; });
}

std::string unescape(std::string_view raw)
{
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 == raw.size()) {
      out += raw[i];
      continue;
    }
    const char next = raw[++i];
    if (next == 'n' || next == 'N') {
      out += '\n';
    } else if (next == '\\' || next == ';' || next == ',') {
      out += next;
    } else {  // no escape of RFC 5545: keep what was written
      out += '\\';
      out += next;
    }
  }
  return out;
}

}  // namespace

const std::string* Property::parameter(std::string_view upper_name) const
{
  const auto it = find_named(parameters, upper_name);
  return it == parameters.end() || it->values.empty() ? nullptr : &it->values.front();
}

void Property::set_parameter(std::string_view upper_name, std::string v)
{
  std::vector<std::string> values;
  values.push_back(std::move(v));
  const auto it = find_named(parameters, upper_name);
  if (it != parameters.end()) {
    it->values = std::move(values);
  } else {
    parameters.push_back(Parameter{std::string(upper_name), std::move(values)});
  }
}

void Property::remove_parameter(std::string_view upper_name)
{
  std::erase_if(parameters, [&](const Parameter& p) { return p.name == upper_name; });
}

std::string Property::text() const
{
  return unescape(value);
}

const Property* Component::find(std::string_view wanted) const
{
  const auto it = find_named(properties, wanted);
  return it == properties.end() ? nullptr : &*it;
}

Property* Component::find(std::string_view wanted)
{
  const auto it = find_named(properties, wanted);
  return it == properties.end() ? nullptr : &*it;
}

std::vector<const Property*> Component::all(std::string_view wanted) const
{
  std::vector<const Property*> out;
  for (const Property& p : properties) {
    if (p.name == wanted) out.push_back(&p);
  }
  return out;
}

std::size_t Component::count(std::string_view wanted) const
{
  return static_cast<std::size_t>(std::count_if(
      properties.begin(), properties.end(), [&](const Property& p) { return p.name == wanted; }));
}

const std::string* Component::value(std::string_view wanted) const
{
  const Property* p = find(wanted);
  return p ? &p->value : nullptr;
}

std::string Component::text(std::string_view wanted) const
{
  const Property* p = find(wanted);
  return p ? p->text() : std::string();
}

void Component::set(Property property)
{
  const auto first = find_named(properties, property.name);
  if (first == properties.end()) {
    properties.push_back(std::move(property));
    return;
  }
  const std::string wanted = property.name;
  *first = std::move(property);
  properties.erase(std::remove_if(first + 1, properties.end(),
                                  [&](const Property& p) { return p.name == wanted; }),
                   properties.end());
}

void Component::remove(std::string_view wanted)
{
  // `wanted` may be a view of a name that is about to go
  const std::string name_copy(wanted);
  std::erase_if(properties, [&](const Property& p) { return p.name == name_copy; });
}

std::string escape_text(std::string_view plain)
{
  std::string out;
  out.reserve(plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    const auto octet = static_cast<unsigned char>(c);
    if (c == '\r' && i + 1 < plain.size() && plain[i + 1] == '\n') continue;
    if (c == '\n' || c == '\r') {
      out += "\\n";
    } else if (c == '\\' || c == ';' || c == ',') {
      out += '\\';
      out += c;
    } else if ((octet >= 0x20 && octet != 0x7F) || c == '\t') {
      out += c;
    }  // other controls have no form in TEXT (RFC 5545 section 3.3.11)
  }
  return out;
}

Property text_property(std::string_view name, std::string_view plain)
{
  return Property{std::string(name), {}, escape_text(plain)};
}

}  // namespace imip::ical
