// Octets to the tree of entities, and to what was signed.
#include <algorithm>
#include <optional>
#include <string>

#include "mime/calendar_part.hpp"
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  const Limits limits;
  const std::string octets(testing::view_of(data, size));
  static_cast<void>(mime::looks_like_calendar(octets));
  const auto message = mime::parse_message(octets, limits);
  if (!message) return 0;
  hold(message->octets() == octets, "the octets stay as they are");
  check_tree(*message);
  if (const auto entities = mime::signed_entities(*message, limits))
    for (const mime::SignedEntity& entity : *entities) check_entity(*message, entity);
  if (const auto parts = mime::calendar_parts(*message, limits))
    for (const mime::CalendarPart& part : *parts)
      hold(part.text.size() <= 3 * limits.calendar_bytes, "a calendar within the limit");
  return 0;
}
