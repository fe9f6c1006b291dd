// Signed attributes (RFC 5652 sections 5.3 and 11) that are not as they must be: which one, and
// what is wrong with it.
#include "crypto/fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

namespace {

using testing::RawAttribute;

const std::string time_2026 =
    "\x17\x0D"
    "260101000000Z";
const std::string time_2025 =
    "\x17\x0D"
    "250101000000Z";
const std::string type_data = "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01";

std::string digest_value()
{
  std::string out = "\x04\x20";
  const std::string hex = sha256_hex(octets);
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

struct World {
  TestCa ca;
  Issued alice = ca.person("alice@example.com");

  // What Alice signs with these attributes left out, and those beside the others.
  [[nodiscard]] SignatureReport judge(std::vector<std::string> without,
                                      std::vector<RawAttribute> more,
                                      std::vector<RawAttribute> unsigned_more = {}) const
  {
    return verify(ca, raw_cms({.signers = {{.who = alice,
                                            .signing_time = now,
                                            .without = std::move(without),
                                            .more = std::move(more),
                                            .unsigned_more = std::move(unsigned_more)}}},
                              octets));
  }
};

void check_malformed(const SignatureReport& report, const std::string& code,
                     const std::string& words)
{
  const Signature& s = only(report);
  CHECK(s.status == SignatureStatus::Invalid);
  CHECK(s.identities.empty());
  CHECK(codes(s.findings) == code);
  CHECK(s.findings.front().text == words);
}

}  // namespace

TEST_CASE("attributes that are signed once more, as they must be, are valid")
{
  const World w;
  check_valid(w.judge({"messageDigest", "signingTime"},
                      {{"messageDigest", {digest_value()}}, {"signingTime", {time_2026}}}),
              "alice@example.com");
}

TEST_CASE("a signed attribute that is missing, twice, or has several values is named")
{
  const World w;
  const auto malformed = [&](const std::vector<std::string>& without,
                             const std::vector<RawAttribute>& more, const std::string& words) {
    check_malformed(w.judge(without, more), "signature-malformed", words);
  };
  const std::string digest = digest_value();
  const std::string about_digest = "the signed message-digest attribute ";
  const std::string of_digest = " (RFC 5652 section 11.2)";
  malformed({"messageDigest"}, {}, about_digest + "is missing" + of_digest);
  malformed({}, {{"messageDigest", {digest}}}, about_digest + "is there twice" + of_digest);
  malformed({"messageDigest"}, {{"messageDigest", {digest, digest}}},
            about_digest + "has 2 values" + of_digest);
  malformed({"messageDigest"}, {{"messageDigest", {}}}, about_digest + "has 0 values" + of_digest);
  malformed({"messageDigest"}, {{"messageDigest", {time_2026}}},
            about_digest + "is not an octet string" + of_digest);
  const std::string about_time = "the signed signing-time attribute ";
  const std::string of_time = " (RFC 5652 section 11.3)";
  malformed({}, {{"signingTime", {time_2026}}}, about_time + "is there twice" + of_time);
  malformed({"signingTime"}, {{"signingTime", {time_2025, time_2026}}},
            about_time + "has 2 values" + of_time);
  malformed({"signingTime"}, {{"signingTime", {digest}}},
            about_time + "is not a valid time" + of_time);
}

TEST_CASE("of the content-type attribute it is said what is wrong with it")
{
  const World w;
  const auto wrong = [&](const std::vector<std::string>& without,
                         const std::vector<RawAttribute>& more, const std::string& words) {
    check_malformed(w.judge(without, more), "content-type-attribute",
                    cat("the signed content-type attribute ", words, " (RFC 5652 section 11.1)"));
  };
  wrong({"contentType"}, {}, "is missing");
  wrong({}, {{"contentType", {type_data}}}, "is there twice");
  wrong({"contentType"}, {{"contentType", {type_data, type_data}}}, "has 2 values");
  wrong({"contentType"}, {{"contentType", {digest_value()}}},
        "differs from the type of the content");
}

TEST_CASE("an attribute on the wrong side is named")
{
  const World w;
  check_malformed(w.judge({}, {}, {{"signingTime", {time_2026}}}), "signature-malformed",
                  "the signing-time attribute is among the unsigned ones (RFC 5652 section 11.3)");
  check_malformed(
      w.judge({}, {{"countersignature", {type_data}}}), "signature-malformed",
      "the countersignature attribute is among the signed ones (RFC 5652 section 11.4)");
}
