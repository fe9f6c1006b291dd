/// @file The mails that `imip build` makes of iTIP messages (RFC 6047 section 2).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/outbox.hpp"
#include "ical/object.hpp"
#include "itip/message.hpp"
#include "mime/compose.hpp"

namespace imip::cli {

/// One iTIP message that is about to be a mail.
struct Draft {
  ical::Component calendar;
  ical::Property organizer;           ///< where the message itself has none
  std::vector<itip::Party> to;        ///< who must get it
  std::vector<std::string> changes;   ///< what changed, for people
  std::vector<std::vector<std::string>> changes_for_each =
      {};  ///< the same, for each of `to` who sees no other
};

struct MadeMail {
  Letter letter;
  std::string from;             ///< addr-spec
  std::vector<std::string> to;  ///< addr-specs
  std::string message_id;       ///< without "<>"
};

/// "invite.ics", "reply.ics", ...: the attachment's name for other programs than mail clients.
[[nodiscard]] std::string_view calendar_file_name(itip::Method method, const ical::Component& object);

/// @param number  of the mail, from 1 on: with --message-id m@x the second is m.2@x
/// @errors Errc::Usage (nobody to send it to, a bad --from, --to, --message-id), as mime::compose
Result<MadeMail> make_mail(const BuildOptions& options, const Draft& draft,
                           const std::vector<mime::Attachment>& attachments, std::size_t number,
                           Context& context);

}  // namespace imip::cli
