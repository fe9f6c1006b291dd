/// @file Result<T>: a value, or the reason why it could not be had.
#pragma once
#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "base/reason.hpp"

namespace imip {

/// Why an operation could not be carried out. One value per thing the *caller* can do
/// differently. A bad signature is not in this list: it is a finding, data that policy reads.
enum class Errc : std::uint16_t {
  Internal = 1,   ///< a bug here; never the input's fault (exit 70)
  Usage,          ///< the command line asks for something that cannot be (exit 64)
  NoInput,        ///< input not found or unreadable (exit 66)
  Io,             ///< read, write, rename failed; errno is in the text (exit 74)
  CannotCreate,   ///< output cannot be made (exit 73)
  Permission,     ///< not allowed: file mode, wrong passphrase (exit 77)
  TooLarge,       ///< a limit of base/limits.hpp was met (exit 65)
  BadMime,        ///< not an RFC 5322 message, or an unusable RFC 2046 tree (exit 65)
  BadCalendar,    ///< not an RFC 5545 iCalendar object (exit 65)
  BadValue,       ///< one value (address, date, duration, zone) does not parse (exit 64 or 65)
  Refused,        ///< parsed, and no: breaks a rule of RFC 5546 or of policy (exit 1)
  NeedsPerson,    ///< a person must decide, and nobody did (exit 2)
  NothingToJudge, ///< no iMIP calendar part in the input (exit 3)
  NotFound,       ///< no such UID, entry, file in what was searched
  Conflict,       ///< the stored object changed since the plan was made (exit 75)
  TryAgain,       ///< lock held, state unreadable, time-out (exit 75)
  Unavailable,    ///< a needed helper or library feature is missing (exit 69)
  Config,         ///< policy or configuration wrong (exit 78)
};

/// What went wrong, for a person.
struct Error {
  Errc code = Errc::Internal;
  std::string what;  ///< lower case, no full stop, names the object: "a.ics: no UID"
  std::string hint;  ///< what the user may do about it; may be empty
  Code reason = Code::None;  ///< of Errc::NothingToJudge what stood in the way; of Errc::TooLarge limit-exceeded
};

/// Either a T or an Error. A class, not an alias, so that [[nodiscard]] holds at every call.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

[[nodiscard]] inline tl::unexpected<Error> err(Errc code, std::string what, std::string hint = {})
{
  if (code != Errc::TooLarge) return tl::unexpected<Error>(Error{code, std::move(what), std::move(hint)});
  if (hint.empty() && what.find("(limit ") != std::string::npos)
    hint = "a larger value can be set in the policy's [limits]";
  return tl::unexpected<Error>(Error{code, std::move(what), std::move(hint), Code::LimitExceeded});
}

}  // namespace imip

#define IMIP_CAT_(a, b) a##b
#define IMIP_CAT(a, b) IMIP_CAT_(a, b)
#define IMIP_TRY_IMPL_(tmp, decl, expr)                                \
  auto tmp = (expr);                                                   \
  if (!tmp) return ::tl::unexpected<::imip::Error>(std::move(tmp).error()); \
  decl = *std::move(tmp)
/// IMIP_TRY(auto m, parse(bytes)); -- bind the value or return the error.
#define IMIP_TRY(decl, expr) IMIP_TRY_IMPL_(IMIP_CAT(try_result_, __COUNTER__), decl, expr)
/// IMIP_CHECK(write(x)); -- the same for Result<void>.
#define IMIP_CHECK(expr)                                                                 \
  do {                                                                                   \
    auto check_result_ = (expr);                                                         \
    if (!check_result_)                                                                  \
      return ::tl::unexpected<::imip::Error>(std::move(check_result_).error());          \
  } while (false)
