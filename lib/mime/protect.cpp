#include "mime/protect.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "mime/detail/outgoing.hpp"
#include "mime/detail/transfer.hpp"

namespace imip::mime {

namespace {

Result<std::string> signed_entity(const std::string& entity, const std::string& signature,
                                  std::string_view protocol, std::string_view micalg,
                                  std::string_view preamble, const std::string& boundary_seed)
{
  if (!detail::is_token(micalg)) return err(Errc::BadValue, "micalg: not a name");
  if (entity.empty()) return err(Errc::BadMime, "mail: nothing to sign");
  const std::string parameters =
      cat(" micalg=", micalg, ";\n protocol=\"", protocol, "\";");
  return detail::multipart("signed", parameters, {entity, signature}, boundary_seed, preamble);
}

/// The armour as a body. @errors Errc::BadMime
Result<std::string> armour_lines(std::string_view armour)
{
  std::string out = detail::to_lf(armour);
  if (!out.empty() && out.back() != '\n') out += '\n';
  if (out.compare(0, 15, "-----BEGIN PGP ") != 0 || !detail::is_transport_safe(out))
    return err(Errc::BadMime, "mail: what OpenPGP made is not armoured");
  return out;
}

}  // namespace

std::string join(const SplitMail& mail, std::string_view entity)
{
  std::string out = mail.before;
  if (!out.empty() && out.back() != '\n') out += '\n';
  // Layout::Inner: the header ends before the first empty line, and has been completed already.
  if (mail.after.empty() && ("\n" + text::ascii_lower(out)).find("\nmime-version:") == std::string::npos)
    out += "MIME-Version: 1.0\n";
  return cat(out, entity, mail.after);
}

Result<std::string> smime_signed(const std::string& entity, std::string_view der,
                                 std::string_view micalg, const std::string& boundary_seed)
{
  return signed_entity(entity,
                       cat("Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\n"
                           "Content-Transfer-Encoding: base64\n"
                           "Content-Disposition: attachment; filename=\"smime.p7s\"\n\n",
                           detail::encode_base64(der)),
                       "application/pkcs7-signature", micalg,
                       "This is a signed message in MIME format (RFC 8551).\n\n", boundary_seed);
}

Result<std::string> pkcs7_mime(std::string_view der, std::string_view smime_type)
{
  if (!detail::is_token(smime_type)) return err(Errc::BadValue, "smime-type: not a name");
  if (der.empty()) return err(Errc::BadMime, "mail: nothing to protect");
  return cat("Content-Type: application/pkcs7-mime; smime-type=", smime_type,
             ";\n name=\"smime.p7m\"\n"
             "Content-Transfer-Encoding: base64\n"
             "Content-Disposition: attachment; filename=\"smime.p7m\"\n\n",
             detail::encode_base64(der));
}

Result<std::string> openpgp_signed(const std::string& entity, std::string_view armour,
                                   std::string_view micalg, const std::string& boundary_seed)
{
  IMIP_TRY(const std::string signature, armour_lines(armour));
  return signed_entity(entity,
                       cat("Content-Type: application/pgp-signature; name=\"signature.asc\"\n"
                           "Content-Transfer-Encoding: 7bit\n"
                           "Content-Disposition: attachment; filename=\"signature.asc\"\n\n",
                           signature),
                       "application/pgp-signature", micalg,
                       "This is a signed message in OpenPGP/MIME format (RFC 3156).\n\n",
                       boundary_seed);
}

Result<std::string> openpgp_encrypted(std::string_view armour, const std::string& boundary_seed)
{
  IMIP_TRY(const std::string body, armour_lines(armour));
  return detail::multipart(
      "encrypted", "\n protocol=\"application/pgp-encrypted\";",
      {"Content-Type: application/pgp-encrypted\nContent-Transfer-Encoding: 7bit\n\nVersion: 1\n",
       cat("Content-Type: application/octet-stream; name=\"encrypted.asc\"\n"
           "Content-Transfer-Encoding: 7bit\n"
           "Content-Disposition: inline; filename=\"encrypted.asc\"\n\n",
           body)},
      boundary_seed, "This is an encrypted message in OpenPGP/MIME format (RFC 3156).\n\n");
}

}  // namespace imip::mime
