#include <algorithm>

#include "base/cat.hpp"
#include "mime/compose.hpp"

namespace imip::mime {

namespace {

/// "Mon Jan  4 10:00:00 2027", out of "Mon, 04 Jan 2027 10:00:00 +0000".
std::string asctime_of(UtcSeconds date)
{
  const std::string s = to_rfc5322(date);
  std::string day = s.substr(5, 2);
  if (day.front() == '0') day.front() = ' ';
  return cat(s.substr(0, 3), ' ', s.substr(8, 3), ' ', day, ' ', s.substr(17, 8), ' ', s.substr(12, 4));
}

bool looks_like_from_line(std::string_view line)
{
  const std::size_t at = line.find_first_not_of('>');
  return at != std::string_view::npos && line.substr(at).starts_with("From ");
}

}  // namespace

std::string mbox_entry(std::string_view mail, std::string_view sender, UtcSeconds date)
{
  std::string out = cat("From ", sender.empty() ? "MAILER-DAEMON" : sender, ' ', asctime_of(date), '\n');
  while (!mail.empty()) {
    const std::size_t end = std::min(mail.find('\n'), mail.size());
    const std::string_view line = mail.substr(0, end);
    mail.remove_prefix(std::min(end + 1, mail.size()));
    if (looks_like_from_line(line)) out += '>';
    out += line;
    out += '\n';
  }
  return out + '\n';
}

}  // namespace imip::mime
