#pragma once

#include <charconv>
#include <string_view>

namespace headrace {

/// Takes text apart from its front; what is not there is left alone. The text outlives it.
class TextFront {
 public:
  explicit TextFront(std::string_view text) : rest_(text) {}

  bool Skip(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  /// All decimal digits that follow: at least `least`, and at most `most`, so many that `Number`
  /// holds them.
  template <typename Number>
  bool Digits(size_t least, size_t most, Number& number) {
    const size_t other = rest_.find_first_not_of("0123456789");
    const std::string_view digits = rest_.substr(0, other);
    if (digits.size() < least || digits.size() > most) return false;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    rest_.remove_prefix(digits.size());
    return true;
  }

  bool IsAt(std::string_view text) const { return rest_.starts_with(text); }
  bool AtEnd() const { return rest_.empty(); }
  size_t size() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

}  // namespace headrace
