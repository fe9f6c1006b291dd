#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zlib.h>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "base/posix.hpp"
#include "crypto/openpgp_fixture.hpp"

namespace imip::crypto::fixture {
namespace {

namespace fs = std::filesystem;

std::string signed_by_boss()
{
  static const std::string armour = people().senders.sign(octets, people().boss);
  return armour;
}

std::string signature_packet()
{
  static const std::string packets = people().senders.gpg("--dearmor --output -", signed_by_boss());
  return packets;
}

/// An owner of their own, whose files a test may spoil.
struct Owner {
  TempGpgHome home;
  Owner()
  {
    home.gpg("--import", people().owner.gpg("--armor --export-secret-keys --output - " + people().alice));
    home.gpg("--import-ownertrust", people().alice + ":6:\n");
    home.import_from(people().senders, people().boss);
    home.gpg("--quick-lsign-key " + people().boss + " 'Boss <boss@example.com>'");
  }
};

/// A server on the loopback interface that counts who comes.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))
  {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(fd_.get(), 10) != 0 ||
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no listener");
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] std::string url(const std::string& scheme) const
  {
    return scheme + "://127.0.0.1:" + std::to_string(port_);
  }
  /// How many came, also within the next moments.
  [[nodiscard]] int visitors() const
  {
    int n = 0;
    pollfd p{fd_.get(), POLLIN, 0};
    while (::poll(&p, 1, 300) > 0) {
      const Fd visitor(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (visitor.ok()) ++n;
    }
    return n;
  }

 private:
  Fd fd_;
  int port_ = 0;
};

std::string snapshot(const fs::path& folder)
{
  std::string all;
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    // the agent keeps its own
    if (entry.is_regular_file() && entry.path().filename() != "random_seed" &&
        entry.path().parent_path().filename() != "private-keys-v1.d")
      files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  const TempDir reader;
  for (const std::string& file : files) all += file + " " + sha256_hex(reader.read(file)) + "\n";
  return all;
}

/// Where temporary homes are made while it lives, so that another test's do not count.
class TemporaryHomes {
 public:
  TemporaryHomes() { ::setenv("TMPDIR", dir_.path().c_str(), 1); }
  ~TemporaryHomes() { ::unsetenv("TMPDIR"); }
  TemporaryHomes(const TemporaryHomes&) = delete;
  TemporaryHomes& operator=(const TemporaryHomes&) = delete;
  [[nodiscard]] std::string path() const { return dir_.path().string(); }
  [[nodiscard]] long count() const
  {
    return std::distance(fs::directory_iterator(dir_.path()), fs::directory_iterator());
  }
  /// Of gpg, on such a home.
  [[nodiscard]] int processes() const
  {
    int n = 0;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::ifstream in(entry.path() / "cmdline", std::ios::binary);
      std::string line;
      std::getline(in, line);  // of a process that ends meanwhile nothing
      if (line.find("--homedir" + std::string(1, '\0') + dir_.path().string()) != std::string::npos) ++n;
    }
    return n;
  }

