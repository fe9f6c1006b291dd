#include "pipeline/detail/contradictions.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/cat.hpp"

namespace imip::pipeline::detail {
namespace {

bool has_valid_signature(const JudgedPart& part)
{
  return std::any_of(part.evidence.signatures.begin(), part.evidence.signatures.end(),
                     [](const crypto::Signature& s) {
                       return s.status == crypto::SignatureStatus::Valid;
                     });
}

/// MIME parts that speak of one thing, and what each of them holds.
class Group {
 public:
  /// A part with several messages (a PUBLISH) counts once.
  template <typename Part>
  void add(const Part& part)
  {
    if (!seen_.insert(part.part).second) return;
    names_.push_back(part.part);
    ++contents_[part.part_sha256];
    ++alternatives_[part.group];
    ++same_[{part.group, part.part_sha256}];
  }
  /// Of one calendar too: programs act by the method that its Content-Type says (RFC 6047 section 2.4).
  void add_method(const std::string& method) { methods_.insert(method); }
  [[nodiscard]] bool differs() const { return contents_.size() > 1 || methods_.size() > 1; }
  [[nodiscard]] std::string_view difference() const
  {
    return contents_.size() > 1 ? "different calendars" : "one calendar with different methods in their Content-Type";
  }
  /// Does another part hold something else, and is it no alternative of this one?
  [[nodiscard]] bool contradicts(const JudgedPart& part) const
  {
    std::size_t others = names_.size() - contents_.at(part.part_sha256);
    if (!part.group.empty())
      others -= alternatives_.at(part.group) - same_.at({part.group, part.part_sha256});
    return others > 0;
  }
  /// "parts 1, 2 and 3"; of many the first few.
  [[nodiscard]] std::string names() const
  {
    constexpr std::size_t most = 5;
    const std::size_t shown = names_.size() > most ? most : names_.size() - 1;
    std::string out = cat("parts ", names_.front());
    for (std::size_t i = 1; i < shown; ++i) out += cat(", ", names_[i]);
    return shown == names_.size() - 1 ? cat(out, " and ", names_.back())
                                      : cat(out, " and ", names_.size() - shown, " more");
  }

 private:
  std::vector<std::string> names_;
  std::set<std::string> seen_, methods_;
  std::map<std::string, std::size_t> contents_, alternatives_;
  std::map<std::pair<std::string, std::string>, std::size_t> same_;
};

void refuse_contradictions(std::vector<JudgedPart>& parts, const std::vector<OtherAlternative>& others)
{
  std::map<std::string, Group> alternatives;
  std::map<std::string, Group> uids;
  for (const JudgedPart& part : parts) {
    if (!part.group.empty()) {
      alternatives[part.group].add(part);
      alternatives[part.group].add_method(part.method);
    }
    if (part.message() != nullptr) uids[part.message()->uid].add(part);
  }
  for (const OtherAlternative& other : others) alternatives[other.group].add(other);
  for (JudgedPart& part : parts) {
    auto& refusals = part.evidence.refusals;
    if (!part.group.empty()) {
      const Group& group = alternatives.at(part.group);
      if (group.differs())
        refusals.push_back({Code::AlternativesDiffer,
                            cat(group.names(), " are alternatives of one another and hold ", group.difference())});
    }
    if (part.message() == nullptr) continue;
    const Group& same_uid = uids.at(part.message()->uid);
    if (same_uid.contradicts(part))
      refusals.push_back({Code::DuplicateUid, cat(same_uid.names(), " say different things about one event")});
  }
}

/// Of the parts with one content and one method the first that is signed stays, or else the first.
void drop_copies(std::vector<JudgedPart>& parts)
{
  struct Kept {
    std::string part;
    bool is_signed;
  };
  std::map<std::pair<std::string, std::string>, Kept> kept;
  for (const JudgedPart& part : parts) {
    const bool is_signed = has_valid_signature(part);
    const auto [at, is_new] =
        kept.try_emplace({part.part_sha256, part.method}, Kept{part.part, is_signed});
    if (!is_new && is_signed && !at->second.is_signed) at->second = {part.part, true};
  }
  std::erase_if(parts, [&](const JudgedPart& part) {
    return kept.at({part.part_sha256, part.method}).part != part.part;
  });
}

}  // namespace

void resolve_contradictions(std::vector<JudgedPart>& parts, const std::vector<OtherAlternative>& others)
{
  refuse_contradictions(parts, others);
  drop_copies(parts);
}

}  // namespace imip::pipeline::detail
