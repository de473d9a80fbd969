#include "headrace/config/option.h"

#include <utility>

namespace headrace {

void OptionValues::Set(std::string key, Value value, bool from_default) {
  entries_.insert_or_assign(std::move(key), Entry{std::move(value), from_default});
}

void OptionValues::Overlay(const OptionValues& other) {
  for (const auto& [key, entry] : other.entries_) entries_.insert_or_assign(key, entry);
}

const OptionValues::Value* OptionValues::Find(std::string_view key) const {
  const auto entry = entries_.find(key);
  return entry == entries_.end() ? nullptr : &entry->second.value;
}

std::optional<std::string> OptionValues::String(std::string_view key) const {
  return Get<std::string>(key);
}

std::optional<int64_t> OptionValues::Integer(std::string_view key) const {
  return Get<int64_t>(key);
}

std::optional<bool> OptionValues::Boolean(std::string_view key) const { return Get<bool>(key); }

std::vector<std::string> OptionValues::StringList(std::string_view key) const {
  return Get<std::vector<std::string>>(key).value_or(std::vector<std::string>());
}

bool OptionValues::WasWritten(std::string_view key) const {
  const auto entry = entries_.find(key);
  return entry != entries_.end() && !entry->second.from_default;
}

}  // namespace headrace
