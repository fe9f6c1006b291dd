/// @file Text from strangers: checking, folding, showing.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace imip::text {

[[nodiscard]] bool is_utf8(std::string_view s);
/// ASCII letters only; other octets stay.
[[nodiscard]] std::string ascii_lower(std::string_view s);
[[nodiscard]] std::string ascii_upper(std::string_view s);
[[nodiscard]] bool ascii_iequal(std::string_view a, std::string_view b);
[[nodiscard]] std::string_view trim(std::string_view s);

/// Makes text safe for a terminal or a log: C0 and C1 controls, bidirectional and other invisible
/// format characters (Unicode Cf), line and paragraph separators, and invalid UTF-8 become visible
/// escapes such as \u{202E} or \x1B; newline becomes "\n" as two characters. Of blanks in a row (Unicode Zs) one
/// is shown: with many a value could fill a line, and draw a line of ours below it.
[[nodiscard]] std::string for_terminal(std::string_view untrusted);

/// Columns that text which for_terminal() gave takes on a terminal.
[[nodiscard]] std::size_t display_width(std::string_view shown);

/// One word for a POSIX shell: quoted with '...' unless all characters are in [A-Za-z0-9._+=@:/-].
[[nodiscard]] std::string shell_quote(std::string_view word);

}  // namespace imip::text
