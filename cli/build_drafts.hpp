/// @file What `imip build` tells, and to whom: messages that are not mails yet.
#pragma once
#include <optional>
#include <vector>

#include "cli/build_mail.hpp"
#include "cli/command.hpp"
#include "itip/build.hpp"

namespace imip::cli {

/// What is told, and what the organizer's own copy keeps of it.
struct Telling {
  std::vector<Draft> drafts;
  std::optional<ical::Component> own;  ///< instead of the first drafts
  std::size_t told_by_own = 0;         ///< so many
};

/// One message; of what people are invited to parts of, one for all who are invited to the same
/// ones.
Result<Telling> drafts_of_object(const BuildOptions& options, const itip::BuildSpec& flags,
                                 const Limits& limits, Context& context);
/// --previous. @errors as itip::compare(), with the name of the file
Result<Telling> drafts_of_change(const BuildOptions& options, const Limits& limits,
                                 Context& context);
/// --each: the same, one for each of those who get it, without the other attendees.
Result<std::vector<Draft>> one_each(const BuildOptions& options, const std::vector<Draft>& drafts);

}  // namespace imip::cli
