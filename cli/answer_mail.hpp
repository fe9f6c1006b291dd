/// @file The mails that answer a message: what `imip reply` says, and what `imip apply --replies` offers.
#pragma once
#include <string>
#include <vector>

#include "cli/outbox.hpp"
#include "ical/object.hpp"
#include "mime/compose.hpp"
#include "pipeline/judge.hpp"
#include "report/json.hpp"

namespace imip::cli {

/// One iTIP message that is about to answer another.
struct AnswerDraft {
  ical::Component calendar;     ///< VCALENDAR with its METHOD
  CalAddress from;              ///< whose answer it is
  std::vector<CalAddress> to;
  std::string lead;             ///< before the text that the object gives; may be empty
  bool unasked = false;         ///< no person triggered it (RFC 3834)
  std::string message_id, boundary_seed;  ///< "": made from the calendar
};

/// The same answer makes the same mail: identifier and date come from the calendar itself. What was encrypted is not
/// told in the Subject. @errors Errc::BadValue, as mime::compose
Result<mime::OutgoingMail> answer_mail(const AnswerDraft& draft, const pipeline::JudgedPart& answered);

/// How answers are signed, from the flags and the policy.
struct AnswerProtection {
  bool sign = false;
  const KeyOptions& keys;
  const CommonOptions& common;
  const ProtectOptions& protect;
  const policy::Policy& policy;
};
/// @errors Errc::Usage (--encrypt-to without --sign), as mime::compose and sign_mail
Result<Letter> letter_of(const mime::OutgoingMail& mail, const AnswerProtection& how, Context& context);

/// The mail as imip-json(5) tells of it.
[[nodiscard]] report::AnswerMail told_mail(const mime::OutgoingMail& mail);

}  // namespace imip::cli
