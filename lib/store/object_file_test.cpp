#include "store/detail/object_file.hpp"

#include <catch2/catch.hpp>

using namespace imip::store;
using Uids = std::vector<std::string>;

TEST_CASE("UIDs are found in LF and CRLF, in any letter case, with parameters")
{
  CHECK(uid_hints("BEGIN:VEVENT\nUID:a\nEND:VEVENT\n").uids == Uids{"a"});
  CHECK(uid_hints("BEGIN:VEVENT\r\nuid:a\r\n").uids == Uids{"a"});
  CHECK(uid_hints("UID;X-P=\"x:y;z\":a:b\r\n").uids == Uids{"a:b"});
  CHECK(uid_hints("UID:a").uids == Uids{"a"});
}

TEST_CASE("a UID is found across folds, even one inside its name")
{
  CHECK(uid_hints("UID:abc\r\n def\r\n").uids == Uids{"abcdef"});
  CHECK(uid_hints("UID:abc\n\tdef\n").uids == Uids{"abcdef"});
  CHECK(uid_hints("U\r\n I\r\n D:abc\r\n").uids == Uids{"abc"});
}

TEST_CASE("an escaped UID is found as what it means")
{
  CHECK(uid_hints("UID:a\\,b\\\\c\n").uids == Uids{"a,b\\c"});
}

TEST_CASE("what only looks like a UID is none")
{
  CHECK(uid_hints("X-UID:a\nUIDS:b\nDESCRIPTION:UID:c\nDESCRIPTION:\n UID:d\nUID\nUID:\n")
            .uids.empty());
  CHECK(uid_hints("").uids.empty());
  CHECK(uid_hints("UI").uids.empty());
}

TEST_CASE("each UID is given once, sorted")
{
  CHECK(uid_hints("UID:b\nUID:a\nUID:b\n").uids == Uids{"a", "b"});
}

TEST_CASE("a file is whole when it ends with END:VCALENDAR")
{
  CHECK(uid_hints("BEGIN:VCALENDAR\r\nUID:a\r\nend:vcalendar\r\n\r\n").whole);
  CHECK_FALSE(uid_hints("BEGIN:VCALENDAR\r\nUID:a\r\nEND:VEVENT\r\n").whole);
  CHECK_FALSE(uid_hints("END:VCALENDAR\r\nUID:a\r\n").whole);
}

TEST_CASE("a plain UID names its file")
{
  CHECK(names_for("20270104-ABC_d.e+f").front() == "20270104-ABC_d.e+f.ics");
}

TEST_CASE("a UID that cannot be a file name gives a hash")
{
  const std::string longest(100, 'u');
  CHECK(names_for(longest).size() == 2);
  for (const std::string uid :
       {"a@example.com", "../../etc/passwd", "a/b", ".hidden", "-rf", "", "ü", "a b", "a\nb"}) {
    const auto names = names_for(uid);
    REQUIRE(names.size() == 1);
    CHECK(names[0].size() == 44);
    CHECK(names[0].find_first_not_of("0123456789abcdef.ics") == std::string::npos);
  }
  CHECK(names_for(longest + "u").size() == 1);
  CHECK(names_for("a@b").front() != names_for("a@c").front());
}
