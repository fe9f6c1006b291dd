// One file with many UIDs: what is not asked to change stays, octet for octet.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <functional>

#include "base/posix.hpp"
#include "store/detail/calendar_file.hpp"
#include "store/detail/zone_names.hpp"
#include "store/store_fixture.hpp"

using namespace imip;
using namespace imip::store;
namespace fs = std::filesystem;

namespace {

std::string component(const std::string& uid, const std::string& summary, const std::string& extra = {})
{
  return cat("BEGIN:VEVENT\r\nUID:", uid, "\r\nDTSTAMP:20270101T000000Z\r\nDTSTART:20270104T090000Z\r\n", extra,
             "SUMMARY:", summary, "\r\nEND:VEVENT\r\n");
}

const std::string head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:Work  \r\nPRODID:-//x//y//EN\r\n";
const std::string tail = "END:VCALENDAR\r\n";
const std::string odd = "begin:vevent\r\nuid;X=\"a:b\":od\r\n d\r\nX-ODD: kept ;as:it is\r\nBEGIN:VALARM\r\nUID:a\r\n"
                        "END:VALARM\r\nend:VEVENT\r\n";

/// A zone whose summer time begins in that month.
std::string zone(const std::string& tzid, const std::string& month = "3", const std::string& extra = {})
{
  return cat("BEGIN:VTIMEZONE\r\nTZID:", tzid, "\r\n", extra,
             "BEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=", month,
             ";BYDAY=-1SU\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\n"
             "BEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"
             "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n");
}

std::string zoned(const std::string& uid, const std::string& tzid)
{
  return cat("BEGIN:VEVENT\r\nUID:", uid, "\r\nDTSTAMP:20270101T000000Z\r\nDTSTART;TZID=", tzid,
             ":20270404T090000\r\nSUMMARY:Zoned\r\nEND:VEVENT\r\n");
}

std::string object(const std::string& components, const std::string& zones = {})
{
  return cat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//imip//imip//EN\r\n", zones, components, tail);
}

struct OneFile {
  Fixture f;
  fs::path path = f.dir / "work.ics";

  explicit OneFile(const std::string& octets) { write(octets); }
  void write(const std::string& octets) const { f.dir.write("work.ics", octets); }
  [[nodiscard]] std::string read() const { return f.dir.read("work.ics"); }
  [[nodiscard]] CalendarStore open() const
  {
    auto store = CalendarStore::open(path, f.state, Limits{});
    if (!store) throw std::runtime_error(store.error().what);
    return *std::move(store);
  }
  [[nodiscard]] itip::StoredObject find(const std::string& uid) const
  {
    const auto found = open().find(uid);
    if (!found) FAIL(found.error().what);
    REQUIRE(*found);
    return **found;
  }
  /// Plans against what is there now.
  [[nodiscard]] itip::Plan plan(const std::string& uid, const std::string& octets) const
  {
    itip::Plan out;
    out.uid = uid;
    const auto now = open().find(uid);
    REQUIRE(now);
    if (*now) out.base_sha256 = (*now)->sha256;
    if (octets.empty())
      out.remove = true;
    else
      out.octets = octets;
    return out;
  }
  [[nodiscard]] Result<void> apply(const itip::Plan& plan) const
  {
    const CalendarStore store = open();
    IMIP_TRY(const Lock lock, store.lock(5000));
    return store.apply(plan, lock);
  }
  void put(const std::string& uid, const std::string& octets) const
  {
    const auto done = apply(plan(uid, octets));
    if (!done) FAIL(done.error().what);
  }
};

std::string lf(std::string octets)
{
  std::erase(octets, '\r');
  return octets;
}

}  // namespace

