// wrap_opaque: application/pkcs7-mime (RFC 8551 section 3.5.2).
#include "base/cat.hpp"
#include "base/text.hpp"
#include "mime/compose.hpp"
#include "mime/detail/transfer.hpp"

namespace imip::mime {

Result<std::string> wrap_opaque(const SplitMail& mail, std::string_view der)
{
  if (der.empty()) return err(Errc::BadMime, "mail: nothing to sign");
  std::string out = mail.headers;
  if (!out.empty() && out.back() != '\n') out += '\n';
  if (("\n" + text::ascii_lower(out)).find("\nmime-version:") == std::string::npos)
    out += "MIME-Version: 1.0\n";
  return cat(out,
             "Content-Type: application/pkcs7-mime; smime-type=signed-data;\n"
             " name=\"smime.p7m\"\n"
             "Content-Transfer-Encoding: base64\n"
             "Content-Disposition: attachment; filename=\"smime.p7m\"\n\n",
             detail::encode_base64(der));
}

}  // namespace imip::mime
