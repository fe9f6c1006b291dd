/// @file A gpgsm of its own that knows some people and their authority: the second opinion.
#pragma once
#include <filesystem>
#include <string>

#include "crypto/fixture.hpp"

namespace imip::crypto::fixture {

class GpgsmHome {
 public:
  /// Imports the key of `who` and trusts the root of `ca`.
  GpgsmHome(const TestCa& ca, const Issued& who)
  {
    dir_.write("g/gpgsm.conf", "disable-crl-checks\nauto-issuer-key-retrieve\n");
    dir_.write("g/gpg-agent.conf", "allow-loopback-pinentry\ns2k-count 65536\n");
    const auto fingerprint = testing::shell("openssl x509 -noout -fingerprint -sha1 -in " +
                                            ca.root().certificate + " | sed 's/.*=//'")
                                 .output;
    dir_.write("g/trustlist.txt", cat(fingerprint.substr(0, fingerprint.find('\n')), " S relax\n"));
    std::filesystem::permissions(home(), std::filesystem::perms::owner_all);
    // Now and then gpgsm 2.2 cannot read a PKCS #12 file: another salt makes another file.
    testing::ShellResult imported;
    for (int i = 0; i < 3; ++i) {
      imported = run("--import " + ca.pkcs12(who, "x", true));
      if (imported.status == 0) break;
    }
    INFO(imported.output);
    REQUIRE(imported.status == 0);
    REQUIRE(run("--import " + ca.root().certificate).status == 0);
  }
  ~GpgsmHome() { testing::shell("gpgconf --homedir " + home() + " --kill all"); }
  GpgsmHome(const GpgsmHome&) = delete;
  GpgsmHome& operator=(const GpgsmHome&) = delete;

  testing::ShellResult run(const std::string& arguments) const
  {
    return testing::shell(cat("echo x | LC_ALL=C gpgsm --homedir ", home(),
                              " --batch --yes --pinentry-mode loopback --passphrase-fd 0 ",
                              arguments));
  }

  [[nodiscard]] std::string home() const { return (dir_ / "g").string(); }

 private:
  TempDir dir_;
};

}  // namespace imip::crypto::fixture