TEST_CASE("an object of a file is its components, as in a file of its own")
{
  const OneFile file(cat(head, component("a", "A"), odd, component("b", "B"), component("a", "A2",
                     "RECURRENCE-ID:20270104T090000Z\r\n"), tail));
  const itip::StoredObject a = file.find("a");
  CHECK(a.octets == object(component("a", "A") + component("a", "A2", "RECURRENCE-ID:20270104T090000Z\r\n")));
  CHECK(a.sha256 == file.open().digest_of(a.octets));
  CHECK(a.calendar.components.size() == 2);
  CHECK(file.find("odd").octets == object(odd));
  CHECK_FALSE(*file.open().find("c"));
}

TEST_CASE("only the octets of the UID are replaced; its place, and all others, stay")
{
  const OneFile file(cat(head, component("a", "A"), odd, component("b", "B"), component("a", "A2"), tail, "\r\n"));
  file.put("a", object(component("a", "New")));
  CHECK(file.read() == cat(head, component("a", "New"), odd, component("b", "B"), tail, "\r\n"));
  CHECK(file.find("a").octets == object(component("a", "New")));
  file.put("c", object(component("c", "C")));
  CHECK(file.read() ==
        cat(head, component("a", "New"), odd, component("b", "B"), component("c", "C"), tail, "\r\n"));
  file.put("b", {});
  CHECK(file.read() == cat(head, component("a", "New"), odd, component("c", "C"), tail, "\r\n"));
}

TEST_CASE("line ends are those of the file")
{
  const OneFile file(lf(cat(head, component("a", "A"), odd, tail)));
  CHECK(file.find("a").octets == object(component("a", "A")));
  file.put("b", object(component("b", "B")));
  CHECK(file.read() == lf(cat(head, component("a", "A"), odd, component("b", "B"), tail)));
  CHECK(file.find("b").octets == object(component("b", "B")));
}

TEST_CASE("an empty file is an empty calendar, and a missing one is not")
{
  const OneFile file("");
  CHECK_FALSE(*file.open().find("a"));
  file.put("a", object(component("a", "A")));
  CHECK(file.read() == object(component("a", "A")));
  fs::remove(file.path);
  const auto missing = CalendarStore::open(file.path, file.f.state, Limits{});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::NoInput);
  CHECK(missing.error().hint.find("touch ") != std::string::npos);
}

TEST_CASE("what is no calendar is left alone")
{
  for (const std::string& octets :
       {std::string("hello\n"), head, cat(head, component("a", "A")), cat(head, tail, head, tail),
        cat(head, "END:VEVENT\r\n", tail), cat("BEGIN:VEVENT\r\n", head, tail)}) {
    const OneFile file(octets);
    INFO(octets);
    const auto found = file.open().find("a");
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Errc::Conflict);
    CHECK(found.error().what.find("work.ics") != std::string::npos);
    itip::Plan plan;
    plan.uid = "a";
    plan.octets = object(component("a", "A"));
    CHECK_FALSE(file.apply(plan));
    CHECK(file.read() == octets);
  }
}

TEST_CASE("an object that others changed since is a conflict; another object is not")
{
  const OneFile file(cat(head, component("a", "A"), component("b", "B"), tail));
  const itip::Plan plan = file.plan("a", object(component("a", "New")));
  file.write(cat(head, component("a", "A"), component("b", "Theirs"), tail));
  REQUIRE(file.apply(plan));
  CHECK(file.read() == cat(head, component("a", "New"), component("b", "Theirs"), tail));
  const auto again = file.apply(plan);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::Conflict);
}

TEST_CASE("mode, links and neighbours of the file stay")
{
  const OneFile file(cat(head, tail));
  REQUIRE(::chmod(file.path.c_str(), 0640) == 0);
  fs::create_symlink(file.path, file.f.dir / "link.ics");
  const auto store = CalendarStore::open(file.f.dir / "link.ics", file.f.state, Limits{});
  REQUIRE(store);
  CHECK(store->path() == fs::canonical(file.path));
  itip::Plan plan;
  plan.uid = "a";
  plan.octets = object(component("a", "A"));
  const auto lock = store->lock(5000);
  REQUIRE(lock);
  REQUIRE(store->apply(plan, *lock));
  CHECK(fs::is_symlink(file.f.dir / "link.ics"));
  CHECK(file.read() == cat(head, component("a", "A"), tail));
  struct stat info {};
  REQUIRE(::stat(file.path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0640);
}

TEST_CASE("a file that another program has open for writing is left alone")
{
  const OneFile file("");
  const itip::Plan plan = file.plan("a", object(component("a", "A")));
  {
    const Fd writer(::open(file.path.c_str(), O_WRONLY));
    const auto done = file.apply(plan);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Errc::Conflict);
    CHECK(file.read().empty());
  }
  CHECK(file.apply(plan));
}

