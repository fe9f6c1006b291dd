#include "report/words.hpp"

namespace imip::report {

std::string_view protocol_word(crypto::Protocol protocol)
{
  switch (protocol) {
    case crypto::Protocol::Smime:
      return "smime";
    case crypto::Protocol::OpenPgp:
      return "openpgp";
    case crypto::Protocol::None:
      break;
  }
  return "none";
}

std::string_view protocol_name(crypto::Protocol protocol)
{
  switch (protocol) {
    case crypto::Protocol::Smime:
      return "S/MIME";
    case crypto::Protocol::OpenPgp:
      return "OpenPGP";
    case crypto::Protocol::None:
      break;
  }
  return "unknown kind";
}

std::string_view status_word(crypto::SignatureStatus status)
{
  switch (status) {
    case crypto::SignatureStatus::Valid:
      return "valid";
    case crypto::SignatureStatus::Unproven:
      return "unproven";
    case crypto::SignatureStatus::Invalid:
      return "invalid";
    case crypto::SignatureStatus::NotChecked:
      break;
  }
  return "not-checked";
}

std::string_view role_word(identity::Claimant::Role role)
{
  switch (role) {
    case identity::Claimant::Role::Organizer:
      return "organizer";
    case identity::Claimant::Role::Attendee:
      return "attendee";
    case identity::Claimant::Role::None:
      break;
  }
  return "none";
}

}  // namespace imip::report
