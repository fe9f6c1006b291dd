// Octets to the tree of entities, and to what was signed.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mime/calendar_part.hpp"
#include "mime/compose.hpp"
#include "mime/message.hpp"
#include "mime/signed_entity.hpp"
#include "testing/fuzz.hpp"

namespace {

using namespace imip;
using testing::hold;

bool within(const Slice& inner, const Slice& outer)
{
  return inner.offset >= outer.offset && inner.end() <= outer.end();
}

void check_tree(const mime::Message& message)
{
  const auto& nodes = message.nodes();
  hold(!nodes.empty(), "there is a root");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const mime::Node& node = nodes[i];
    hold(within(node.whole, {0, message.octets().size()}), "a part lies within the message");
    hold(within(node.body, node.whole), "a body lies within its part");
    hold((i == 0) == (node.parent == mime::no_node), "only the root has no parent");
    if (i > 0) {
      hold(node.parent < i, "parents come first");
      hold(within(node.whole, nodes[node.parent].body), "a part lies within its parent's body");
    }
    std::size_t end = node.body.offset;
    for (const std::size_t child : node.children) {
      hold(child > i && child < nodes.size() && nodes[child].parent == i, "children know their parent");
      hold(nodes[child].whole.offset >= end, "children do not overlap");
      end = nodes[child].whole.end();
    }
  }
}

// The first part of a multipart as RFC 2046 section 5.1 cuts it, line ends made CRLF, found without
// anything of lib/mime.
std::optional<std::string> first_part(std::string_view body, const std::string& boundary)
{
  std::string out;
  std::optional<std::string> pending;  // the line end before a delimiter is the delimiter's
  bool inside = false;
  while (!body.empty()) {
    const auto lf = body.find('\n');
    std::string_view line = body.substr(0, lf);
    body.remove_prefix(lf == std::string_view::npos ? body.size() : lf + 1);
    const bool ended = lf != std::string_view::npos;
    if (ended && line.ends_with('\r')) line.remove_suffix(1);
    std::string_view rest = line;
    bool delimiter = rest.starts_with("--") && rest.substr(2).starts_with(boundary);
    if (delimiter) {
      rest.remove_prefix(2 + boundary.size());
      if (rest.starts_with("--")) rest.remove_prefix(2);
      delimiter = rest.find_first_not_of(" \t") == std::string_view::npos;
    }
    if (delimiter && inside) return out;
    if (delimiter) {
      inside = true;
      continue;
    }
    if (!inside) continue;
    if (pending) out += *pending;
    out += line;
    pending = ended ? std::optional<std::string>("\r\n") : std::nullopt;
  }
  return std::nullopt;
}

void check_entity(const mime::Message& message, const mime::SignedEntity& entity)
{
  const auto& nodes = message.nodes();
  hold(entity.node < nodes.size() && entity.protection != mime::Protection::None, "it is a part");
  const bool detached = entity.protection == mime::Protection::SmimeDetached ||
                        entity.protection == mime::Protection::OpenPgpDetached;
  if (!detached || !entity.defects.empty()) return;
  const mime::Node& node = nodes[entity.node];
  hold(node.children.size() == 2, "two parts");
  hold(node.parameter("boundary") != nullptr, "a boundary");
  const auto again = first_part(node.body.of(message.octets()), *node.parameter("boundary"));
  const std::string octets = signed_octets(message, entity);
  hold(again && *again == octets, "the signed octets are found again");
  for (std::size_t at = octets.find('\n'); at != std::string::npos; at = octets.find('\n', at + 1))
    hold(at > 0 && octets[at - 1] == '\r', "every line end is CRLF");
  hold(covers(message, entity, node.children[0]) && !covers(message, entity, node.children[1]),
       "the first part is covered, the second is not");
}

void check_calendar(const mime::Message& message, const mime::CalendarPart& part, const Limits& limits)
{
  const auto& nodes = message.nodes();
  hold(part.node < nodes.size() && nodes[part.node].children.empty(), "a calendar is a leaf");
  hold(nodes[part.node].part == part.part, "it has its node's number");
  hold(part.text.size() <= 3 * limits.calendar_bytes, "a calendar within the limit");
  for (std::size_t at = part.node; at != mime::no_node; at = nodes[at].parent)
    hold(part.defects.size() >= nodes[at].defects.size(), "defects around it are its own");
  const bool alternative = part.place.alternative != mime::no_node;
  hold(!alternative || nodes[part.place.alternative].media_type == "multipart/alternative",
       "it stands in an alternative");
}

struct Found {
  std::vector<mime::SignedEntity> entities;
  std::vector<mime::CalendarPart> calendars;
};

std::optional<Found> examine(const mime::Message& message, const Limits& limits)
{
  auto entities = mime::signed_entities(message, limits);
  auto calendars = mime::calendar_parts(message, limits);
  if (!entities || !calendars) return {};
  return Found{*std::move(entities), *std::move(calendars)};
}

// Without its CRs; nothing where one stands alone.
std::optional<std::string> to_lf(std::string_view octets)
{
  std::string out;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (octets[i] != '\r')
      out += octets[i];
    else if (octets.substr(i, 2) != "\r\n")
      return {};
  }
  return out;
}

// With LF or CRLF it is the same mail: the same octets are signed, the same calendars in it.
void check_line_ends(const mime::Message& message, const Found& found, std::string octets,
                     const Limits& limits)
{
  if (message.octets() == octets) return;
  const auto other = mime::parse_message(std::move(octets), limits);
  hold(other.has_value(), "it parses with other line ends");
  hold(other->nodes().size() == message.nodes().size(), "it has the same parts with other line ends");
  const auto again = examine(*other, limits);
  hold(again && again->entities.size() == found.entities.size() &&
           again->calendars.size() == found.calendars.size(),
       "the same is signed with other line ends");
  for (std::size_t i = 0; i < found.entities.size(); ++i) {
    const mime::SignedEntity& a = found.entities[i];
    const mime::SignedEntity& b = again->entities[i];
    hold(a.node == b.node && a.protection == b.protection &&
             a.defects.empty() == b.defects.empty(),
         "the same entity with other line ends");
    hold(signed_octets(message, a) == signed_octets(*other, b), "the same octets with other line ends");
  }
  for (std::size_t i = 0; i < found.calendars.size(); ++i) {
    const mime::CalendarPart& a = found.calendars[i];
    const mime::CalendarPart& b = again->calendars[i];
    hold(a.node == b.node && a.method == b.method && a.defects.empty() == b.defects.empty() &&
             mime::to_crlf(a.text) == mime::to_crlf(b.text),
         "the same calendar with other line ends");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  const Limits limits;
  const std::string octets(testing::view_of(data, size));
  static_cast<void>(mime::looks_like_calendar(octets));
  const auto message = mime::parse_message(octets, limits);
  if (!message) {
    hold(!message.error().what.empty(), "every error has a sentence");
    return 0;
  }
  hold(message->octets() == octets, "the octets stay as they are");
  check_tree(*message);
  const auto found = examine(*message, limits);
  if (!found) return 0;
  for (const mime::SignedEntity& entity : found->entities) check_entity(*message, entity);
  for (const mime::CalendarPart& part : found->calendars) check_calendar(*message, part, limits);
  check_line_ends(*message, *found, mime::to_crlf(octets), limits);
  if (auto lf = to_lf(octets)) check_line_ends(*message, *found, *std::move(lf), limits);
  return 0;
}
