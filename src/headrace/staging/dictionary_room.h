#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

#include "headrace/staging/dictionary.h"

namespace headrace {

/// The dictionary of the column chunk that is being written, whatever the type of its entries, and
/// the indices of its rows. Columns of a file are written one after another, so one room is enough
/// for all: a table of 1,600 columns would fill memory with rooms of their own. Used by one thread.
class DictionaryRoom {
 public:
  template <typename Entry>
  Dictionary<Entry>& dictionary() {
    return std::get<Dictionary<Entry>>(dictionaries_);
  }

  /// One number per value that is not NULL.
  std::vector<uint16_t>& indices() { return indices_; }

 private:
  std::tuple<Dictionary<int32_t>, Dictionary<int64_t>, Dictionary<float>, Dictionary<double>,
             Dictionary<std::string_view>>
      dictionaries_;
  std::vector<uint16_t> indices_;
};

}  // namespace headrace
