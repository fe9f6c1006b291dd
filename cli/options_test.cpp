#include "cli/options.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace imip;
using namespace imip::cli;

namespace {

Parsed parse(std::vector<const char*> words)
{
  words.insert(words.begin(), "imip");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

template <typename T>
T options(const std::vector<const char*>& words)
{
  const Parsed parsed = parse(words);
  INFO(parsed.text);
  REQUIRE(parsed.options);
  return std::get<T>(*parsed.options);
}

std::string complaint(const std::vector<const char*>& words)
{
  const Parsed parsed = parse(words);
  CHECK_FALSE(parsed.options);
  CHECK(parsed.to_stderr);
  CHECK(parsed.exit_code == 64);
  CHECK(std::count(parsed.text.begin(), parsed.text.end(), '\n') == 1);
  return parsed.text;
}

}  // namespace

TEST_CASE("every command has a help of its own, on standard output, exit 0")
{
  for (const auto& [name, names] : all_options()) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < name.size();) {
      const std::size_t space = std::min(name.find(' ', at), name.size());
      words.push_back(name.substr(at, space - at));
      at = space + 1;
    }
    std::vector<const char*> call;
    for (const std::string& w : words) call.push_back(w.c_str());
    call.push_back("--help");
    const Parsed parsed = parse(call);
    CHECK(parsed.exit_code == 0);
    CHECK_FALSE(parsed.to_stderr);
    for (const std::string& option : names) CHECK_THAT(parsed.text, Catch::Contains(option));
    call.pop_back();
    call.insert(call.begin(), "help");
    CHECK(parse(call).text == parsed.text);
  }
}

TEST_CASE("the option --part takes the numbers that parts have")
{
  for (const char* number : {"1", "1.2", "2/1", "1.10.3/1.2/1", "TEXT/1.2", "1.TEXT/2"})
    CHECK(options<VerifyOptions>({"verify", "--part", number}).input.part == number);
  for (const char* word : {"x", "", "0", "1.", ".1", "1..2", "/1", "1/", "01", "1.x", "text/1", "-1"})
    CHECK_THAT(complaint({"verify", "--part", word}), Catch::Contains("is no part number"));
}

TEST_CASE("the version is answered alone")
{
  CHECK_THAT(parse({"--version"}).text, Catch::StartsWith("imip 0."));
  CHECK(parse({"--version"}).exit_code == 0);
}

TEST_CASE("build takes its flags")
{
  const auto o = options<BuildOptions>(
      {"build", "request", "--organizer", "a@x.example", "--attendee", "b@x.example;RSVP=TRUE",
       "--attendee=c@x.example", "--summary", "T", "--start", "2027-01-04T10:00", "--sequence", "3",
       "--timezone", "Europe/Berlin", "--attach", "f.pdf", "--this-and-future", "in.ics"});
  CHECK(o.method == "request");
  CHECK(o.file == "in.ics");
  CHECK(o.spec.attendees == std::vector<std::string>{"b@x.example;RSVP=TRUE", "c@x.example"});
  CHECK(o.spec.sequence == 3);
  CHECK(o.spec.this_and_future);
  CHECK(o.attach == std::vector<std::string>{"f.pdf"});
  CHECK(o.format == "mail");
}

TEST_CASE("a value may begin with a dash or be empty")
{
  const auto o = options<ReplyOptions>({"reply", "decline", "--comment", "-5 degrees"});
  CHECK(o.comment == "-5 degrees");
  CHECK(options<ReplyOptions>({"reply", "decline", "--comment", "--help"}).comment == "--help");
  CHECK(options<BuildOptions>({"build", "request", "--summary", "", "x.ics"}).file == "x.ics");
  CHECK(options<BuildOptions>({"build", "request", "--summary=", "x.ics"}).file == "x.ics");
}

TEST_CASE("a value in brackets is one value")
{
  const auto o =
      options<BuildOptions>({"build", "request", "--summary", "[a,b]", "--attendee", "[x]"});
  CHECK(o.spec.summary == "[a,b]");
  CHECK(o.spec.attendees == std::vector<std::string>{"[x]"});
}

TEST_CASE("the flag --yes never takes the next word")
{
  const auto bare = options<ApplyOptions>({"apply", "--yes", "mail.eml"});
  REQUIRE(bare.yes);
  CHECK(bare.yes->empty());
  CHECK(bare.input.files == std::vector<std::string>{"mail.eml"});
  const auto named = options<ApplyOptions>({"apply", "--yes=first-contact,stale"});
  CHECK(named.yes == std::vector<std::string>{"first-contact", "stale"});
  CHECK_FALSE(options<ApplyOptions>({"apply"}).yes);
}

