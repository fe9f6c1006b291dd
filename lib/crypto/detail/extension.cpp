#include "crypto/detail/extension.hpp"

#include <algorithm>
#include <array>

#include "base/cat.hpp"

namespace imip::crypto {
namespace {

// What X509_verify_cert() reads of every certificate, whatever it is needed for.
constexpr std::array always_read = {NID_basic_constraints,
                                    NID_key_usage,
                                    NID_ext_key_usage,
                                    NID_subject_alt_name,
                                    NID_name_constraints,
                                    NID_subject_key_identifier,
                                    NID_authority_key_identifier,
                                    NID_crl_distribution_points,
                                    NID_netscape_cert_type,
                                    NID_proxyCertInfo,
                                    NID_sbgp_ipAddrBlock,
                                    NID_sbgp_autonomousSysNum};

bool parses(X509* x, int nid)
{
  const X509V3_EXT_METHOD* method = X509V3_EXT_get_nid(nid);
  if (method == nullptr || method->it == nullptr) return true;
  const ASN1_ITEM* item = ASN1_ITEM_ptr(method->it);
  const ASN1_OCTET_STRING* der =
      X509_EXTENSION_get_data(X509_get_ext(x, X509_get_ext_by_NID(x, nid, -1)));
  const unsigned char* p = ASN1_STRING_get0_data(der);
  ASN1_VALUE* value = ASN1_item_d2i(nullptr, &p, ASN1_STRING_length(der), item);
  ASN1_item_free(value, item);
  return value != nullptr;
}

// Of those that parse (RFC 5280 sections 4.2.1.3 and 4.2.1.9).
std::string_view senseless(X509* x)
{
  const auto usage = extension<ASN1_BIT_STRING, ASN1_BIT_STRING_free>(
      x, NID_key_usage, ASN1_ITEM_rptr(ASN1_BIT_STRING));
  const std::string_view bits = view_of(usage.get());
  if (usage && std::all_of(bits.begin(), bits.end(), [](char c) { return c == 0; }))
    return "has a keyUsage that allows nothing (RFC 5280 section 4.2.1.3)";
  const auto basic = extension<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>(
      x, NID_basic_constraints, ASN1_ITEM_rptr(BASIC_CONSTRAINTS));
  if (basic && basic->pathlen != nullptr && ASN1_STRING_type(basic->pathlen) == V_ASN1_NEG_INTEGER)
    return "has basicConstraints with a path length below 0 (RFC 5280 section 4.2.1.9)";
  return "has an extension that is not valid";
}

}  // namespace

bool has_broken_extension(X509* x)
{
  return (X509_get_extension_flags(x) & EXFLAG_INVALID) != 0;
}

std::string broken_extension(X509* x)
{
  for (const int nid : always_read) {
    const int at = X509_get_ext_by_NID(x, nid, -1);
    if (at < 0) continue;
    if (X509_get_ext_by_NID(x, nid, at) >= 0)
      return cat("has the extension ", OBJ_nid2sn(nid), " twice (RFC 5280 section 4.2)");
    if (!parses(x, nid)) return cat("has an extension that does not parse: ", OBJ_nid2sn(nid));
  }
  return std::string(senseless(x));
}

AltNames alternative_names(X509* x)
{
  return extension<GENERAL_NAMES, GENERAL_NAMES_free>(x, NID_subject_alt_name,
                                                      ASN1_ITEM_rptr(GENERAL_NAMES));
}

std::optional<MailName> mail_name(const GENERAL_NAME* name)
{
  if (name->type == GEN_EMAIL) return MailName{view_of(name->d.rfc822Name), false};
  if (name->type != GEN_OTHERNAME || name->d.otherName == nullptr) return {};
  const OTHERNAME* other = name->d.otherName;
  if (OBJ_obj2nid(other->type_id) != NID_id_on_SmtpUTF8Mailbox || other->value == nullptr ||
      other->value->type != V_ASN1_UTF8STRING)
    return {};
  return MailName{view_of(other->value->value.utf8string), true};
}

}  // namespace imip::crypto
