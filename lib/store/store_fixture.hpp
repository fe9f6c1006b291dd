/// @file A vdir, its state folder, and plans for it. For the tests of this room.
#pragma once
#include <optional>
#include <string>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "store/calendar_store.hpp"
#include "testing/temp_dir.hpp"

namespace imip::store {

inline std::string event(const std::string& uid, const std::string& summary = "Meeting")
{
  return cat(
      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//imip//test//EN\r\nBEGIN:VEVENT\r\nUID:", uid,
      "\r\nDTSTAMP:20270101T000000Z\r\nDTSTART:20270104T090000Z\r\nDTEND:20270104T100000Z\r\n"
      "SUMMARY:",
      summary, "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
}

struct Fixture {
  testing::TempDir dir;
  std::filesystem::path cal = dir / "cal";
  std::filesystem::path state = dir / "state";

  Fixture() { std::filesystem::create_directory(cal); }

  [[nodiscard]] VdirStore open() const
  {
    auto store = VdirStore::open(cal, state, Limits{});
    if (!store) throw std::runtime_error(store.error().what);
    return *std::move(store);
  }
  /// A calendar file as another program would write it: temporary name, then rename.
  void put(const std::string& name, const std::string& octets) const
  {
    dir.write(cat("cal/", name, ".part"), octets);
    std::filesystem::rename(cal / cat(name, ".part"), cal / name);
  }
  [[nodiscard]] std::string get(const std::string& name) const
  {
    return dir.read(cat("cal/", name));
  }
};

inline itip::Plan plan_add(const std::string& uid, const std::string& summary = "Meeting")
{
  itip::Plan plan;
  plan.uid = uid;
  plan.octets = event(uid, summary);
  return plan;
}

inline itip::Plan plan_change(const std::string& uid, const std::string& from,
                              const std::string& to)
{
  itip::Plan plan = plan_add(uid, to);
  plan.base_sha256 = sha256_hex(from);
  return plan;
}

inline Result<void> apply(const VdirStore& store, const itip::Plan& plan)
{
  IMIP_TRY(const Lock lock, store.lock(5000));
  return store.apply(plan, lock);
}

}  // namespace imip::store
