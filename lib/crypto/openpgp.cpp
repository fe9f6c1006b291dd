#include "crypto/openpgp.hpp"

namespace imip::crypto {
namespace {

SignatureReport unchecked(std::string text)
{
  SignatureReport report;
  report.defects.push_back({Code::SignatureUnchecked, std::move(text)});
  return report;
}

}  // namespace

struct OpenPgp::Impl {
  OpenPgpOptions options;
  Limits limits;
};

OpenPgp::OpenPgp(OpenPgpOptions options, const Limits& limits)
    : impl_(std::make_unique<Impl>(Impl{std::move(options), limits}))
{
}
OpenPgp::OpenPgp(OpenPgp&&) noexcept = default;
OpenPgp& OpenPgp::operator=(OpenPgp&&) noexcept = default;
OpenPgp::~OpenPgp() = default;

SignatureReport OpenPgp::verify_detached(std::string_view, std::string_view) const
{
  return unchecked("the OpenPGP signature was not checked: this version of imip checks S/MIME only");
}

SignatureReport OpenPgp::open(std::string_view) const
{
  return unchecked("the OpenPGP encryption was not opened: this version of imip reads S/MIME only");
}

}  // namespace imip::crypto
