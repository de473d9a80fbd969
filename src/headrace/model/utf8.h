#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Bytes as the text that they may or may not be: what comes from a source, a file name or a
/// command line need not be UTF-8.
namespace headrace {

/// U+FFFD, which stands for what is no character.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// Bytes of the UTF-8 character that `text` begins with; 0: none (an overlong form, a surrogate, a
/// broken sequence, the end).
size_t Utf8CharacterSize(std::string_view text);

bool IsUtf8(std::string_view text);

/// A value as a message shows it: `text` up to about 80 bytes, never within a character; what was
/// cut ends in `…`.
std::string ShortenedValue(std::string_view text);

/// `text` in double quotes, so that all of it is seen: a backslash in front of quotes and
/// backslashes, `\xff` for each byte of what is invisible or no UTF-8.
std::string QuotedText(std::string_view text);

/// Whether `character`, one UTF-8 character, is shown by nothing of its own but changes what is
/// shown around it: control characters (C0, DEL, C1), line and paragraph separators, marks of
/// writing direction, and characters without width.
bool IsInvisible(std::string_view character);

}  // namespace headrace