TEST_CASE("the flag --yes with a reason that does not exist is refused")
{
  CHECK_THAT(complaint({"apply", "--yes=whatever"}), Catch::Contains("'whatever'"));
  CHECK_THAT(complaint({"apply", "--yes="}), Catch::Contains("--yes"));
  CHECK_THAT(complaint({"apply", "--yes=stale,"}), Catch::Contains("--yes"));
}

TEST_CASE("after -- everything is a file")
{
  const auto o = options<VerifyOptions>({"verify", "--brief", "--", "--json", "-"});
  CHECK(o.brief);
  CHECK_FALSE(o.common.json);
  CHECK(o.input.files == std::vector<std::string>{"--json", "-"});
}

TEST_CASE("times are read while parsing")
{
  const auto o = options<VerifyOptions>(
      {"verify", "--now", "2027-01-04T10:00:00Z", "--verification-time", "@0"});
  REQUIRE(o.common.now);
  CHECK(to_rfc3339(*o.common.now) == "2027-01-04T10:00:00Z");
  REQUIRE(o.common.verification_time);
  CHECK(o.common.verification_time->time_since_epoch().count() == 0);
  CHECK_THAT(complaint({"verify", "--now", "yesterday"}), Catch::Contains("--now: 'yesterday'"));
}

TEST_CASE("a wrong choice lists the choices")
{
  CHECK_THAT(complaint({"build", "request", "--format", "mai"}),
             Catch::Contains("--format: 'mai' is not one of the choices: mail or ics"));
  CHECK_THAT(complaint({"reply", "maybe"}), Catch::Contains("accept, tentative, decline, delegate, counter or refresh"));
  CHECK_THAT(complaint({"verify", "--color", "blue"}), Catch::Contains("auto, always or never"));
}

TEST_CASE("a misspelt word gets the nearest one")
{
  CHECK_THAT(complaint({"verfy"}), Catch::Contains("did you mean 'verify'?"));
  CHECK_THAT(complaint({"policy", "alow"}), Catch::Contains("did you mean 'allow'?"));
  CHECK_THAT(complaint({"build", "request", "--sumary", "x"}),
             Catch::Contains("did you mean '--summary'?"));
  CHECK_THAT(complaint({"qqqqqqq"}), !Catch::Contains("did you mean"));
}

TEST_CASE("what is wrong is one line that names the command and its help")
{
  CHECK(complaint({"reply"}) == "imip reply: ANSWER is missing (try 'imip reply --help')\n");
  CHECK(complaint({"verify", "--now"}) ==
        "imip verify: --now needs a value (try 'imip verify --help')\n");
  CHECK_THAT(complaint({"build", "request", "--uid", "a", "--uid", "b"}),
             Catch::Contains("--uid is given twice"));
  CHECK_THAT(complaint({"verify", "--json=no"}), Catch::Contains("--json takes no value"));
  CHECK_THAT(complaint({"sign", "a", "b"}), Catch::Contains("unexpected argument 'b'"));
  CHECK_THAT(complaint({"build", "request", "--sequence", "-1"}), Catch::Contains("--sequence"));
  CHECK_THAT(complaint({"build", "request", "--sequence", "x"}), Catch::Contains("--sequence"));
  CHECK_THAT(complaint({"sign", "--passphrase-fd", "x"}), Catch::Contains("--passphrase-fd"));
  CHECK_THAT(complaint({}), Catch::Contains("a command is missing"));
  CHECK_THAT(complaint({"policy"}), Catch::Contains("ACTION is missing"));
  CHECK_THAT(complaint({"--json", "verify"}), Catch::Contains("before the command"));
}

TEST_CASE("what is echoed cannot play tricks on the terminal")
{
  const std::string text = complaint({"verify", "--\x1b[2J\n"});
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("the actions of policy")
{
  const auto o = options<PolicyOptions>(
      {"policy", "allow", "boss@x.example", "--sent-by", "pa@x.example", "--method", "REQUEST"});
  CHECK(o.action == PolicyOptions::Action::Allow);
  CHECK(o.address == "boss@x.example");
  CHECK(o.sent_by == "pa@x.example");
  CHECK(o.methods == std::vector<std::string>{"REQUEST"});
  CHECK_THAT(complaint({"policy", "allow"}), Catch::Contains("ADDRESS is missing"));
  CHECK_THAT(complaint({"policy", "allow", "a@x.example", "--role", "x"}),
             Catch::Contains("organizer, attendee or both"));
}

TEST_CASE("completions are printed")
{
  for (const char* shell : {"bash", "zsh", "fish"})
    CHECK_THAT(parse({"completion", shell}).text, Catch::Contains("imip"));
  CHECK_THAT(complaint({"completion", "tcsh"}), Catch::Contains("bash, zsh or fish"));
}
