/// @file A libFuzzer mutator for DER: changes elements as such, so that the lengths around them stay
/// right. Blind changes seldom get past the first length that they break.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace imip::testing::der {

struct Element {
  std::string tag;                ///< identifier octets
  std::string content;            ///< of a primitive one, and what follows the children
  std::vector<Element> children;  ///< also of an OCTET or BIT STRING that holds DER
};

/// Takes one element from the front of `rest`. Indefinite lengths are none of DER.
inline std::optional<Element> read(std::string_view& rest, int depth);

inline std::vector<Element> read_all(std::string_view content, int depth)
{
  std::vector<Element> out;
  while (!content.empty()) {
    auto element = read(content, depth);
    if (!element) return {};
    out.push_back(std::move(*element));
  }
  return out;
}

inline std::optional<Element> read(std::string_view& rest, int depth)
{
  constexpr int deepest = 24;
  constexpr unsigned constructed = 0x20;
  if (rest.size() < 2 || depth > deepest) return {};
  const auto octet = [&](std::size_t at) { return static_cast<unsigned char>(rest[at]); };
  std::size_t at = 1;
  if ((octet(0) & 0x1FU) == 0x1FU)
    while (at < rest.size() && (octet(at++) & 0x80U) != 0) {
    }
  if (at >= rest.size()) return {};
  Element out;
  out.tag = rest.substr(0, at);
  std::size_t size = octet(at++);
  if (size >= 0x80) {
    std::size_t more = size & 0x7FU;
    if (more == 0 || more > 4 || rest.size() - at < more) return {};
    for (size = 0; more > 0; --more) size = size << 8U | octet(at++);
  }
  if (rest.size() - at < size) return {};
  const std::string_view content = rest.substr(at, size);
  rest.remove_prefix(at + size);
  const bool nested = (static_cast<unsigned char>(out.tag[0]) & constructed) != 0;
  // OpenSSL takes a SEQUENCE or SET for one that is marked as primitive
  if (nested || out.tag == "\x04" || out.tag == "\x10" || out.tag == "\x11")
    out.children = read_all(content, depth + 1);
  if (out.children.empty()) out.content = content;
  return out;
}

/// The contents of all primitive elements in it, joined.
inline std::string leaves(const Element& element)
{
  std::string out;
  for (const Element& child : element.children) out += leaves(child);
  return out + element.content;
}

inline std::string write(const Element& element)
{
  std::string content;
  for (const Element& child : element.children) content += write(child);
  content += element.content;
  std::string out = element.tag;
  if (content.size() < 0x80) {
    out += static_cast<char>(content.size());
  } else {
    std::string size;
    for (std::size_t n = content.size(); n > 0; n >>= 8U)
      size.insert(size.begin(), static_cast<char>(n & 0xFFU));
    out += static_cast<char>(0x80U | size.size());
    out += size;
  }
  return out + content;
}

inline void collect(Element& element, std::vector<Element*>& all)
{
  all.push_back(&element);
  for (Element& child : element.children) collect(child, all);
}

inline void mutate_content(Element& element, std::minstd_rand& random)
{
  std::string octets = element.content;
  const std::size_t size = octets.size();
  octets.resize(size + 16 + random() % 64);
  octets.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(octets.data()), size, octets.size()));
  element.content = octets;
}

inline void mutate_children(Element& element, const Element& other, std::minstd_rand& random)
{
  auto& children = element.children;
  const auto at = children.begin() + static_cast<std::ptrdiff_t>(random() % children.size());
  switch (random() % 4) {
    case 0:
      children.erase(at);
      break;
    case 1:
      children.insert(at, Element(*at));
      break;
    case 2:
      std::iter_swap(at, children.begin());
      break;
    default:
      children.insert(at, Element(other));
      break;
  }
}

/// One change to `der`; nothing if it is no DER or grew beyond `most`.
inline std::optional<std::string> mutated(std::string_view der, std::size_t most, unsigned seed)
{
  std::minstd_rand random(seed);
  auto root = read(der, 0);
  if (!root) return {};
  std::vector<Element*> all;
  collect(*root, all);
  Element& element = *all[random() % all.size()];
  const Element other = *all[random() % all.size()];
  const auto kind = random() % 8;
  if (kind == 0)
    element.tag = std::string(1, static_cast<char>(random() % 256));
  else if (kind == 1)
    element = other;
  else if (!element.children.empty())
    mutate_children(element, other, random);
  else
    mutate_content(element, random);
  std::string out = write(*root);
  out += der;  // what followed it
  if (out.empty() || out.size() > most) return {};
  return out;
}

inline std::size_t mutate(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed)
{
  constexpr unsigned blind = 4;  // one in four changes
  const std::string_view der(reinterpret_cast<const char*>(data), size);
  if (seed % blind != 0)
    if (const auto out = mutated(der, most, seed)) {
      std::memcpy(data, out->data(), out->size());
      return out->size();
    }
  return LLVMFuzzerMutate(data, size, most);
}

}  // namespace imip::testing::der

#ifdef IMIP_LIBFUZZER
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned seed)
{
  return imip::testing::der::mutate(data, size, most, seed);
}
#endif