TEST_CASE("zones are added where they are missing, and never removed")
{
  const OneFile file(cat(head, component("a", "A"), tail));
  const std::string event = object(zoned("z", "Europe/Berlin"), zone("Europe/Berlin"));
  file.put("z", event);
  CHECK(file.read() == cat(head, zone("Europe/Berlin"), component("a", "A"), zoned("z", "Europe/Berlin"), tail));
  CHECK(file.find("z").octets == event);
  file.put("y", object(zoned("y", "Europe/Berlin"), zone("Europe/Berlin", "3", "X-LIC-LOCATION:Europe/Berlin\r\n")));
  CHECK(file.read() == cat(head, zone("Europe/Berlin"), component("a", "A"), zoned("z", "Europe/Berlin"),
                           zoned("y", "Europe/Berlin"), tail));
  file.put("z", {});
  CHECK(file.read() == cat(head, zone("Europe/Berlin"), component("a", "A"), zoned("y", "Europe/Berlin"), tail));
}

TEST_CASE("a zone that means other times by the same name gets a fresh one, and we do not see that")
{
  const std::string theirs = cat(head, zone("Europe/Berlin", "4"), zoned("a", "Europe/Berlin"), tail);
  const OneFile file(theirs);
  const std::string event = object(zoned("z", "Europe/Berlin"), zone("Europe/Berlin"));
  file.put("z", event);
  const std::string fresh = store::detail::fresh_zone_name("Europe/Berlin", zone("Europe/Berlin"));
  CHECK(file.read() == cat(head, zone("Europe/Berlin", "4"), zone(fresh), zoned("a", "Europe/Berlin"),
                           zoned("z", fresh), tail));
  CHECK(file.find("z").octets == event);
  CHECK(file.find("z").sha256 == file.open().digest_of(event));
  CHECK(file.find("a").octets == object(zoned("a", "Europe/Berlin"), zone("Europe/Berlin", "4")));
  // The same zone again has its name already.
  file.put("y", object(zoned("y", "Europe/Berlin"), zone("Europe/Berlin")));
  CHECK(file.read() == cat(head, zone("Europe/Berlin", "4"), zone(fresh), zoned("a", "Europe/Berlin"),
                           zoned("z", fresh), zoned("y", fresh), tail));
}

TEST_CASE("a search by time gives what may overlap, and says what it could not look at")
{
  const std::string broken = "BEGIN:VEVENT\r\nUID:broken\r\nDTSTART:2027\r\nEND:VEVENT\r\n";
  const OneFile file(cat(head, zone("Z"), component("a", "A"), component("later", "L", "RRULE:FREQ=YEARLY\r\n"),
                         zoned("z", "Z"), broken, tail));
  const auto window = [](const char* from, const char* to) {
    return itip::Window{*parse_instant(from), *parse_instant(to)};
  };
  std::vector<std::string> titles;
  const auto gaps = file.open().search({window("2027-04-04T06:00:00Z", "2027-04-04T08:00:00Z")},
                                       [&](const ical::Component& calendar) {
                                         for (const auto& c : calendar.components)
                                           if (c.name == "VEVENT") titles.push_back(c.text("UID"));
                                       });
  REQUIRE(gaps);
  CHECK(gaps->unreadable == 1);
  CHECK(gaps->left_out == 0);
  CHECK(std::count(titles.begin(), titles.end(), "a") == 0);
  CHECK(std::count(titles.begin(), titles.end(), "later") == 1);
}

