/// @file The mails that `imip apply` sends because of what it applied.
#pragma once
#include <cstddef>
#include <set>
#include <string>

#include "cli/answer_mail.hpp"
#include "cli/command.hpp"
#include "cli/judging.hpp"
#include "cli/outbox.hpp"
#include "pipeline/apply.hpp"

namespace imip::cli {

/// Of one run: where they go, and how many went.
class Replies {
 public:
  /// @errors Errc::Usage  options that do not go together
  static Result<Replies> open(const ApplyOptions& options);

  /// Is standard output for mail alone?
  [[nodiscard]] bool on_standard_output() const { return outbox_.output == "-"; }
  [[nodiscard]] bool wanted() const { return wanted_; }
  [[nodiscard]] pipeline::CounterChoice choice() const;
  /// Mails what the plan offers, as far as it may be (pipeline/offers.hpp). The same mail goes once; what --send took
  /// because of a message is not sent again in later runs.
  /// @errors Errc::CannotCreate (a second one for standard output), Errc::TryAgain (it could not be sent)
  Result<void> send(const pipeline::JudgedPart& part, pipeline::Applied& applied,
                    const pipeline::Consent& consent, Bench& bench, Context& context);

 private:
  explicit Replies(const ApplyOptions& options) : options_(&options) {}

  const ApplyOptions* options_;
  OutboxOptions outbox_;
  bool wanted_ = false;
  std::size_t posted_ = 0;
  std::set<std::string> sent_;  ///< Message-IDs
};

}  // namespace imip::cli
