#include "headrace/model/table_pattern.h"

#include <algorithm>
#include <utility>

#include "headrace/model/utf8.h"

namespace headrace {
namespace {

constexpr char kAnyManySign = '*';
constexpr char kAnyOneSign = '?';

bool IsWildcard(const NameByte& byte) {
  return !byte.is_quoted && (byte.byte == kAnyManySign || byte.byte == kAnyOneSign);
}

bool HasWildcard(const NameBytes& bytes) { return std::ranges::any_of(bytes, IsWildcard); }

/// Bytes of the character that `text`, which is not empty, begins with.
size_t CharacterSize(std::string_view text) { return std::max<size_t>(1, Utf8CharacterSize(text)); }

}  // namespace

NameGlob::NameGlob(const NameBytes& bytes) {
  const std::string text = PlainName(bytes);
  for (size_t at = 0; at < text.size();) {
    const size_t size = CharacterSize(std::string_view(text).substr(at));
    if (!IsWildcard(bytes[at])) {
      tokens_.push_back({.kind = Kind::kCharacter, .character = text.substr(at, size)});
    } else if (text[at] == kAnyOneSign) {
      tokens_.push_back({.kind = Kind::kAnyOne});
    } else if (tokens_.empty() || tokens_.back().kind != Kind::kAnyMany) {
      tokens_.push_back({.kind = Kind::kAnyMany});
    }
    at += size;
  }
}

/// Takes as little as it can for each star, and goes back to the last one alone: what an earlier
/// one could take besides, the last one can too.
bool NameGlob::Matches(std::string_view name) const {
  size_t token = 0;
  size_t at = 0;
  std::optional<size_t> star;
  size_t behind_star = 0;
  while (at < name.size()) {
    const size_t size = CharacterSize(name.substr(at));
    if (IsMany(token)) {
      star = token++;
      behind_star = at;
    } else if (token < tokens_.size() && tokens_[token].Takes(name.substr(at, size))) {
      ++token;
      at += size;
    } else if (star.has_value()) {
      token = *star + 1;
      behind_star += CharacterSize(name.substr(behind_star));
      at = behind_star;
    } else {
      return false;
    }
  }
  if (IsMany(token)) ++token;
  return token == tokens_.size();
}

bool NameGlob::Agree(const Token& a, const Token& b) {
  return a.kind != Kind::kCharacter || b.Takes(a.character);
}

/// Row after row from the ends: `overlaps[j]` says it of what is left of this one from token i on,
/// and of the other one from token j on.
bool NameGlob::Overlaps(const NameGlob& other) const {
  const size_t most = other.tokens_.size();
  std::vector<char> below(most + 1, 0);  // Of i + 1.
  for (size_t i = tokens_.size() + 1; i-- > 0;) {
    std::vector<char> overlaps(most + 1, 0);
    for (size_t j = most + 1; j-- > 0;) {
      const bool ends = i == tokens_.size();
      if (IsMany(i) || other.IsMany(j)) {
        overlaps[j] =
            static_cast<char>((!ends && below[j] != 0) || (j < most && overlaps[j + 1] != 0));
      } else if (ends || j == most) {
        overlaps[j] = static_cast<char>(ends && j == most);
      } else {
        overlaps[j] = static_cast<char>(Agree(tokens_[i], other.tokens_[j]) && below[j + 1] != 0);
      }
    }
    below = std::move(overlaps);
  }
  return below.front() != 0;
}

bool TablePattern::HasWildcards(std::string_view text) {
  const WrittenName written = SplitName(text);
  return HasWildcard(written.name) || (written.schema && HasWildcard(*written.schema));
}

TablePattern::TablePattern(const std::string& text) : TablePattern(text, SplitName(text)) {}

TablePattern::TablePattern(std::string text, const WrittenName& written)
    : text_(std::move(text)), name_(written.name) {
  if (written.schema) schema_.emplace(*written.schema);
}

bool TablePattern::Matches(const TableRef& table) const {
  if (table.is_query() || has_schema() == table.schema.empty()) return false;
  return name_.Matches(table.name) && (!schema_ || schema_->Matches(table.schema));
}

bool TablePattern::Overlaps(const TablePattern& other) const {
  if (has_schema() != other.has_schema()) return false;
  return name_.Overlaps(other.name_) && (!schema_ || schema_->Overlaps(*other.schema_));
}

}  // namespace headrace
