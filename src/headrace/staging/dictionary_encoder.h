#pragma once

#include <cstddef>
#include <cstdint>

#include "headrace/staging/column_encoder.h"
#include "headrace/staging/dictionary_room.h"
#include "headrace/staging/encoder_parts.h"

namespace headrace {

/// An encoder whose column chunk has a dictionary of `Entry`s, or is PLAIN where that became too
/// large. `Bounds` begin anew with each chunk. `Derived` does what is its own, without a virtual
/// call:
///   Rows RowsOf(array)             a view of its values
///   uint16_t* FillIndicesOf(rows, first, length, dictionary, indices)
///                                  looks up rows that are not NULL; the end of `indices`, or null
///                                  if the dictionary became too large
///   void AddBounds(entries)        of all values, by the dictionary
///   void AppendEntry(entry, bytes) as PLAIN
///   void EncodePlain(array, pages) with bounds
template <typename Derived, typename Entry, typename Bounds>
class DictionaryEncoder : public ColumnEncoder {
 public:
  bool Encode(const ArrayChunks& chunks, DictionaryRoom* room, PageAssembler& pages) final {
    bounds_ = {};
    if (room != nullptr && FillIndices(chunks, *room)) {
      const Dictionary<Entry>& dictionary = room->dictionary<Entry>();
      expected_entries_ = dictionary.entries().size();
      self().AddBounds(dictionary.entries());
      WriteIndexPages(
          chunks, dictionary, room->indices(), pages,
          [this](const Entry& entry, ByteBuffer& out) { self().AppendEntry(entry, out); });
      return true;
    }
    for (const auto& chunk : chunks) self().EncodePlain(*chunk, pages);
    pages.FlushPage(parquet::Encoding::PLAIN);
    return false;
  }

 protected:
  Bounds bounds_;

 private:
  friend Derived;
  DictionaryEncoder() = default;

  Derived& self() { return static_cast<Derived&>(*this); }

  bool FillIndices(const ArrayChunks& chunks, DictionaryRoom& room) {
    auto& dictionary = room.dictionary<Entry>();
    dictionary.Clear(expected_entries_);
    room.indices().resize(static_cast<size_t>(TotalLength(chunks)));
    uint16_t* end = room.indices().data();
    for (const auto& chunk : chunks) {
      const auto rows = self().RowsOf(*chunk);
      VisitValidRuns(*chunk, 0, chunk->length(), [&](int64_t first, int64_t length) {
        if (end != nullptr) end = self().FillIndicesOf(rows, first, length, dictionary, end);
      });
      if (end == nullptr) return false;
    }
    return true;
  }

  size_t expected_entries_ = 0;  // Column chunks of one column are alike.
};

}  // namespace headrace
