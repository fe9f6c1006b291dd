/// @file Every limit, with its unit and its reason, in one place. The policy's [limits] table
/// has a key of the same name (with '-' for '_') for each of them.
#pragma once
#include <cstddef>
#include <cstdint>

namespace imip {

struct Limits {
  std::size_t message_bytes = 33'554'432;     ///< octets of one input message
  std::size_t header_bytes = 1'048'576;       ///< octets of one header block
  std::size_t header_field_bytes = 65'536;    ///< octets of one header field (GMime: quadratic)
  std::size_t mime_depth = 32;                ///< levels of nesting (GMime: cost lines x depth)
  std::size_t mime_parts = 1'000;             ///< entities in one message
  std::size_t decoded_bytes = 33'554'432;     ///< octets after decoding, decrypting, inflating
  std::size_t crypto_layers = 8;              ///< signatures and encryptions around one part
  std::size_t signatures = 16;                ///< signed entities in one message
  std::size_t signature_bytes = 1'048'576;    ///< octets of one CMS beside its content
  std::size_t signer_infos = 8;               ///< signerInfos in one CMS
  std::size_t hidden_recipients = 16;         ///< of one OpenPGP encryption (gpg tries every key)
  std::size_t certificates = 32;              ///< certificates in one CMS
  std::size_t calendar_bytes = 8'388'608;     ///< octets of one text/calendar part
  std::size_t line_bytes = 1'048'576;         ///< octets of one unfolded content line
  std::size_t component_depth = 8;            ///< nested BEGINs (libical: recursion)
  std::size_t components = 10'000;            ///< components in one calendar
  std::size_t properties = 200'000;           ///< properties in one calendar (memory)
  std::size_t list_values = 100'000;          ///< values in one EXDATE, RDATE, FREEBUSY list
  std::size_t parse_errors = 100;             ///< content lines that do not parse (libical: slow)
  std::size_t recurrence_instances = 100'000; ///< instances one expansion may give
  std::int64_t new_objects_per_sender_per_day = 50;
  std::int64_t sequence_jump = 1'000;         ///< SEQUENCE above the stored one that asks
  std::int64_t stale_days = 30;               ///< age of a first-seen DTSTAMP that asks
  std::int64_t held_days = 60;                ///< how long a held message waits
  std::int64_t clock_skew_minutes = 15;       ///< how far ahead a signing time may be
};

}  // namespace imip
