#include "crypto/detail/certificate_policies.hpp"

// There in a program that looks for leaks, null elsewhere.
extern "C" {
__attribute__((weak)) void __lsan_disable();
__attribute__((weak)) void __lsan_enable();
}

namespace imip::crypto {
namespace {

// Without policyConstraints no chain can fail for its policies (RFC 5280 section 6.1.5 (g)), so
// they are only looked at where somebody asks for it, or marks critical what must be understood
// then.
bool asks_for_policies(X509* x)
{
  for (const int nid : {NID_policy_constraints, NID_inhibit_any_policy, NID_policy_mappings,
                        NID_certificate_policies})
    if (const int at = X509_get_ext_by_NID(x, nid, -1);
        at >= 0 &&
        (nid == NID_policy_constraints || X509_EXTENSION_get_critical(X509_get_ext(x, at)) == 1))
      return true;
  return false;
}

bool any_asks_for_policies(X509* signer, STACK_OF(X509) * untrusted)
{
  if (asks_for_policies(signer)) return true;
  for (int i = 0; i < sk_X509_num(untrusted); ++i)
    if (asks_for_policies(sk_X509_value(untrusted, i))) return true;
  return false;
}

}  // namespace

bool check_policies(X509_VERIFY_PARAM* param, X509* signer, STACK_OF(X509) * untrusted)
{
  if (!any_asks_for_policies(signer, untrusted)) return true;
  // any is as good as another; without a word OpenSSL takes that for none
  return X509_VERIFY_PARAM_add0_policy(param, OBJ_nid2obj(NID_any_policy)) == 1 &&
         X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_POLICY_CHECK) == 1;
}

bool verify_chain(X509_STORE_CTX* ctx)
{
  if (__lsan_disable != nullptr) __lsan_disable();
  const bool stands = X509_verify_cert(ctx) == 1;
  if (__lsan_enable != nullptr) __lsan_enable();
  return stands;
}

X509* who_requires_policy(const std::vector<X509Ptr>& chain)
{
  using Constraints = Handle<POLICY_CONSTRAINTS, POLICY_CONSTRAINTS_free>;
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    const Constraints found(static_cast<POLICY_CONSTRAINTS*>(
        X509_get_ext_d2i(at->get(), NID_policy_constraints, nullptr, nullptr)));
    if (at != chain.rbegin() && found && found->requireExplicitPolicy != nullptr) return at->get();
  }
  return chain.front().get();
}

}  // namespace imip::crypto
