#include "mime/mail_folder.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/cat.hpp"
#include "testing/temp_dir.hpp"

namespace imip::mime {
namespace {

using testing::TempDir;

const std::string from_line = "From a@example.com Mon Jan  4 09:00:00 2027\n";

std::vector<std::string> all(MailFolder folder)
{
  std::vector<std::string> out;
  while (auto mail = folder.next()) {
    const std::string name = std::filesystem::path(mail->name).filename().string();
    out.push_back(cat(name, "|", mail->octets ? *mail->octets : mail->octets.error().what));
  }
  return out;
}

std::vector<std::string> mbox(const std::string& content, const Limits& limits = {})
{
  const TempDir dir;
  const std::string path = dir.write("box", content);
  auto folder = MailFolder::open_mbox(path, limits);
  if (!folder) return {cat("error ", folder.error().what.substr(path.size()))};
  return all(*std::move(folder));
}

}  // namespace

TEST_CASE("an mbox gives one mail for each From_ line, without it and the empty line before the next")
{
  CHECK(mbox(from_line + "A: 1\n\nx\n\n" + from_line + "B: 2\n\ny\n") ==
        std::vector<std::string>{"box:1|A: 1\n\nx\n", "box:2|B: 2\n\ny\n"});
  CHECK(mbox(from_line + "A: 1\n\nno newline at the end") ==
        std::vector<std::string>{"box:1|A: 1\n\nno newline at the end"});
  CHECK(mbox("").empty());
}

TEST_CASE("CRLF mboxes keep their line ends")
{
  const std::string line = "From a Mon Jan 04 09:00:00 2027\r\n";
  CHECK(mbox(line + "A: 1\r\n\r\nx\r\n\r\n" + line + "B: 2\r\n\r\ny\r\n") ==
        std::vector<std::string>{"box:1|A: 1\r\n\r\nx\r\n", "box:2|B: 2\r\n\r\ny\r\n"});
}

TEST_CASE("a sentence that begins with From opens no mail, a From_ line only after an empty line does")
{
  const std::string body = "A: 1\n\nFrom now on we meet at ten.\n\nFrom here, too\n";
  CHECK(mbox(from_line + body) == std::vector<std::string>{"box:1|" + body});
  const std::string inside = "A: 1\n\ntext\n" + from_line + "more\n";
  CHECK(mbox(from_line + inside) == std::vector<std::string>{"box:1|" + inside});
}

TEST_CASE("one > of mboxrd's quoting is taken off, and only where it was put on")
{
  CHECK(mbox(from_line + "A: 1\n\n>From x\n>>From y\n> From z\n>Fromage\n") ==
        std::vector<std::string>{"box:1|A: 1\n\nFrom x\n>From y\n> From z\n>Fromage\n"});
}

TEST_CASE("a right Content-Length says that nothing was quoted, a wrong one says nothing")
{
  const std::string body = "\n>From x\n>>From y\n";
  const std::string unquoted = "\nFrom x\n>From y\n";
  const auto stays = [&](const std::string& header) {
    INFO(header);
    CHECK(mbox(from_line + header + body + "\n" + from_line + header + body) ==
          std::vector<std::string>{"box:1|" + header + body, "box:2|" + header + body});
  };
  stays("Content-Length: 17\n");
  stays("A: 1\ncontent-length:17 \nB: 2\n");
  for (const char* const header :
       {"Content-Length: 16\n", "Content-Length: 18\n", "Content-Length: 17x\n",
        "Content-Length:\n", "Content-Length: 17\nContent-Length: 17\n", "X-Content-Length: 17\n",
        "Content-Length: -17\n"}) {
    INFO(header);
    CHECK(mbox(from_line + header + body) ==
          std::vector<std::string>{cat("box:1|", header, unquoted)});
  }
  const std::string lines = "Content-Length: 21\r\n\r\n>From x\r\n\r\n>>From y\r\n";
  CHECK(mbox(from_line + lines) == std::vector<std::string>{"box:1|" + lines});
  // only a header says it
  CHECK(mbox(from_line + "A: 1\n\nContent-Length: 0\n\n>From x\n") ==
        std::vector<std::string>{"box:1|A: 1\n\nContent-Length: 0\n\nFrom x\n"});
}

TEST_CASE("a mail that is too large is an error of its own and the next one is read")
{
  Limits limits;
  limits.message_bytes = 100;
  const auto got = mbox(from_line + "A: 1\n\n" + std::string(300'000, 'x') + "\n\n" + from_line +
                            "B: 2\n\ny\n",
                        limits);
  REQUIRE(got.size() == 2);
  CHECK(got[0] == "box:1|a mail of more than 100 octets (limit message-bytes)");
  CHECK(got[1] == "box:2|B: 2\n\ny\n");
}

TEST_CASE("what is no mbox is said to be none")
{
  CHECK(mbox("A: 1\n\nx\n") ==
        std::vector<std::string>{"error : is no mbox: it does not begin with a From_ line"});
  const TempDir dir;
  const auto folder = MailFolder::open_mbox(dir.path().string(), {});
  REQUIRE_FALSE(folder);
  CHECK(folder.error().code == Errc::NoInput);
  CHECK_FALSE(MailFolder::open_mbox((dir / "none").string(), {}));
}

TEST_CASE("what is neither file nor folder is an error in its place")
{
  const TempDir dir;
  dir.write("a", "A: 1\n\n");
  std::filesystem::create_symlink("nowhere", dir / "b");
  REQUIRE(::mkfifo((dir / "c").c_str(), 0600) == 0);
  std::filesystem::create_directory(dir / "d");
  std::filesystem::create_directory_symlink(dir / "d", dir / "e");
  std::filesystem::create_symlink(dir / "a", dir / "f");
  auto folder = MailFolder::open_folder(dir.path().string(), {});
  REQUIRE(folder);
  std::vector<std::string> got;
  while (auto mail = folder->next())
    got.push_back(mail->octets ? *mail->octets : mail->octets.error().what.substr(dir.path().string().size()));
  CHECK(got == std::vector<std::string>{"A: 1\n\n", "/b: no such file or directory",
                                        "/c: is no regular file", "A: 1\n\n"});
}

TEST_CASE("what looks like an mbox with several mails is known by its From_ lines")
{
  CHECK(holds_more_mails(from_line + "A: 1\n\nx\n\n" + from_line + "B: 2\n\n"));
  CHECK(holds_more_mails(from_line + "A: 1\n\nx\n" + from_line + "B: 2\n\n"));
  CHECK_FALSE(holds_more_mails(from_line + "A: 1\n\nx\n\nFrom now on we meet at ten.\n"));
  CHECK_FALSE(holds_more_mails("A: 1\n\nx\n\n" + from_line + "B: 2\n\n"));
  CHECK_FALSE(holds_more_mails(from_line));
  CHECK_FALSE(holds_more_mails(""));
}

TEST_CASE("a mail of many pieces of the buffer comes whole")
{
  std::string body = "A: 1\n\n";
  for (int i = 0; i < 40'000; ++i) body += cat("line ", i, "\n");
  CHECK(mbox(from_line + body + "\n" + from_line + body) ==
        std::vector<std::string>{"box:1|" + body, "box:2|" + body});
}

TEST_CASE("a Maildir gives new/ and cur/ in order of delivery, another folder its files")
{
  const TempDir dir;
  for (const char* sub : {"cur", "new", "tmp"})
    std::filesystem::create_directory(dir / sub);
  dir.write("cur/1700000002.b:2,S", "b");
  dir.write("new/1700000001.a", "a");
  dir.write("new/1700000003.c", "c");
  dir.write("tmp/1700000000.t", "not delivered");
  dir.write("dovecot.index", "no mail");
  auto maildir = MailFolder::open_folder(dir.path().string(), {});
  REQUIRE(maildir);
  CHECK(maildir->total() == 3);
  CHECK(all(*std::move(maildir)) ==
        std::vector<std::string>{"1700000001.a|a", "1700000002.b:2,S|b", "1700000003.c|c"});

  const TempDir plain;
  plain.write("2.eml", "two");
  plain.write("1.eml", "one");
  plain.write(".hidden", "x");
  auto folder = MailFolder::open_folder(plain.path().string(), {});
  REQUIRE(folder);
  CHECK(all(*std::move(folder)) == std::vector<std::string>{"1.eml|one", "2.eml|two"});
  CHECK_FALSE(MailFolder::open_folder((plain / "none").string(), {}));
}

}  // namespace imip::mime
