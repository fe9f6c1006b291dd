// Another program that replaces the same file at the same time loses nothing, and neither do we.
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <vector>

#include "base/atomic_file.hpp"
#include "store/detail/folder.hpp"
#include "store/store_fixture.hpp"

using namespace imip;
using namespace imip::store;
namespace fs = std::filesystem;

namespace {

constexpr int rounds = 150;

/// Our side: adds a word to the object's title, as often as it takes.
int add_words(const fs::path& store_path, const fs::path& state, const std::string& prefix)
{
  for (int i = 0; i < rounds; ++i) {
    for (;;) {
      const auto store = CalendarStore::open(store_path, state, Limits{});
      if (!store) return 10;
      const auto lock = store->lock(20000);
      if (!lock) return 11;
      const auto now = store->find("u");
      if (!now && now.error().code == Errc::Conflict) continue;
      if (!now || !*now) return 12;
      itip::Plan plan;
      plan.uid = "u";
      plan.base_sha256 = (*now)->sha256;
      std::string title;
      for (const auto& c : (*now)->calendar.components) title = c.text("SUMMARY");
      plan.octets = event("u", cat(title, ' ', prefix, i));
      const auto done = store->apply(plan, *lock);
      if (done) break;
      // TryAgain: what the others wrote is in a file of its own
      if (done.error().code != Errc::Conflict && done.error().code != Errc::TryAgain) return 13;
    }
  }
  return 0;
}

/// The unfolded SUMMARY and what follows it, words with a blank before and after each.
std::string title_in(std::string octets)
{
  for (std::size_t at = 0; (at = octets.find("\r\n ")) != std::string::npos;) octets.erase(at, 3);
  const std::size_t start = octets.find("SUMMARY:");
  if (start == std::string::npos) return {};
  octets.erase(0, start);
  std::replace(octets.begin(), octets.end(), '\r', ' ');
  return octets;
}

/// The other side: knows nothing of our lock; it looks, and then takes the place of what is there. What it
/// replaces unseen by that is its own loss, also where that is a word of its own that we had just put back: it
/// is noted in the file `lost`. So only the other words of its own are counted.
int add_words_as_others_do(const fs::path& file, const std::string& prefix, const fs::path& lost)
{
  std::ofstream losses(lost, std::ios::app);
  for (int i = 0; i < rounds;) {
    const auto stamp = stamp_of_file(file);
    auto octets = read_file(file, 1U << 24U);
    if (!stamp || !octets || stamp_of_file(file) != stamp) continue;
    const std::size_t end = octets->find("\r\nEND:VEVENT");
    if (end == std::string::npos) return 20;
    auto next = AtomicFile::create(file);
    if (!next || !next->write(std::string(*octets).insert(end, cat("\r\n  ", prefix, i)))) return 21;
    if (stamp_of_file(file) != stamp) continue;
    const std::string seen = title_in(*octets);
    const auto note_unseen = [&](const fs::path& replaced) {
      const std::string had = title_in(read_file(replaced, 1U << 24U).value_or(""));
      for (int past = 0; past < i; ++past) {
        const std::string word = cat(' ', prefix, past, ' ');
        if (had.find(word) != std::string::npos && seen.find(word) == std::string::npos) losses << word;
      }
      losses.flush();
      return true;
    };
    if (!next->commit_over(note_unseen)) return 22;
    ++i;
  }
  return 0;
}

using Work = std::function<int()>;

void run_all(const std::vector<Work>& all)
{
  std::vector<pid_t> children;
  for (const Work& work : all) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(work());
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
}

void hold_words(const Fixture& f, const fs::path& store, const fs::path& lost,
                const std::vector<std::string>& prefixes)
{
  const auto found = CalendarStore::open(store, f.state, Limits{})->find("u");
  REQUIRE(found);
  REQUIRE(*found);
  std::string title;
  for (const auto& c : (*found)->calendar.components) title = c.text("SUMMARY") + ' ';
  const fs::path folder = fs::is_directory(store) ? store : store.parent_path();
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".kept")) title += title_in(f.dir.read(entry.path().native()));
  }
  title += f.dir.read(lost.native());
  for (const std::string& prefix : prefixes)
    for (int i = 0; i < rounds; ++i) {
      INFO(prefix << i);
      CHECK(title.find(cat(' ', prefix, i, ' ')) != std::string::npos);
    }
}

void hold_for(const Fixture& f, const fs::path& store, const fs::path& file)
{
  const fs::path lost = f.state.native() + ".lost";
  std::ofstream(lost).flush();
  const Work a = [&] { return add_words(store, f.state, "a"); };
  const Work b = [&] { return add_words(store, f.state, "b"); };
  run_all({a, b});
  hold_words(f, store, lost, {"a", "b"});
  run_all({[&] { return add_words(store, f.state, "d"); },
           [&] { return add_words_as_others_do(file, "c", lost); }});
  hold_words(f, store, lost, {"c"});
}

}  // namespace

TEST_CASE("two of us lose nothing in one event of a vdir, nor does another program by us")
{
  const Fixture f;
  f.put("u.ics", event("u", "x"));
  hold_for(f, f.cal, f.cal / "u.ics");
  for (const auto& entry : fs::directory_iterator(f.cal))
    CHECK_FALSE(entry.path().native().ends_with(".tmp"));
}

TEST_CASE("two of us lose nothing in one file, nor does another program by us")
{
  const Fixture f;
  f.dir.write("work.ics", event("u", "x"));
  hold_for(f, f.dir / "work.ics", f.dir / "work.ics");
}