 private:
  TempDir dir_;
};

/// Runs `body` in a process of its own, as few processes as gpg are at home in; true if it returned true.
template <typename Body>
bool in_child(Body body)
{
  const pid_t child = ::fork();
  if (child == 0) {
    bool good = false;
    try {
      good = body();
    } catch (...) {
    }
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool is_the_boss(const SignatureReport& report)
{
  return report.signatures.size() == 1 &&
         report.signatures[0].status == SignatureStatus::Valid &&
         names(report.signatures[0].identities) == "boss@example.com";
}

std::string compressed(std::string_view packets)
{
  uLongf size = ::compressBound(packets.size());
  std::string out(size, '\0');
  ::compress2(reinterpret_cast<Bytef*>(out.data()), &size,
              reinterpret_cast<const Bytef*>(packets.data()), packets.size(), 9);
  out.resize(size);
  return testing::packet(8, "\x02" + out);
}

}  // namespace

TEST_CASE("what is more or less than detached OpenPGP signatures is malformed")
{
  const auto& all = people();
  const std::string sig = signature_packet();
  const std::string literal = testing::packet(11, std::string("b\0\0\0\0\0", 6) + "evil");
  const std::string key = all.senders.gpg("--export " + all.boss);
  const auto malformed = [&](const std::string& text) {
    INFO(text);
    check_defect(verify_pgp(text), "signature-malformed");
  };
  const auto packets_malformed = [&](const std::string& packets) {
    malformed(testing::armoured(packets, "SIGNATURE"));
  };
  check_valid(verify_pgp(testing::armoured(sig, "SIGNATURE")), "boss@example.com");

  packets_malformed("");
  packets_malformed(key);
  packets_malformed(sig + key);
  packets_malformed(key + sig);
  packets_malformed(sig + literal);
  packets_malformed(literal + sig);
  packets_malformed(compressed(sig));
  packets_malformed(sig + compressed(sig));
  packets_malformed(testing::packet(10, "PGP") + sig);
  packets_malformed(sig + testing::packet(60, "private"));
  packets_malformed(sig.substr(0, sig.size() - 1));
  packets_malformed(sig + "x");
  packets_malformed(all.senders.gpg("--sign --output - -u " + all.boss, octets));

  const std::string one = signed_by_boss();
  malformed("");
  malformed(sig);
  malformed(one + one);
  malformed("see below\n" + one);
  malformed(one + "-- \nlist footer\n");
  for (std::string text : {one, testing::armoured(sig + sig + sig, "SIGNATURE")})  // where its data ends already
    for (const char* more : {"\n-", "\n-AAAA", "\nAAAA\n=AAAA\nAAAA"})
      malformed(std::string(text).insert(text.find("\n-----END"), more));
  malformed(one.substr(0, one.size() - 20));
  malformed(testing::armoured(sig, "MESSAGE"));
  malformed(testing::armoured(key, "PUBLIC KEY BLOCK"));
  malformed(one + testing::armoured(key, "PUBLIC KEY BLOCK"));
  malformed(all.senders.gpg("--clear-sign --output - -u " + all.boss, octets));
  malformed("-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----");
  malformed("-----BEGIN PGP SIGNATURE----------END PGP SIGNATURE-----");
}

TEST_CASE("an armour may have a header, CRLF, and blanks around it")
{
  std::string armour = signed_by_boss();
  armour.insert(armour.find('\n') + 1, "Version: Other 1.0\nComment: hello\n");
  std::string crlf = "\r\n";
  for (const char c : armour) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  check_valid(verify_pgp(armour), "boss@example.com");
  check_valid(verify_pgp(crlf + "\r\n \r\n"), "boss@example.com");
}

TEST_CASE("an armour without a checksum, of any length, holds what it holds (RFC 9580 section 6.1)")
{
  for (const char* more : {"", "x", "xx"}) {  // octets that make up the last group of four characters
    const std::string armour = people().senders.sign(
        octets, people().boss, cat("--sig-policy-url http://example.com/", more));
    const std::string packets = people().senders.gpg("--dearmor --output -", armour);
    INFO(packets.size() % 3);
    check_valid(verify_pgp(testing::armoured(packets, "SIGNATURE")), "boss@example.com");
  }
}

TEST_CASE("many signatures, and a large one, meet a limit")
{
  std::string many;
  for (int i = 0; i < 9; ++i) many += signature_packet();
  check_defect(verify_pgp(testing::armoured(many, "SIGNATURE")), "limit-exceeded");
  check_defect(verify_pgp(std::string(1'048'577, 'x')), "limit-exceeded");
}

TEST_CASE("damaged signature packets are never good")
{
  const std::string sig = signature_packet();
  for (std::size_t at = 2; at < sig.size(); at += 3) {
    std::string bad = sig;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    if (at > 37 && at < 54) continue;  // the unhashed area, a hint that nobody relies on
    const auto report = verify_pgp(testing::armoured(bad, "SIGNATURE"));
    INFO(at);
    for (const Signature& s : report.signatures) CHECK(s.status != SignatureStatus::Valid);
    CHECK((!report.signatures.empty() || !report.defects.empty()));
  }
}

TEST_CASE("judging opens no connection and imports no key, whatever gpg.conf says")
{
  const Owner owner;
  const Listener listener;
  const std::string stranger = people().senders.make_key("Far <far@example.com>");
  // carries its key, for gpg to import, and says where to look for it
  const std::string far = people().senders.sign(
      octets, stranger,
      "--include-key-block --sig-keyserver-url " + listener.url("http") + "/key.asc");
  owner.home.dir().write("gpg.conf",
                         "auto-key-retrieve\nauto-key-import\nkeyserver " + listener.url("hkp") +
                             "\nkeyserver-options "
                             "auto-key-retrieve,honor-keyserver-url\nauto-key-locate keyserver,wkd\n"
                             "trust-model always\n");
  owner.home.dir().write("dirmngr.conf", "keyserver " + listener.url("hkp") + "\n");
  const std::string before = snapshot(owner.home.dir().path());
  check_unchecked(verify_pgp(far, ring_of(owner.home)), stranger);
  CHECK(is_the_boss(verify_pgp(signed_by_boss(), ring_of(owner.home))));
  CHECK(listener.visitors() == 0);
  CHECK(snapshot(owner.home.dir().path()) == before);
  CHECK_FALSE(owner.home.accepts("--list-keys " + stranger));

  // gpg itself would have gone there
  const TempDir dir;
  static_cast<void>(owner.home.accepts("--verify " + dir.write("sig", far) + " " +
                                       dir.write("text", octets)));
  CHECK((listener.visitors() > 0 || owner.home.accepts("--list-keys " + stranger)));
}

TEST_CASE("gpg.conf trusts nobody and breaks nothing")
{
  const Owner owner;
  const std::string stranger = people().senders.make_key("Always <always@example.com>");
  owner.home.import_from(people().senders, stranger);
  const TempDir dir;
  owner.home.dir().write(
      "gpg.conf", "trust-model always\nalways-trust\ntrusted-key " + stranger.substr(24) +
                      "\nkeyring /nonexistent\nno-such-option\nlog-file " + dir.path().string() +
                      "/log\nstatus-file " + dir.path().string() +
                      "/status\nignore-time-conflict\nverify-options show-photos\n");
  check_unproven(verify_pgp(people().senders.sign(octets, stranger), ring_of(owner.home)),
                 "key-not-valid");
  CHECK(is_the_boss(verify_pgp(signed_by_boss(), ring_of(owner.home))));
  CHECK(fs::is_empty(dir.path()));
}

TEST_CASE("the owner's files stay as they are, and nothing of ours is left")
{
  const Owner owner;
  const std::string message = owner.home.gpg(
      "--trust-model always --armor --encrypt -r " + people().alice + " --output -", octets);
  const TemporaryHomes homes;
  const std::string before = snapshot(owner.home.dir().path());
  {
    OpenPgpOptions options = ring_of(owner.home);
    options.at = day(2030, 1, 1);  // gpg would check its trust anew
    const OpenPgp pgp(options, Limits{});
    CHECK(homes.count() == 0);
    CHECK(is_the_boss(pgp.verify_detached(octets, signed_by_boss())));
    CHECK(pgp.open(message).content);
    CHECK(homes.count() == 1);
    OpenPgp moved(ring_of(owner.home), Limits{});
    static_cast<void>(moved.verify_detached(octets, signed_by_boss()));
    moved = OpenPgp(ring_of(owner.home), Limits{});
    CHECK(homes.count() == 1);
  }
  CHECK(homes.count() == 0);
  CHECK(snapshot(owner.home.dir().path()) == before);
}

TEST_CASE("a home that somebody removed is made anew")
{
  const TemporaryHomes homes;
  const OpenPgp pgp(ring_of(people().owner), Limits{});
  CHECK(is_the_boss(pgp.verify_detached(octets, signed_by_boss())));
  for (const auto& home : fs::directory_iterator(homes.path())) fs::remove_all(home.path());
  CHECK(is_the_boss(pgp.verify_detached(octets, signed_by_boss())));
  CHECK(homes.count() == 1);
}

TEST_CASE("an old key ring in pubring.gpg works")
{
  const Owner owner;
  const std::string keys = owner.home.gpg("--export-options export-local-sigs --export");
  fs::remove(owner.home.dir() / "pubring.kbx");
  owner.home.dir().write("pubring.gpg", keys);
  fs::permissions(owner.home.dir() / "pubring.gpg", fs::perms::owner_read | fs::perms::owner_write);
  CHECK(is_the_boss(verify_pgp(signed_by_boss(), ring_of(owner.home))));
}

TEST_CASE("without a key ring the defect says where it was looked for")
{
  const TempDir empty;
  OpenPgpOptions options = ring_of(people().owner);
  for (const std::string& home : {empty.path().string(), std::string("/nonexistent/gnupg")}) {
    options.home = home;
    const auto report = verify_pgp(signed_by_boss(), options);
    check_defect(report, "signature-unchecked");
    CHECK(report.defects[0].text.find(home) != std::string::npos);
  }
  options.home.clear();
  check_defect(verify_pgp(signed_by_boss(), options), "signature-unchecked");
}

TEST_CASE("a key ring that others may write is no key ring")
{
  const Owner owner;
  for (const char* file : {"pubring.kbx", "trustdb.gpg"}) {
    fs::permissions(owner.home.dir() / file, fs::perms::others_write, fs::perm_options::add);
    check_defect(verify_pgp(signed_by_boss(), ring_of(owner.home)), "signature-unchecked");
    fs::permissions(owner.home.dir() / file, fs::perms::others_write, fs::perm_options::remove);
  }
  CHECK(is_the_boss(verify_pgp(signed_by_boss(), ring_of(owner.home))));
}

TEST_CASE("without what the owner trusts nobody is trusted")
{
  const Owner owner;
  fs::remove(owner.home.dir() / "trustdb.gpg");
  check_unproven(verify_pgp(signed_by_boss(), ring_of(owner.home)), "key-not-valid");
  owner.home.dir().write("trustdb.gpg", "not a trust file");
  const auto report = verify_pgp(signed_by_boss(), ring_of(owner.home));
  CHECK_FALSE(is_the_boss(report));
}

TEST_CASE("no HOME, no PATH, little memory, another folder for temporary files")
{
  people();
  const std::string armour = signed_by_boss();
  CHECK(in_child([&] {
    ::clearenv();
    return is_the_boss(verify_pgp(armour));
  }));
  CHECK(in_child([&] {
    ::setenv("LC_ALL", "C", 1);
    ::setenv("TMPDIR", people().owner.path().c_str(), 1);
    return is_the_boss(verify_pgp(armour));
  }));
#if !defined(__SANITIZE_ADDRESS__)
  CHECK(in_child([&] {
    const rlimit limit{262'144U * 1'024U, 262'144U * 1'024U};
    return ::setrlimit(RLIMIT_AS, &limit) == 0 && is_the_boss(verify_pgp(armour));
  }));
#endif
}

TEST_CASE("without gpg nothing is checked, and the defect says what to install")
{
  people();
  const std::string armour = signed_by_boss();
  CHECK(in_child([&] {
    ::setenv("PATH", "/nonexistent:", 1);
    const auto report = verify_pgp(armour);
    return report.signatures.empty() && codes(report.defects) == "signature-unchecked" &&
           report.defects[0].text.find("install GnuPG") != std::string::npos;
  }));
  CHECK(in_child([&] {
    const TempDir dir;
    dir.write("gpg", "#!/bin/sh\nexit 1\n");
    fs::permissions(dir / "gpg", fs::perms::owner_all);
    ::setenv("PATH", dir.path().c_str(), 1);
    const auto report = verify_pgp(armour);
    return report.signatures.empty() && codes(report.defects) == "signature-unchecked";
  }));
}

TEST_CASE("a gpg that does not run to its end is told as that, and not as a password")
{
  const Owner owner;
  const std::string message = owner.home.gpg(
      "--trust-model always --armor --encrypt -r " + people().alice + " --output -", octets);
  const std::string to_somebody = "printf '[GNUPG:] ENC_TO 0123456789ABCDEF 1 0\\n' >&$fd; ";
  for (const std::string& end :
       {std::string("exit 1"), std::string("kill -9 $$"), to_somebody + "kill -9 $$"}) {
    INFO(end);
    CHECK(in_child([&] {
      const TempDir dir;
      dir.write("gpg",
                "#!/bin/sh\nwhile [ \"$1\" != --status-fd ]; do shift; done; fd=$2\n" + end + "\n");
      fs::permissions(dir / "gpg", fs::perms::owner_all);
      ::setenv("PATH", (dir.path().string() + ":" + std::getenv("PATH")).c_str(), 1);
      const auto report = OpenPgp(ring_of(owner.home), Limits{}).open(message);
      return codes(report.defects) == "encrypted" && report.locked &&
             report.locked->code == Errc::Unavailable &&
             report.defects[0].text.find("gpg could not be run") != std::string::npos;
    }));
  }
}

TEST_CASE("gpg is asked for a key once, of each signature once, and never for its version")
{
  people();
  const std::string armour = signed_by_boss();
  const std::string twice = testing::armoured(signature_packet() + signature_packet(), "SIGNATURE");
  const std::string gpg = testing::shell("command -v gpg").output;
  const TempDir dir;
  dir.write("gpg", "#!/bin/sh\necho \" $* \" >>" + (dir / "calls").string() + "\nexec " +
                       gpg.substr(0, gpg.find('\n')) + " \"$@\"\n");
  fs::permissions(dir / "gpg", fs::perms::owner_all);
  const auto calls = [&](const std::string& with) {
    const std::string all = dir.read("calls");
    long n = 0;
    for (auto at = all.find(with); at != std::string::npos; at = all.find(with, at + 1)) ++n;
    return n;
  };
  CHECK(in_child([&] {
    ::setenv("PATH", (dir.path().string() + ":" + std::getenv("PATH")).c_str(), 1);
    const OpenPgp pgp(ring_of(people().owner), Limits{});
    return is_the_boss(pgp.verify_detached(octets, armour)) &&
           is_the_boss(pgp.verify_detached(octets, armour)) &&
           pgp.verify_detached(octets, twice).signatures.size() == 2;
  }));
  CHECK(calls("\n") == 6);
  CHECK(calls(" --check-trustdb ") == 1);  // it is judged as of another time than now
  CHECK(calls(" --verify ") == 4);
  CHECK(calls(" --list-keys ") == 1);
}

TEST_CASE("a key that came after gpg was first asked for it is found, and trusted no more than it is")
{
  const Owner owner;
  const std::string stranger = people().senders.make_key("Late <late@example.com>");
  const std::string armour = people().senders.sign(octets, stranger);
  const OpenPgp pgp(ring_of(owner.home), Limits{});
  check_unchecked(pgp.verify_detached(octets, armour), stranger);
  owner.home.import_from(people().senders, stranger);
  check_unproven(pgp.verify_detached(octets, armour), "key-not-valid");
}

TEST_CASE("an agent that does not answer stops nobody for longer than the patience")
{
  const Owner owner;
  const std::string message = owner.home.gpg(
      "--trust-model always --armor --encrypt -r " + people().alice + " --output -", octets);
  testing::shell("gpgconf --homedir " + owner.home.path() + " --kill gpg-agent");
  // takes connections, and says nothing
  const std::string path = (owner.home.dir() / "S.gpg-agent").string();
  fs::remove(path);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const Fd silent(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(silent.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(silent.get(), 10) == 0);
  OpenPgpOptions options = ring_of(owner.home);
  options.patience = std::chrono::milliseconds{3000};
  const TemporaryHomes homes;
  const OpenPgp pgp(options, Limits{});
  const auto report = pgp.open(message);
  check_defect(report, "encrypted");
  CHECK(report.defects[0].text.find("too long") != std::string::npos);
  // nothing is left for another part of this message
  check_defect(pgp.verify_detached(octets, signed_by_boss()), "signature-unchecked");
  pgp.begin_message();
  // and the next message is checked all the same
  CHECK(is_the_boss(pgp.verify_detached(octets, signed_by_boss())));
  for (int i = 0; i < 250 && homes.processes() != 0; ++i) ::usleep(20'000);  // dying takes a moment
  CHECK(homes.processes() == 0);
}

}  // namespace imip::crypto::fixture
