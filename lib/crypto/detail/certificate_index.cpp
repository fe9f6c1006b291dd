#include "crypto/detail/certificate_index.hpp"

#include <algorithm>
#include <optional>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/text.hpp"
#include "crypto/detail/cache.hpp"
#include "crypto/detail/der.hpp"

namespace imip::crypto {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view end_mark = "-----END ";

// OpenSSL's "TRUSTED CERTIFICATE" is not among them: its trust settings would have to be honoured.
bool certificate_label(std::string_view rest)
{
  return rest.starts_with("CERTIFICATE-----") || rest.starts_with("X509 CERTIFICATE-----");
}

// The base64 of a block, at most `most` characters of it, as octets.
std::string decode_base64(std::string_view block, std::size_t most)
{
  const auto first = block.find('\n');
  const auto last = block.rfind(end_mark);
  if (first == std::string_view::npos || last == std::string_view::npos || last < first) return {};
  std::string lines;
  for (std::string_view in = block.substr(first + 1, last - first - 1);
       !in.empty() && lines.size() < most;) {
    const auto stop = std::min(in.find('\n'), in.size());
    lines += text::trim(in.substr(0, stop));
    in.remove_prefix(std::min(stop + 1, in.size()));
  }
  lines.resize(std::min(lines.size(), most) / 4 * 4);
  std::string octets(lines.size() / 4 * 3, '\0');
  const int n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(octets.data()), octets_of(lines),
                                static_cast<int>(lines.size()));
  if (n < 0) return {};
  return octets;  // padding counts as zeros: nothing here reads so far
}

std::string subject_of_block(std::string_view block)
{
  // Version to subject fit into 512 characters of most certificates, into 1024 of nearly every one.
  for (const std::size_t most : {std::size_t{512}, std::size_t{1024}, block.size()}) {
    const std::string der = decode_base64(block, most);
    if (const auto subject = subject_of_certificate(der)) return std::string(*subject);
  }
  return {};
}

}  // namespace

Result<void> CertificateIndex::add_file(const std::string& path, const Limits& limits)
{
  auto content = read_file(path, limits.decoded_bytes);
  if (!content)
    return err(Errc::Config, content.error().what,
               "name a PEM file of certificates, or remove the entry");
  const std::string& text = files_.emplace_back(*std::move(content));
  const std::size_t file = files_.size() - 1;
  const std::size_t before = entries_.size();
  if (text.starts_with('\x30')) {
    entries_.push_back(Entry{file, Slice{0, text.size()}, false, {}, {}, {}, false});
  }
  for (auto at = text.find(begin_mark); at != std::string::npos; at = text.find(begin_mark, at)) {
    const std::size_t label = at + begin_mark.size();
    const auto end = text.find(end_mark, label);
    if (end == std::string::npos) break;
    const std::size_t stop = std::min(text.find('\n', end), text.size() - 1) + 1;
    if (certificate_label(std::string_view(text).substr(label)))
      entries_.push_back(Entry{file, Slice{at, stop - at}, true, {}, {}, {}, false});
    at = stop;
  }
  if (entries_.size() == before)
    return err(Errc::Config, cat(path, ": holds no certificate"),
               "it must have a -----BEGIN CERTIFICATE----- block, or be one certificate in DER");
  return {};
}

void CertificateIndex::read_subjects()
{
  for (; subjects_read_ < entries_.size(); ++subjects_read_) {
    Entry& e = entries_[subjects_read_];
    const std::string_view block = e.place.of(files_[e.file]);
    if (e.pem) {
      e.subject = subject_of_block(block);
    } else if (const auto subject = subject_of_certificate(block)) {
      e.subject = *subject;
    }
  }
}

bool CertificateIndex::load(Entry& e)
{
  if (e.certificate || e.broken) return !e.broken;
  const std::string_view block = e.place.of(files_[e.file]);
  if (e.pem) {
    unsigned char* der = nullptr;
    long n = 0;
    const BioPtr in = bio_over(block);
    if (PEM_bytes_read_bio(&der, &n, nullptr, PEM_STRING_X509, in.get(), nullptr, nullptr) == 1)
      e.certificate = pool_.decode({reinterpret_cast<char*>(der), static_cast<std::size_t>(n)});
    OPENSSL_free(der);
  } else if (const auto der = first_element(block)) {
    e.certificate = pool_.decode(*der);
  }
  ++decoded_;
  e.broken = !e.certificate;
  return !e.broken;
}

std::vector<X509*> CertificateIndex::all()
{
  std::vector<X509*> all;
  for (Entry& e : entries_)
    if (load(e)) all.push_back(e.certificate.get());
  return all;
}

std::vector<CertificateIndex::Entry*> CertificateIndex::find(X509_NAME* subject)
{
  read_subjects();
  std::vector<Entry*> found;
  const unsigned char* der = nullptr;
  std::size_t n = 0;
  if (X509_NAME_get0_der(subject, &der, &n) != 1) return found;
  const std::string_view wanted(reinterpret_cast<const char*>(der), n);
  for (Entry& e : entries_)
    if (e.subject == wanted && load(e)) found.push_back(&e);
  if (!found.empty()) return found;
  for (Entry& e : entries_) {
    if (!e.name && !e.subject.empty()) {
      const unsigned char* p = octets_of(e.subject);
      e.name.reset(d2i_X509_NAME(nullptr, &p, static_cast<long>(e.subject.size())));
      if (!e.name) e.subject.clear();
    }
    if (e.name && X509_NAME_cmp(e.name.get(), subject) == 0 && load(e)) found.push_back(&e);
  }
  return found;
}

}  // namespace imip::crypto