TEST_CASE("every cut of a file is a calendar or an error, and never more than the file")
{
  const std::string whole = cat(head, zone("Z"), component("a", "A"), odd, tail);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const auto file = store::detail::take_apart(std::string_view(whole).substr(0, size));
    if (!file) continue;
    for (const store::detail::Piece& piece : file->pieces) CHECK(piece.offset + piece.size <= size);
    CHECK((file->empty || size >= whole.size() - 2));
  }
}

TEST_CASE("fifty megabytes are one file like another")
{
  std::string octets = head;
  constexpr std::size_t wanted = 50'000'000;
  std::size_t count = 0;
  while (octets.size() < wanted) octets += component(cat("uid-", count++), std::string(100, 'x'));
  const std::size_t middle = count / 2;
  octets += tail;
  const OneFile file(octets);
  const std::string uid = cat("uid-", middle);
  file.put(uid, object(component(uid, "New")));
  const std::size_t at = octets.find(cat("UID:", uid, "\r\n"));
  const std::string old = component(uid, std::string(100, 'x'));
  octets.replace(at - std::string("BEGIN:VEVENT\r\n").size(), old.size(), component(uid, "New"));
  CHECK((file.read() == octets));
}

TEST_CASE("what killed runs left goes, if it is ours and old")
{
  const OneFile file(cat(head, tail));
  const auto make = [&](const std::string& name, bool old) {
    file.f.dir.write(name, "x");
    const timespec times[2] = {{old ? 1'000'000'000 : ::time(nullptr), 0}, {old ? 1'000'000'000 : ::time(nullptr), 0}};
    REQUIRE(::utimensat(AT_FDCWD, (file.f.dir / name).c_str(), times, 0) == 0);
  };
  make(".work.ics.aB3xyz.tmp", true);
  make(".work.ics.aB3xy_.tmp", true);
  make(".other.ics.aB3xyz.tmp", true);
  make(".work.ics.fresh1.tmp", false);
  make("cal/.x.ics.aB3xyz.tmp", true);
  make("cal/.notes.aB3xyz.tmp", true);
  make("cal/.x.ics.fresh1.tmp", false);
  make("cal/.x.ics.same00.tmp", true);
  file.f.dir.write("cal/x.ics", "x");
  file.put("a", object(component("a", "A")));
  CHECK_FALSE(fs::exists(file.f.dir / ".work.ics.aB3xyz.tmp"));
  CHECK(fs::exists(file.f.dir / ".work.ics.aB3xyz.kept"));
  CHECK(fs::exists(file.f.dir / ".work.ics.aB3xy_.tmp"));
  CHECK(fs::exists(file.f.dir / ".other.ics.aB3xyz.tmp"));
  CHECK(fs::exists(file.f.dir / ".work.ics.fresh1.tmp"));
  REQUIRE(apply(file.f.open(), plan_add("u")));
  CHECK_FALSE(fs::exists(file.f.dir / "cal/.x.ics.aB3xyz.tmp"));
  CHECK_FALSE(fs::exists(file.f.dir / "cal/.x.ics.same00.kept"));
  CHECK(fs::exists(file.f.dir / "cal/.notes.aB3xyz.tmp"));
  CHECK(fs::exists(file.f.dir / "cal/.x.ics.fresh1.tmp"));
}

TEST_CASE("a calendar of another user is refused, and root is told to become that user")
{
  const Fixture f;
  constexpr uid_t user = 4711;
  if (::chown(f.cal.c_str(), user, user) != 0) {
    // not root: no folder can be given away, and every one that is not ours says so
    CHECK_FALSE(VdirStore::open("/root", f.state, Limits{}));
    return;
  }
  const auto opened = VdirStore::open(f.cal, f.state, Limits{});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::Config);
  CHECK(opened.error().hint.find("--reuid 4711") != std::string::npos);
}
