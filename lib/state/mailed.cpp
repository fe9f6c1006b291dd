// What goes out by mail because of messages: the same is not sent again, or as the same mail.
#include "state/detail/impl.hpp"

namespace imip::state {

Result<std::optional<Mailed>> State::mailed(const ObjectKey& key, const MailedOffer& offer) const
{
  IMIP_TRY(auto row,
           impl_->db.query(
               "SELECT message_id, dtstamp, sent FROM outbox WHERE store = ? AND owner = ? "
               "AND uid = ? AND organizer = ? AND part_sha256 = ? AND offer = ?",
               key.store, key.owner, key.uid, key.organizer, offer.part_sha256, offer.offer));
  IMIP_TRY(const bool there, row.step());
  return there ? std::optional(Mailed{row.text(0), row.text(1), row.integer(2) != 0})
               : std::nullopt;
}

Result<void> State::note_mailed(const ObjectKey& key, const MailedOffer& offer, const Mailed& mail,
                                UtcSeconds at)
{
  return impl_->db.execute(
      "INSERT INTO outbox (store, owner, uid, organizer, part_sha256, offer, message_id, dtstamp, "
      "sent, at) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET message_id = "
      "excluded.message_id, "
      "dtstamp = excluded.dtstamp, sent = excluded.sent, at = excluded.at WHERE sent = 0",
      key.store, key.owner, key.uid, key.organizer, offer.part_sha256, offer.offer, mail.message_id,
      mail.dtstamp, std::int64_t{mail.sent}, at.time_since_epoch().count());
}

}  // namespace imip::state
