#include "base/digest.hpp"

#include <catch2/catch.hpp>

using namespace imip;

TEST_CASE("sha256_hex gives the values of FIPS 180-4's examples")
{
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("hmac_sha256_hex gives the values of RFC 4231")
{
  CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac_sha256_hex(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

TEST_CASE("an empty HMAC key is a key of its own and not that of the call before")
{
  const std::string first = hmac_sha256_hex("", "x");
  static_cast<void>(hmac_sha256_hex("another", "x"));
  CHECK(hmac_sha256_hex("", "x") == first);
  CHECK(hmac_sha256_hex(std::string_view(), "x") == first);
}

TEST_CASE("random_hex gives as many octets as asked for, never the same ones")
{
  CHECK(random_hex(0).empty());
  CHECK(random_hex(16).size() == 32);
  CHECK(random_hex(16) != random_hex(16));
  CHECK(random_hex(64).find_first_not_of("0123456789abcdef") == std::string::npos);
}
