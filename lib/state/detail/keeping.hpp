/// @file The tables of held.cpp and mailed.cpp. Private to lib/state.
#pragma once

namespace imip::state::detail {

/// Made where they are missing, whatever else is there.
inline constexpr const char* keeping_schema = R"(
CREATE TABLE IF NOT EXISTS held (
  id INTEGER PRIMARY KEY,
  store TEXT NOT NULL, owner TEXT NOT NULL, uid TEXT NOT NULL, organizer TEXT NOT NULL,
  received INTEGER NOT NULL, input TEXT NOT NULL, octets TEXT NOT NULL, part_sha256 TEXT NOT NULL,
  signer TEXT NOT NULL, consented TEXT NOT NULL,
  UNIQUE (store, owner, uid, organizer, part_sha256)
) STRICT;
CREATE INDEX IF NOT EXISTS held_signer ON held (signer);
-- what a message offered (its kind, scope and recipients), and a mail tells; sent: somebody took it
CREATE TABLE IF NOT EXISTS outbox (
  store TEXT NOT NULL, owner TEXT NOT NULL, uid TEXT NOT NULL, organizer TEXT NOT NULL,
  part_sha256 TEXT NOT NULL, offer TEXT NOT NULL, message_id TEXT NOT NULL, dtstamp TEXT NOT NULL,
  sent INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (part_sha256, offer, store, owner, uid, organizer)
) STRICT, WITHOUT ROWID;
-- what the file of an object was called that was taken out of its folder
CREATE TABLE IF NOT EXISTS removed (object INTEGER PRIMARY KEY, file TEXT NOT NULL) STRICT;
-- objects that are cancelled, and when their facts may go
CREATE TABLE IF NOT EXISTS ageing (object INTEGER PRIMARY KEY, forget_after INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS aged (at INTEGER NOT NULL) STRICT;  -- one row: when State::age() last ran
)";

}  // namespace imip::state::detail
