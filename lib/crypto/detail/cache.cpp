#include "crypto/detail/cache.hpp"

#include <algorithm>

namespace imip::crypto {

X509Ptr CertificatePool::decode(std::string_view der)
{
  if (remember_)
    if (const X509Ptr* known = known_.find(der)) return share(known->get());
  ++decoded_;
  const unsigned char* p = octets_of(der);
  X509Ptr x(d2i_X509(nullptr, &p, static_cast<long>(der.size())));
  if (!x || p != octets_of(der) + der.size()) return {};
  if (remember_) known_.put(std::string(der), share(x.get()), 1);
  return x;
}

std::size_t ProofCache::Hash::operator()(const Key& key) const
{
  std::size_t h = key.size();
  for (X509* x : key) h = h * 31 + std::hash<X509*>{}(x);
  return h;
}

Proof ProofCache::prove(X509* signer, const Trust& trust, const Carried& carried)
{
  if (!remember_ || sk_X509_CRL_num(carried.crls) > 0) return crypto::prove(signer, trust, carried);
  Key key;
  for (int i = 0; i < sk_X509_num(carried.certificates); ++i)
    key.push_back(sk_X509_value(carried.certificates, i));
  key.push_back(signer);
  if (const Remembered* known = known_.find(key)) return known->proof;
  Proof proof = crypto::prove(signer, trust, carried);
  if (proof.by_signing_time) return proof;
  std::vector<X509Ptr> alive;
  for (X509* x : key) alive.push_back(share(x));
  const std::size_t weight = key.size();
  known_.put(std::move(key), Remembered{proof, std::move(alive)}, weight);
  return proof;
}

}  // namespace imip::crypto
