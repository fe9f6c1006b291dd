#include "mime/lint.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "mime/compose.hpp"
#include "mime/detail/header_value.hpp"
#include "mime/detail/scan.hpp"

namespace imip::mime {

namespace {

bool is_ascii(std::string_view s)
{
  return std::all_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

class PartCheck {
 public:
  PartCheck(const Message& message, const std::vector<LintPart>& all, std::size_t which, const Limits& limits,
            Departures& out)
      : message_(message), all_(all), own_(all[which]), node_(message.nodes()[own_.part.node]), limits_(limits), out_(out)
  {
  }

  void run() const
  {
    defects();
    charset();
    encoding();
    placement();
    alternatives();
    attached_copies();
  }

 private:
  void tell(Rule rule, std::string text, Effect effect = {}, Law law = {}) const
  {
    out_.add(rule, {}, std::move(text), effect, law);
  }

  void defects() const
  {
    for (const Reason& defect : own_.part.defects) {
      if (defect.code == Code::BadCharset) continue;  // charset()
      const bool encoded = defect.code == Code::BadTransferEncoding;
      tell(encoded ? Rule::TransferEncoding : Rule::AmbiguousPart, defect.text, refused(defect.code));
    }
  }

  void charset() const
  {
    const std::string* given = node_.parameter("charset");
    const std::string name = given != nullptr ? text::ascii_lower(text::trim(*given)) : std::string();
    const bool ascii = is_ascii(own_.octets);
    if (given == nullptr) {
      if (!ascii) tell(Rule::Charset, "there is no charset parameter, and the calendar is not US-ASCII");
      return;
    }
    const bool utf8 = name == "utf-8" || name == "utf8";
    if (utf8 ? text::is_utf8(own_.octets) : ascii && !has_defect(Code::BadCharset)) return;
    tell(Rule::Charset, utf8 ? "charset is UTF-8, and the calendar is not" : cat("charset is ", name.substr(0, 40), "; only UTF-8 may be"),
         has_defect(Code::BadCharset) ? refused(Code::BadCharset) : Effect{});
  }

  [[nodiscard]] bool has_defect(Code code) const
  {
    const auto& defects = own_.part.defects;
    return std::any_of(defects.begin(), defects.end(), [&](const Reason& r) { return r.code == code; });
  }

  void encoding() const
  {
    if (is_ascii(node_.body.of(message_.octets()))) return;
    if (node_.encoding == "8bit" || node_.encoding == "binary")
      tell(Rule::EightBit, cat("sent as ", node_.encoding, ": a server on the way may encode it anew, which breaks a signature"));
    else
      tell(Rule::TransferEncoding, cat("Content-Transfer-Encoding ", node_.encoding.substr(0, 40), ", and octets above 127"));
  }

  [[nodiscard]] const Node* parent(const Node& node) const
  {
    return node.parent == no_node ? nullptr : &message_.nodes()[node.parent];
  }

  void placement() const
  {
    if (own_.part.place.in_report)
      tell(Rule::InsideReport, "it lies in a delivery report: it came back, nobody sent it", refused(Code::InsideReport));
    if (own_.part.attachment)
      tell(Rule::Disposition, "Content-Disposition: attachment; Outlook shows it as a file, not as a message about a meeting");
    bool readable = false;
    for (const Node* node = &node_; const Node* around = parent(*node); node = around) {
      const auto at = static_cast<std::size_t>(node - message_.nodes().data());
      if (around->media_type == "multipart/alternative") {
        readable = readable || has_text(*around);
        if (around->children.back() != at)
          tell(Rule::Placement, "it is not the last alternative; Thunderbird offers no answer");
      }
      if (around->media_type == "multipart/mixed" && around->children.front() != at)
        tell(Rule::Placement, "it is not in the first part of the multipart/mixed; Outlook looks nowhere else");
    }
    const Envelope& envelope = message_.envelope();
    const bool is_mail = !envelope.from.empty() || !envelope.to.empty();
    if (is_mail && !readable) tell(Rule::NoAlternative, "no text that a person can read stands beside it as an alternative");
  }

  [[nodiscard]] bool has_text(const Node& alternative) const
  {
    return std::any_of(alternative.children.begin(), alternative.children.end(), [&](std::size_t child) {
      const Node& node = message_.nodes()[child];
      return node.media_type == "text/plain" || node.media_type == "text/html" ||
             (node.media_type.starts_with("multipart/") && has_text(node));
    });
  }

  void alternatives() const
  {
    if (own_.part.place.alternative == no_node) return;
    for (const LintPart& other : all_) {
      if (other.part.node == own_.part.node || other.part.place.alternative != own_.part.place.alternative) continue;
      if (other.sha256 == own_.sha256) continue;
      tell(Rule::AlternativesDiffer, cat("part ", other.part.part, " is an alternative of it and another calendar"),
           refused(Code::AlternativesDiffer));
      return;
    }
  }

  /// application/ics beside it: programs that know no iMIP open that one.
  void attached_copies() const
  {
    if (all_.front().part.node != own_.part.node) return;
    for (std::size_t i = 0; i < message_.nodes().size(); ++i) {
      if (message_.nodes()[i].media_type != "application/ics") continue;
      const auto octets = message_.decoded(i, limits_.calendar_bytes);
      const std::string digest = octets ? sha256_hex(to_crlf(*octets)) : std::string();
      const bool copy = std::any_of(all_.begin(), all_.end(),
                                    [&](const LintPart& part) { return part.sha256 == digest; });
      if (!copy)
        tell(Rule::AttachedCopy, cat("the application/ics part ", message_.nodes()[i].part, " says something else"));
    }
  }

  const Message& message_;
  const std::vector<LintPart>& all_;
  const LintPart& own_;
  const Node& node_;
  const Limits& limits_;
  Departures& out_;
};

}  // namespace

Result<std::vector<LintPart>> lint_parts(const Message& message, const Limits& limits)
{
  IMIP_TRY(auto parts, calendar_parts(message, limits));
  std::vector<LintPart> out;
  for (CalendarPart& part : parts) {
    IMIP_TRY(auto octets, message.decoded(part.node, limits.calendar_bytes));
    std::string digest = sha256_hex(to_crlf(octets));
    out.push_back({std::move(part), std::move(octets), std::move(digest)});
  }
  return out;
}

void lint_part(const Message& message, const std::vector<LintPart>& all, std::size_t which, const Limits& limits,
               Departures& out)
{
  PartCheck(message, all, which, limits, out).run();
}

std::vector<std::string> content_ids(const Message& message, const Limits& limits)
{
  std::vector<std::string> out;
  for (const Node& node : message.nodes()) {
    const auto header = detail::scan_header(message.octets(), node.whole.offset, node.body.offset, limits);
    const auto* field = header ? header->find("Content-ID") : nullptr;
    if (field == nullptr) continue;
    std::string id = detail::unfold(field->value);
    if (id.starts_with('<') && id.ends_with('>')) id = id.substr(1, id.size() - 2);
    out.push_back(std::move(id));
  }
  return out;
}

}  // namespace imip::mime
