#include "identity/correlation.hpp"

#include <algorithm>

namespace imip::identity {
namespace {

using itip::MessageComponent;
using itip::Party;

// How far a backing reaches; the only place that orders them.
int reach(Backing b)
{
  switch (b) {
    case Backing::None:
      return 0;
    case Backing::SignedByOther:
      return 1;
    case Backing::SignedByForwarder:
      return 2;
    case Backing::SignedByDelegator:
      return 3;
    case Backing::SignedBySentBy:
      return 4;
    case Backing::SignedByClaimant:
      return 5;
  }
  return 0;
}

Backing weaker(Backing a, Backing b)
{
  return reach(a) < reach(b) ? a : b;
}

// Everything that one question needs, so that the functions below stay short.
struct Asked {
  const itip::Message& message;
  const itip::Owner& owner;
  SameUser same;
};

Backing backing_of_party(const Asked& asked, const Party& party, const CalAddress& signer)
{
  if (asked.same(party.address, signer)) return Backing::SignedByClaimant;
  if (party.sent_by && asked.same(*party.sent_by, signer)) return Backing::SignedBySentBy;
  return Backing::SignedByOther;
}

const Party* attendee_of(const Asked& asked, const MessageComponent& component,
                         const CalAddress& address)
{
  for (const Party& party : component.attendees)
    if (asked.same(party.address, address)) return &party;
  return nullptr;
}

// Does the parameter (DELEGATED-TO, DELEGATED-FROM: lists of URIs) name a calendar user?
template <typename Accept>
bool names(const Party& party, std::string_view parameter, Accept accept)
{
  for (const ical::Parameter& p : party.property->parameters) {
    if (p.name != parameter) continue;
    for (const std::string& value : p.values) {
      const auto address = CalAddress::parse(value);
      if (address && accept(*address)) return true;
    }
  }
  return false;
}

// RFC 5546 section 3.2.2.3. Both ends must say so: the delegator names the owner, and the owner's
// own ATTENDEE names the delegator.
bool delegates_to_owner(const Asked& asked, const MessageComponent& component,
                        const Party& delegator)
{
  const auto owner = [&](const CalAddress& a) { return asked.owner.is(a); };
  const auto from = [&](const CalAddress& a) { return asked.same(a, delegator.address); };
  return names(delegator, "DELEGATED-TO", owner) &&
         std::any_of(component.attendees.begin(), component.attendees.end(), [&](const Party& p) {
           return owner(p.address) && names(p, "DELEGATED-FROM", from);
         });
}

Backing backing_of_attendee_request(const Asked& asked, const MessageComponent& component,
                                    const CalAddress& signer)
{
  const bool can_be_passed_on =
      asked.message.method == itip::Method::Request && asked.message.kind != itip::Kind::FreeBusy;
  const Party* attendee = can_be_passed_on ? attendee_of(asked, component, signer) : nullptr;
  if (attendee == nullptr) return Backing::SignedByOther;
  return delegates_to_owner(asked, component, *attendee) ? Backing::SignedByDelegator
                                                         : Backing::SignedByForwarder;
}

// One identity against the ORGANIZER of every component.
Backing organizer_backing(const Asked& asked, const CalAddress& signer)
{
  const auto& organizer = asked.message.organizer;
  if (!organizer || asked.message.components.empty()) return Backing::SignedByOther;
  Backing weakest = Backing::SignedByClaimant;
  for (const MessageComponent& component : asked.message.components) {
    const Party& party = component.organizer ? *component.organizer : *organizer;
    Backing here = Backing::SignedByOther;
    if (asked.same(party.address, organizer->address)) {
      here = backing_of_party(asked, party, signer);
      if (here == Backing::SignedByOther)
        here = backing_of_attendee_request(asked, component, signer);
    }
    weakest = weaker(weakest, here);
  }
  return weakest;
}

// One identity against one ATTENDEE, who must be in every component.
Backing attendee_backing(const Asked& asked, const CalAddress& attendee, const CalAddress& signer)
{
  Backing weakest = Backing::SignedByClaimant;
  for (const MessageComponent& component : asked.message.components) {
    const Party* party = attendee_of(asked, component, attendee);
    weakest = weaker(weakest, party == nullptr ? Backing::SignedByOther
                                               : backing_of_party(asked, *party, signer));
  }
  return weakest;
}

struct Found {
  Backing backing = Backing::SignedByOther;
  std::optional<CalAddress> attendee;  // methods that speak for one
};

// Which ATTENDEE does this identity speak for? A proxy of two of them speaks for nobody: nothing in
// the message says whose answer it is. At most two candidates are held against all components, so
// that a message with very many attendees costs no more than its length.
Found find_attendee(const Asked& asked, const CalAddress& signer)
{
  if (asked.message.components.empty()) return {};
  const MessageComponent& first = asked.message.components.front();
  if (const Party* self = attendee_of(asked, first, signer)) {
    const Backing here = attendee_backing(asked, self->address, signer);
    if (here != Backing::SignedByOther) return {here, self->address};
  }
  const Party* principal = nullptr;
  for (const Party& party : first.attendees) {
    if (!party.sent_by || !asked.same(*party.sent_by, signer)) continue;
    if (principal != nullptr && !asked.same(principal->address, party.address)) return {};
    principal = &party;
  }
  if (principal == nullptr) return {};
  const Backing here = attendee_backing(asked, principal->address, signer);
  if (here == Backing::SignedByOther) return {};
  return {here, principal->address};
}

std::optional<CalAddress> common_sent_by(const Asked& asked)
{
  std::optional<CalAddress> common;
  for (const MessageComponent& component : asked.message.components) {
    const auto& party = component.organizer ? component.organizer : asked.message.organizer;
    if (!party || !party->sent_by) return std::nullopt;
    if (common && !asked.same(*common, *party->sent_by)) return std::nullopt;
    if (!common) common = party->sent_by;
  }
  return common;
}

// The claim as the object makes it, before anybody signed.
std::optional<Claimant> claim(const Asked& asked)
{
  const itip::Message& message = asked.message;
  if (itip::is_organizer_method(message.method)) {
    if (!message.organizer) return std::nullopt;
    return Claimant{Claimant::Role::Organizer, message.organizer->address, common_sent_by(asked)};
  }
  const Party* only = nullptr;
  for (const MessageComponent& component : message.components) {
    for (const Party& party : component.attendees) {
      if (only != nullptr && !asked.same(only->address, party.address)) return std::nullopt;
      if (only == nullptr) only = &party;
    }
  }
  if (only == nullptr) return std::nullopt;
  return Claimant{Claimant::Role::Attendee, only->address, only->sent_by};
}

Found find(const Asked& asked, const CalAddress& signer)
{
  if (!itip::is_organizer_method(asked.message.method)) return find_attendee(asked, signer);
  Found found{organizer_backing(asked, signer), std::nullopt};
  if (found.backing == Backing::SignedByDelegator || found.backing == Backing::SignedByForwarder)
    found.attendee = attendee_of(asked, asked.message.components.front(), signer)->address;
  return found;
}

}  // namespace

bool SameUser::operator()(const CalAddress& a, const CalAddress& b) const
{
  if (same_user(a, b, local_part)) return true;
  // every same-as stands for its address, so two of them are one user too
  const auto principal = [&](const CalAddress& address) -> const CalAddress& {
    for (const auto& [main, other] : aliases)
      if (same_user(other, address, local_part)) return main;
    return address;
  };
  return same_user(principal(a), principal(b), local_part);
}

std::string_view backing_word(Backing b)
{
  switch (b) {
    case Backing::None:
      return "none";
    case Backing::SignedByOther:
      return "other";
    case Backing::SignedByDelegator:
      return "delegator";
    case Backing::SignedByForwarder:
      return "forwarder";
    case Backing::SignedBySentBy:
      return "sent-by";
    case Backing::SignedByClaimant:
      return "direct";
  }
  return "none";
}

std::size_t cost_of_correlation(const itip::Message& message, const Signatures& signatures)
{
  std::size_t identities = 0;
  for (const crypto::Signature& s : signatures) identities += s.identities.size();
  std::size_t parties = 0;
  for (const MessageComponent& component : message.components) parties += 1 + component.attendees.size();
  return identities * parties;
}

Correlation correlate(const itip::Message& message, const Signatures& signatures,
                      const itip::Owner& owner,
                      const std::vector<std::pair<CalAddress, CalAddress>>& aliases)
{
  const Asked asked{message, owner, SameUser{aliases, owner.local_part}};
  Correlation out;
  out.claimant = claim(asked);
  if (message.method == itip::Method::None) return out;
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    if (signatures[i]->status != crypto::SignatureStatus::Valid) continue;
    for (const CalAddress& identity : signatures[i]->identities) {
      const Found found = find(asked, identity);
      if (reach(found.backing) <= reach(out.backing)) continue;
      out.backing = found.backing;
      out.signature = i;
      out.signer = identity;
      if (found.attendee) {
        out.claimant = Claimant{Claimant::Role::Attendee, *found.attendee, std::nullopt};
      } else if (found.backing == Backing::SignedBySentBy ||
                 found.backing == Backing::SignedByClaimant) {
        out.claimant = claim(asked);
      }
      if (found.backing == Backing::SignedBySentBy && out.claimant)
        out.claimant->sent_by = identity;
    }
  }
  return out;
}

}  // namespace imip::identity
