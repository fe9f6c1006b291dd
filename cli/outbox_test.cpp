#include "cli/outbox.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "mime/mail_folder.hpp"
#include "testing/temp_dir.hpp"

using namespace imip;
using namespace imip::cli;

namespace {

const UtcSeconds date = *parse_instant("2027-01-04T10:00:00Z");

std::vector<Letter> letters(std::size_t n)
{
  std::vector<Letter> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back({cat("Subject: ", i, "\n\nFrom here\n>From there\nend\n"), "a@example.com", date});
  return out;
}

struct World {
  testing::TempDir dir;
  std::ostringstream out, err;
  Context context{out, err, date};

  Result<ExitCode> post_to(const OutboxOptions& o, std::size_t n)
  {
    return post(o, letters(n), context);
  }
  std::string path(const std::string& name) const { return (std::filesystem::path(dir.path()) / name).string(); }
};

std::string content(const std::string& path)
{
  const auto octets = read_file(path, 1U << 20U);
  REQUIRE(octets);
  return *octets;
}

std::vector<std::string> names(const std::string& folder)
{
  std::vector<std::string> out;
  for (const auto& e : std::filesystem::directory_iterator(folder)) out.push_back(e.path().filename());
  std::sort(out.begin(), out.end());
  return out;
}

OutboxOptions output(std::string to) { return {std::move(to), {}, {}}; }
OutboxOptions mbox(std::string to) { return {{}, std::move(to), {}}; }
OutboxOptions send(std::string to) { return {{}, {}, std::move(to)}; }

}  // namespace

TEST_CASE("outbox: standard output and a file take one mail, and of two nothing is written")
{
  World w;
  CHECK(w.post_to({}, 1) == ExitCode::Ok);
  CHECK(w.out.str() == letters(1).front().octets);
  const auto two = w.post_to({}, 2);
  REQUIRE_FALSE(two);
  CHECK(two.error().code == Errc::CannotCreate);
  CHECK(w.out.str() == letters(1).front().octets);
  const std::string file = w.path("mail.eml");
  CHECK_FALSE(w.post_to(output(file), 2));
  CHECK_FALSE(std::filesystem::exists(file));
  CHECK(w.post_to(output(file), 1) == ExitCode::Ok);
  CHECK(content(file) == letters(1).front().octets);
  CHECK(w.post_to({}, 0) == ExitCode::Ok);
}

TEST_CASE("outbox: a folder gets one file for each mail, in sending order")
{
  World w;
  const std::string folder = w.path("new") + "/";
  CHECK(w.post_to(output(folder), 12) == ExitCode::Ok);
  const auto found = names(folder);
  REQUIRE(found.size() == 12);
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK(content(folder + found[i]) == letters(12)[i].octets);
  CHECK(w.post_to(output(w.path("new")), 12) == ExitCode::Ok);  // the same mails, the same files
  CHECK(names(folder) == found);
  const auto nowhere = w.post_to(output(w.path("no/such/")), 2);
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == Errc::CannotCreate);
}

TEST_CASE("outbox: an mbox is appended to and read again as it was written")
{
  World w;
  const std::string box = w.path("box");
  CHECK(w.post_to(mbox(box), 2) == ExitCode::Ok);
  CHECK(w.post_to(mbox(box), 1) == ExitCode::Ok);
  auto folder = mime::MailFolder::open_mbox(box, Limits{});
  REQUIRE(folder);
  std::vector<std::string> read;
  while (auto mail = folder->next()) read.push_back(*mail->octets);
  CHECK(read == std::vector<std::string>{letters(2)[0].octets, letters(2)[1].octets,
                                         letters(1)[0].octets});
  CHECK(content(box).starts_with("From a@example.com Mon Jan  4 10:00:00 2027\n"));
  CHECK(w.post_to(mbox("-"), 2) == ExitCode::Ok);
  CHECK(w.out.str().size() == content(box).size() * 2 / 3);
  CHECK_FALSE(w.post_to(mbox(w.path(".")), 1));
}

TEST_CASE("outbox: --send runs the command for each mail, without a shell")
{
  std::signal(SIGPIPE, SIG_IGN);  // as the program does: not every command reads all
  World w;
  const std::string log = w.path("log");
  CHECK(w.post_to(send(cat("sh -c 'cat >>", log, "'")), 2) == ExitCode::Ok);
  CHECK(content(log) == letters(2)[0].octets + letters(2)[1].octets);
  CHECK(w.post_to(send("sh -c 'exit 69'"), 2) == ExitCode::Unavailable);
  CHECK(w.err.str().find("0 of 2 mails were sent") != std::string::npos);
  CHECK(w.post_to(send("sh -c 'exit 3'"), 1) == ExitCode::TempFail);
  CHECK(w.post_to(send("sh -c 'kill -9 $$'"), 1) == ExitCode::TempFail);
  CHECK(w.post_to(send("true"), 1) == ExitCode::Ok);  // it need not read
  const auto none = w.post_to(send("/no/such/program"), 1);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Errc::Unavailable);
  CHECK(w.out.str().empty());
}

TEST_CASE("outbox: the words of --send")
{
  const auto words = [](const std::string& s) {
    const auto read = command_words(s);
    return read ? *read : std::vector<std::string>{read.error().what};
  };
  CHECK(words("sendmail -t -i") == std::vector<std::string>{"sendmail", "-t", "-i"});
  CHECK(words("a 'b $c' \"d|e\" f\\ g ''") == std::vector<std::string>{"a", "b $c", "d|e", "f g", ""});
  for (const char* bad : {"a | b", "a > b", "a $HOME", "a; b", "a `b`", "a &", "a 'b", "", "  "})
    CHECK(command_words(bad).has_value() == false);
}

TEST_CASE("outbox: two places exclude each other")
{
  const auto both = check_outbox({"x", "y", {}}, 1);
  REQUIRE_FALSE(both);
  CHECK(both.error().code == Errc::Usage);
}
