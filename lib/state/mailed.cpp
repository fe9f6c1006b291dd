// What went out by mail because of messages: the same is not sent again.
#include "state/detail/impl.hpp"

namespace imip::state {

Result<std::optional<std::string>> State::mailed(const ObjectKey& key, const MailedOffer& offer) const
{
  IMIP_TRY(auto row, impl_->db.query("SELECT message_id FROM mailed WHERE store = ? AND owner = ? AND uid = ? "
                                     "AND organizer = ? AND part_sha256 = ? AND offer = ?",
                                     key.store, key.owner, key.uid, key.organizer, offer.part_sha256, offer.offer));
  IMIP_TRY(const bool there, row.step());
  return there ? std::optional(row.text(0)) : std::nullopt;
}

Result<void> State::note_mailed(const ObjectKey& key, const MailedOffer& offer, const std::string& message_id,
                                UtcSeconds at)
{
  return impl_->db.execute("INSERT INTO mailed (store, owner, uid, organizer, part_sha256, offer, message_id, at) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                           key.store, key.owner, key.uid, key.organizer, offer.part_sha256, offer.offer, message_id,
                           at.time_since_epoch().count());
}

}  // namespace imip::state
