#include "crypto/detail/name_constraints.hpp"

#include <functional>
#include <vector>

#include "base/cat.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/extension.hpp"

namespace imip::crypto {
namespace {

using Constraints = Handle<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;

void free_names_only(STACK_OF(GENERAL_NAME) * stack)
{
  sk_GENERAL_NAME_free(stack);
}
void free_subtrees_only(STACK_OF(GENERAL_SUBTREE) * stack)
{
  sk_GENERAL_SUBTREE_free(stack);
}
using BorrowedNames = Handle<STACK_OF(GENERAL_NAME), free_names_only>;
using BorrowedSubtrees = Handle<STACK_OF(GENERAL_SUBTREE), free_subtrees_only>;

constexpr int most_names = 256;  // each is compared with all subtrees
constexpr std::size_t most_shown = 4;

Constraints constraints_of(X509* x)
{
  return extension<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>(x, NID_name_constraints,
                                                            ASN1_ITEM_rptr(NAME_CONSTRAINTS));
}

// RFC 5280: 4 or 16 octets, twice as many with the mask of a constraint.
std::string ip_text(std::string_view octets)
{
  if (octets.size() != 4 && octets.size() != 8) return hex_text(octets);
  std::string out;
  for (std::size_t i = 0; i < octets.size(); ++i)
    out += cat(i == 0 ? "" : (i == 4 ? "/" : "."), +static_cast<unsigned char>(octets[i]));
  return out;
}

std::string value_text(const GENERAL_NAME* name)
{
  if (const auto mail = mail_name(name))
    return cat(mail->utf8 ? "SmtpUTF8Mailbox:" : "email:", mail->text);
  switch (name->type) {
    case GEN_DNS:
      return cat("DNS:", view_of(name->d.dNSName));
    case GEN_URI:
      return cat("URI:", view_of(name->d.uniformResourceIdentifier));
    case GEN_DIRNAME:
      return cat("dirName:", subject_text(name->d.directoryName));
    case GEN_IPADD:
      return cat("IP:", ip_text(view_of(name->d.iPAddress)));
    default:
      return "a name of another kind";
  }
}

std::string quoted(std::string text)
{
  constexpr std::size_t longest = 160;
  if (text.size() > longest) text = cat(text.substr(0, longest), "...");
  return cat("'", text, "'");
}

// What a certificate says, alone in one of its own; OpenSSL has no function for one name.
struct Asked {
  X509Ptr holder;
  std::string text;  // empty: the subject, which has a word for each kind of subtree
  bool host = false;

  [[nodiscard]] int check(NAME_CONSTRAINTS& constraints) const
  {
    return host ? NAME_CONSTRAINTS_check_CN(holder.get(), &constraints)
                : NAME_CONSTRAINTS_check(holder.get(), &constraints);
  }
};

X509Ptr holder_of(GENERAL_NAME* name)
{
  X509Ptr x(X509_new());
  const BorrowedNames one(sk_GENERAL_NAME_new_null());
  if (!x || !one || sk_GENERAL_NAME_push(one.get(), name) <= 0 ||
      X509_add1_ext_i2d(x.get(), NID_subject_alt_name, one.get(), 0, X509V3_ADD_APPEND) != 1)
    return {};
  static_cast<void>(X509_check_purpose(x.get(), -1, 0));  // has the extension read
  return x;
}

X509Ptr holder_of(const X509_NAME* subject)
{
  X509Ptr x(X509_new());
  if (!x || X509_set_subject_name(x.get(), subject) != 1) return {};
  return x;
}

std::vector<Asked> names_in(X509* x, bool leaf)
{
  std::vector<Asked> out;
  const auto add = [&](X509Ptr holder, std::string text, bool host) {
    if (holder) out.push_back({std::move(holder), std::move(text), host});
  };
  add(holder_of(X509_get_subject_name(x)), {}, false);
  const AltNames names = alternative_names(x);
  bool has_host = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()) && i < most_names; ++i) {
    GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    has_host = has_host || name->type == GEN_DNS;
    add(holder_of(name), quoted(value_text(name)), false);
  }
  if (leaf && !has_host)
    add(holder_of(X509_get_subject_name(x)), "its common name, which may be a host's", true);
  return out;
}

// Those subtrees of the constraints that a name breaks, and how.
struct Breach {
  int error = X509_V_OK;
  std::vector<const GENERAL_NAME*> subtrees;
};

int check_against(const Asked& name, STACK_OF(GENERAL_SUBTREE) * permitted,
                  STACK_OF(GENERAL_SUBTREE) * excluded)
{
  NAME_CONSTRAINTS part{permitted, excluded};
  return name.check(part);
}

// Of the permitted ones any of the same kind would do, so they are asked about together.
std::optional<Breach> permitted_breach(const Asked& name, STACK_OF(GENERAL_SUBTREE) * all)
{
  for (int type = GEN_OTHERNAME; type <= GEN_RID; ++type) {
    const BorrowedSubtrees alike(sk_GENERAL_SUBTREE_new_null());
    Breach breach;
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(all); ++i) {
      GENERAL_SUBTREE* one = sk_GENERAL_SUBTREE_value(all, i);
      if (one->base->type != type || !alike || sk_GENERAL_SUBTREE_push(alike.get(), one) <= 0)
        continue;
      breach.subtrees.push_back(one->base);
    }
    breach.error = check_against(name, alike.get(), nullptr);
    if (breach.error != X509_V_OK) return breach;
  }
  return {};
}

