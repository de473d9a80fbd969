#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/model/table_ref.h"
#include "headrace/model/written_name.h"

namespace headrace {

/// One part of a name with wildcards: `*` stands for any characters, also none, `?` for one. What
/// double quotes protect, and everything else, stands for itself, in its case. A value.
class NameGlob {
 public:
  explicit NameGlob(const NameBytes& bytes);

  bool operator==(const NameGlob&) const = default;

  bool Matches(std::string_view name) const;
  /// Is there a name that both match?
  bool Overlaps(const NameGlob& other) const;

 private:
  enum class Kind : uint8_t { kCharacter, kAnyOne, kAnyMany };
  struct Token {
    Kind kind = Kind::kCharacter;
    std::string character = {};  ///< In UTF-8; a byte that begins none is one by itself.

    bool operator==(const Token&) const = default;
    bool Takes(std::string_view text) const {
      return kind != Kind::kCharacter || character == text;
    }
  };
  static bool Agree(const Token& a, const Token& b);
  bool IsMany(size_t token) const {
    return token < tokens_.size() && tokens_[token].kind == Kind::kAnyMany;
  }

  std::vector<Token> tokens_;  ///< No two kAnyMany beside each other.
};

/// A table's name as a job writes it, perhaps with wildcards in the schema, the name or both. A
/// value.
class TablePattern {
 public:
  /// Whether `text` has wildcards: a star or a question mark that double quotes do not protect.
  static bool HasWildcards(std::string_view text);

  /// As ParseTableName reads a name; never fails.
  explicit TablePattern(const std::string& text);

  const std::string& text() const { return text_; }  ///< As it was written.
  bool has_schema() const { return schema_.has_value(); }

  /// A pattern without schema matches only tables without one.
  bool Matches(const TableRef& table) const;
  /// Is there a table that both match?
  bool Overlaps(const TablePattern& other) const;
  /// Do both match the same tables, as far as their spelling shows?
  bool IsSameAs(const TablePattern& other) const {
    return schema_ == other.schema_ && name_ == other.name_;
  }

 private:
  TablePattern(std::string text, const WrittenName& written);

  std::string text_;
  std::optional<NameGlob> schema_;
  NameGlob name_;
};

}  // namespace headrace
