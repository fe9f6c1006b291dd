/// @file May they, here? (trust.md section 4). Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crypto/signature.hpp"
#include "identity/correlation.hpp"
#include "itip/plan.hpp"
#include "policy/policy.hpp"

namespace imip::policy {

enum class Verdict : std::uint8_t { None = 0, Untrusted, Ask, Trusted };
[[nodiscard]] std::string_view verdict_word(Verdict v);  ///< "none", "untrusted", "ask", "trusted"
enum class Assurance : std::uint8_t { None = 0, Signed };
[[nodiscard]] std::string_view assurance_word(Assurance a);

/// Everything a decision depends on, and nothing else.
struct Evidence {
  const itip::Message* message = nullptr;     ///< null: refused by iTIP (refusals says why)
  std::vector<Reason> refusals;               ///< iTIP: always untrusted
  std::vector<Reason> defects;                ///< of the MIME parts: no identity
  identity::Signatures signatures;            ///< those that cover this part
  std::vector<Reason> signature_defects;  ///< of signed entities around it that gave no signature
  identity::Correlation correlation;
  std::vector<itip::Objection> objections;
  UtcSeconds now{};
};

struct Decision {
  Verdict verdict = Verdict::None;
  Assurance assurance = Assurance::None;
  std::vector<Reason> reasons;  ///< the deciding one first
  Origin decided_by;
  itip::Speaker speaker;  ///< for the plan; class None unless somebody is proven
};

Decision decide(const Policy& policy, const Evidence& evidence);

/// The one command that would change the decision ("imip policy allow ..."), or "" if nothing
/// could.
[[nodiscard]] std::string suggestion(const Policy& policy, const Evidence& evidence,
                                     const Decision& decision);

}  // namespace imip::policy