std::optional<Breach> excluded_breach(const Asked& name, STACK_OF(GENERAL_SUBTREE) * all)
{
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(all); ++i) {
    GENERAL_SUBTREE* one = sk_GENERAL_SUBTREE_value(all, i);
    const BorrowedSubtrees alone(sk_GENERAL_SUBTREE_new_null());
    if (!alone || sk_GENERAL_SUBTREE_push(alone.get(), one) <= 0) return {};
    const int error = check_against(name, nullptr, alone.get());
    if (error != X509_V_OK) return Breach{error, {one->base}};
  }
  return {};
}

std::string list_of(const std::vector<const GENERAL_NAME*>& subtrees)
{
  std::string out;
  for (std::size_t i = 0; i < subtrees.size() && i < most_shown; ++i)
    out += cat(i == 0 ? "" : ", ", quoted(value_text(subtrees[i])));
  if (subtrees.size() > most_shown) out += cat(" and ", subtrees.size() - most_shown, " more");
  return out;
}

std::string words(const Asked& name, X509* x, const Breach& breach, X509* authority)
{
  const bool email = breach.subtrees.front()->type == GEN_EMAIL;
  const std::string what = !name.text.empty() ? name.text
                           : email
                               ? std::string("an emailAddress in its subject")
                               : quoted(cat("dirName:", subject_text(X509_get_subject_name(x))));
  const std::string theirs = cat("the nameConstraints of ", label(authority));
  const std::string list = list_of(breach.subtrees);
  if (breach.error == X509_V_ERR_PERMITTED_VIOLATION)
    return cat("names ", what, ", but ", theirs, " permit only ", list);
  if (breach.error == X509_V_ERR_EXCLUDED_VIOLATION)
    return cat("names ", what, ", but ", theirs, " exclude ", list);
  return cat("names ", what, ", which cannot be compared with ", list, " in ", theirs, " (",
             X509_verify_cert_error_string(breach.error), ")");
}

// RFC 5280 section 4.2.1.10: a mailbox, a host, or with a dot before it whatever lies below a domain; nothing is every
// name of the kind. Loosely, and what is none of these stands for all, since it was meant to exclude something.
bool may_name(std::string_view subtree, const CalAddress& address)
{
  if (subtree.find('@') != std::string_view::npos) {
    const auto mailbox = CalAddress::from_mailbox(subtree);
    return !mailbox || maybe_same_user(*mailbox, address);
  }
  const bool below = subtree.starts_with('.');
  if (below) subtree.remove_prefix(1);
  if (subtree.ends_with('.')) subtree.remove_suffix(1);
  const auto host = CalAddress::from_mailbox(cat("x@", subtree));
  if (!host) return true;
  return below ? address.domain().ends_with(cat('.', host->domain()))
               : address.domain() == host->domain();
}

}  // namespace

bool has_name_constraints(X509* x)
{
  return X509_get_ext_by_NID(x, NID_name_constraints, -1) >= 0;
}

bool constrains_utf8_mailboxes(X509* authority)
{
  if (!has_name_constraints(authority)) return false;
  const Constraints constraints = constraints_of(authority);
  if (!constraints) return true;
  for (const auto* subtrees : {constraints->permittedSubtrees, constraints->excludedSubtrees})
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
      const GENERAL_NAME* base = sk_GENERAL_SUBTREE_value(subtrees, i)->base;
      if (base->type == GEN_OTHERNAME &&
          OBJ_obj2nid(base->d.otherName->type_id) == NID_id_on_SmtpUTF8Mailbox)
        return true;
    }
  return false;
}

std::optional<std::string> forbidden_name(X509* x, X509* authority, bool leaf)
{
  if (!has_name_constraints(authority)) return {};
  const Constraints constraints = constraints_of(authority);
  if (!constraints) return {};
  if (NAME_CONSTRAINTS_check(x, constraints.get()) == X509_V_ERR_UNSPECIFIED)
    return cat("has more names than OpenSSL compares with the nameConstraints of ",
               label(authority));
  for (const Asked& name : names_in(x, leaf)) {
    if (name.check(*constraints) == X509_V_OK) continue;
    auto breach = permitted_breach(name, constraints->permittedSubtrees);
    if (!breach) breach = excluded_breach(name, constraints->excludedSubtrees);
    if (breach) return words(name, x, *breach, authority);
  }
  return {};
}

std::optional<std::string> excluded_mailbox(X509* authority, const CalAddress& address)
{
  if (!has_name_constraints(authority)) return {};
  const Constraints constraints = constraints_of(authority);
  const std::string theirs = cat("the nameConstraints of ", label(authority));
  if (!constraints) return cat(theirs, " cannot be read");
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees); ++i) {
    const GENERAL_NAME* base = sk_GENERAL_SUBTREE_value(constraints->excludedSubtrees, i)->base;
    if (base == nullptr || base->type != GEN_EMAIL) continue;
    if (may_name(view_of(base->d.rfc822Name), address))
      return cat(theirs, " exclude ", quoted(value_text(base)));
  }
  return {};
}

}  // namespace imip::crypto
