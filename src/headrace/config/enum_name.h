#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace headrace {

/// The value of an enum whose names `name_of` gives and whose last value is `last`; nullopt where
/// no value has this name.
template <typename Enum>
std::optional<Enum> EnumByName(const std::optional<std::string>& name,
                               std::string_view (*name_of)(Enum), Enum last) {
  if (!name.has_value()) return std::nullopt;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    if (name_of(value) == *name) return value;
  }
  return std::nullopt;
}

}  // namespace headrace
