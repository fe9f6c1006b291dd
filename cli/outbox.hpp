/// @file Where the mails that imip makes go: standard output takes exactly one; a folder, an mbox or a
/// program that sends takes any number.
#pragma once
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "cli/command.hpp"

namespace imip::cli {

/// One mail that is ready to go.
struct Letter {
  std::string octets;
  std::string sender;  ///< addr-spec, for the From_ line of an mbox
  UtcSeconds date{};
};

/// Can the mails go where the flags say? Looks only; asked before anything is stored or sent.
/// @errors Errc::Usage (two places, or a --send that is no command), Errc::CannotCreate (several mails for
/// one place, no such folder)
Result<void> check_outbox(const OutboxOptions& outbox, std::size_t mails);

/// Puts the mails there, in order. Folder: one file each ("20270104T100000Z-0001-1f2e3d4c.eml"), all written
/// before the first gets its name. Mbox: all appended under a lock, or none. --send: CMD runs once for each,
/// with the mail on its standard input and its output on our standard error; stops at the first failure.
/// @param first  the number of the first, where others went before
/// @returns ExitCode::Ok; after a failed CMD its status if that is one of sysexits(3), else TempFail
/// @errors Errc::CannotCreate, Errc::Io, Errc::TryAgain (the mbox is locked), Errc::Unavailable (no CMD)
Result<ExitCode> post(const OutboxOptions& outbox, const std::vector<Letter>& letters,
                      Context& context, std::size_t first = 1);

/// The words of --send. Blanks part them, '...', "..." and \ keep them together; nothing is expanded.
/// @errors Errc::Usage  an open quote, or what only a shell would understand
Result<std::vector<std::string>> command_words(const std::string& command);

}  // namespace imip::cli
