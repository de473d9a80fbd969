#include "headrace/model/column_hasher.h"

#include <arrow/array/data.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/binary_view_util.h>
#include <arrow/util/bit_util.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "headrace/model/xxh3.h"

namespace headrace {
namespace {

/// A hasher from a reader of words: `Words(type)` keeps what the type says, `At(data)` gives a
/// function from the position in the buffers (the array's offset counted) to the word. Words of
/// NULL slots are never asked for.
template <typename Words>
class WordHasher final : public ColumnHasher {
 public:
  WordHasher(const arrow::DataType& type, ColumnSalt salt) : ColumnHasher(salt), words_(type) {}

  void AddHashes(const arrow::ArrayData& data, int64_t begin, int64_t count,
                 uint64_t* sums) override {
    const auto word_at = words_.At(data);
    const ColumnSalt salt = this->salt();
    const int64_t first = data.offset + begin;
    if (data.GetNullCount() == 0) {
      for (int64_t i = 0; i < count; ++i) sums[i] += salt.Hash(word_at(first + i));
      return;
    }
    const uint8_t* valid = data.buffers[0]->data();
    for (int64_t i = 0; i < count; ++i) {
      sums[i] += arrow::bit_util::GetBit(valid, first + i) ? salt.Hash(word_at(first + i))
                                                           : salt.null_hash;
    }
  }

 private:
  Words words_;
};

class NullHasher final : public ColumnHasher {
 public:
  NullHasher(const arrow::DataType& /*type*/, ColumnSalt salt) : ColumnHasher(salt) {}

  void AddHashes(const arrow::ArrayData& /*data*/, int64_t /*begin*/, int64_t count,
                 uint64_t* sums) override {
    for (int64_t i = 0; i < count; ++i) sums[i] += salt().null_hash;
  }
};

struct BoolWords {
  explicit BoolWords(const arrow::DataType& /*type*/) {}
  auto At(const arrow::ArrayData& data) const {
    return [bits = data.buffers[1]->data()](int64_t i) -> uint64_t {
      return arrow::bit_util::GetBit(bits, i) ? 1 : 0;
    };
  }
};

template <typename Integer>
struct IntegerWords {
  explicit IntegerWords(const arrow::DataType& /*type*/) {}
  auto At(const arrow::ArrayData& data) const {
    return [values = data.GetValues<Integer>(1, 0)](int64_t i) {
      return static_cast<uint64_t>(static_cast<int64_t>(values[i]));
    };
  }
};

/// Integers above the range of int64 are decimals.
struct UInt64Words {
  explicit UInt64Words(const arrow::DataType& /*type*/) {}
  auto At(const arrow::ArrayData& data) const {
    return [values = data.GetValues<uint64_t>(1, 0)](int64_t i) {
      const uint64_t value = values[i];
      return static_cast<int64_t>(value) >= 0 ? value : WideDecimalWord({value, 0, 0, 0}, 0);
    };
  }
};

template <typename Float>
struct FloatWords {
  explicit FloatWords(const arrow::DataType& /*type*/) {}
  auto At(const arrow::ArrayData& data) const {
    return [values = data.GetValues<Float>(1, 0)](int64_t i) { return FloatWord(values[i]); };
  }
};

template <typename Integer>
struct SmallDecimalWords {
  explicit SmallDecimalWords(const arrow::DataType& type)
      : scale(static_cast<const arrow::DecimalType&>(type).scale()) {}
  auto At(const arrow::ArrayData& data) const {
    return [values = data.GetValues<Integer>(1, 0), scale = scale](int64_t i) {
      return DecimalWord(values[i], scale);
    };
  }
  int scale;
};

struct Decimal128Words {
  explicit Decimal128Words(const arrow::DataType& type)
      : scale(static_cast<const arrow::DecimalType&>(type).scale()) {}
  auto At(const arrow::ArrayData& data) const {
    return [limbs = data.GetValues<uint64_t>(1, 0), scale = scale](int64_t i) {
      const auto low = static_cast<int64_t>(limbs[2 * i]);
      const auto high = static_cast<int64_t>(limbs[2 * i + 1]);
      if (high == (low >> 63U)) return DecimalWord(low, scale);
      const uint64_t sign = high < 0 ? ~uint64_t{0} : 0;
      return WideDecimalWord({limbs[2 * i], limbs[2 * i + 1], sign, sign}, scale);
    };
  }
  int scale;
};

struct Decimal256Words {
  explicit Decimal256Words(const arrow::DataType& type)
      : scale(static_cast<const arrow::DecimalType&>(type).scale()) {}
  auto At(const arrow::ArrayData& data) const {
    return [limbs = data.GetValues<uint64_t>(1, 0), scale = scale](int64_t i) {
      return WideDecimalWord({limbs[4 * i], limbs[4 * i + 1], limbs[4 * i + 2], limbs[4 * i + 3]},
                             scale);
    };
  }
  int scale;
};

template <typename Offset>
struct TextWords {
  explicit TextWords(const arrow::DataType& /*type*/) {}
  auto At(const arrow::ArrayData& data) const {
    const auto* bytes = data.buffers[2] == nullptr ? nullptr : data.GetValues<char>(2, 0);
    return [bytes, offsets = data.GetValues<Offset>(1, 0)](int64_t i) {
      return Xxh3({bytes + offsets[i], static_cast<size_t>(offsets[i + 1] - offsets[i])});
    };
  }
};

struct TextViewWords {
  explicit TextViewWords(const arrow::DataType& /*type*/) {}
  auto At(const arrow::ArrayData& data) const {
    return [views = data.GetValues<arrow::BinaryViewType::c_type>(1, 0),
            buffers = data.buffers.data() + 2](int64_t i) {
      return Xxh3(arrow::util::FromBinaryView(views[i], buffers));
    };
  }
};

struct FixedSizeBytesWords {
  explicit FixedSizeBytesWords(const arrow::DataType& type) : width(type.byte_width()) {}
  auto At(const arrow::ArrayData& data) const {
    return [bytes = data.GetValues<char>(1, 0), width = width](int64_t i) {
      return Xxh3({bytes + i * width, static_cast<size_t>(width)});
    };
  }
  int64_t width;
};

struct Date64Words {
  explicit Date64Words(const arrow::DataType& /*type*/) {}
  auto At(const arrow::ArrayData& data) const {
    constexpr int64_t kMillisPerDay = 86'400'000;
    return [values = data.GetValues<int64_t>(1, 0)](int64_t i) {
      const int64_t day = values[i] / kMillisPerDay - (values[i] % kMillisPerDay < 0 ? 1 : 0);
      return static_cast<uint64_t>(day);
    };
  }
};

/// Times and timestamps in microseconds; a nanosecond value that is none is a decimal with digits
/// behind the point.
struct TimeUnit {
  int64_t factor;
  int scale;
};

/// By arrow::TimeUnit: seconds, milliseconds, microseconds, nanoseconds.
constexpr std::array<TimeUnit, 4> kTimeUnits = {{{1'000'000, 0}, {1'000, 0}, {1, 0}, {1, 3}}};

const TimeUnit& UnitOf(const arrow::DataType& type) {
  const arrow::TimeUnit::type unit = type.id() == arrow::Type::TIMESTAMP
                                         ? static_cast<const arrow::TimestampType&>(type).unit()
                                         : static_cast<const arrow::TimeType&>(type).unit();
  return kTimeUnits.at(static_cast<size_t>(unit));
}

template <typename Integer>
struct TimeWords {
  explicit TimeWords(const arrow::DataType& type) : unit(UnitOf(type)) {}
  auto At(const arrow::ArrayData& data) const {
    return [values = data.GetValues<Integer>(1, 0), unit = unit](int64_t i) {
      if (unit.scale > 0) return DecimalWord(values[i], unit.scale);
      return ScaledIntegerWord(values[i], unit.factor);
    };
  }
  TimeUnit unit;
};

/// Microseconds, the common unit, are integers as they are.
bool IsMicros(const arrow::DataType& type) {
  return (type.id() == arrow::Type::TIMESTAMP || type.id() == arrow::Type::TIME64) &&
         UnitOf(type).factor == 1 && UnitOf(type).scale == 0;
}

using HasherFactory = std::unique_ptr<ColumnHasher> (*)(const arrow::DataType&, ColumnSalt);

template <typename Hasher>
std::unique_ptr<ColumnHasher> NewHasher(const arrow::DataType& type, ColumnSalt salt) {
  return std::make_unique<Hasher>(type, salt);
}

template <typename Words>
constexpr HasherFactory kHasherOf = NewHasher<WordHasher<Words>>;

std::unique_ptr<ColumnHasher> NewTime64Hasher(const arrow::DataType& type, ColumnSalt salt) {
  return IsMicros(type) ? NewHasher<WordHasher<IntegerWords<int64_t>>>(type, salt)
                        : NewHasher<WordHasher<TimeWords<int64_t>>>(type, salt);
}

struct HasherRow {
  arrow::Type::type type;
  HasherFactory make;
};

constexpr std::array<HasherRow, 28> kHashers = {{
    {arrow::Type::NA, NewHasher<NullHasher>},
    {arrow::Type::BOOL, kHasherOf<BoolWords>},
    {arrow::Type::INT8, kHasherOf<IntegerWords<int8_t>>},
    {arrow::Type::INT16, kHasherOf<IntegerWords<int16_t>>},
    {arrow::Type::INT32, kHasherOf<IntegerWords<int32_t>>},
    {arrow::Type::INT64, kHasherOf<IntegerWords<int64_t>>},
    {arrow::Type::UINT8, kHasherOf<IntegerWords<uint8_t>>},
    {arrow::Type::UINT16, kHasherOf<IntegerWords<uint16_t>>},
    {arrow::Type::UINT32, kHasherOf<IntegerWords<uint32_t>>},
    {arrow::Type::UINT64, kHasherOf<UInt64Words>},
    {arrow::Type::FLOAT, kHasherOf<FloatWords<float>>},
    {arrow::Type::DOUBLE, kHasherOf<FloatWords<double>>},
    {arrow::Type::DECIMAL32, kHasherOf<SmallDecimalWords<int32_t>>},
    {arrow::Type::DECIMAL64, kHasherOf<SmallDecimalWords<int64_t>>},
    {arrow::Type::DECIMAL128, kHasherOf<Decimal128Words>},
    {arrow::Type::DECIMAL256, kHasherOf<Decimal256Words>},
    {arrow::Type::STRING, kHasherOf<TextWords<int32_t>>},
    {arrow::Type::BINARY, kHasherOf<TextWords<int32_t>>},
    {arrow::Type::LARGE_STRING, kHasherOf<TextWords<int64_t>>},
    {arrow::Type::LARGE_BINARY, kHasherOf<TextWords<int64_t>>},
    {arrow::Type::STRING_VIEW, kHasherOf<TextViewWords>},
    {arrow::Type::BINARY_VIEW, kHasherOf<TextViewWords>},
    {arrow::Type::FIXED_SIZE_BINARY, kHasherOf<FixedSizeBytesWords>},
    {arrow::Type::DATE32, kHasherOf<IntegerWords<int32_t>>},
    {arrow::Type::DATE64, kHasherOf<Date64Words>},
    {arrow::Type::TIME32, kHasherOf<TimeWords<int32_t>>},
    {arrow::Type::TIME64, NewTime64Hasher},
    {arrow::Type::TIMESTAMP, NewTime64Hasher},
}};

/// A negative scale would need powers of ten without bound; no source of this program yields one.
bool HasRule(const arrow::DataType& type) {
  return !arrow::is_decimal(type.id()) || static_cast<const arrow::DecimalType&>(type).scale() >= 0;
}

}  // namespace

arrow::Result<std::unique_ptr<ColumnHasher>> MakeColumnHasher(const arrow::DataType& type,
                                                              uint64_t position) {
  for (const HasherRow& row : kHashers) {
    if (row.type == type.id() && HasRule(type)) return row.make(type, ColumnSalt::At(position));
  }
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<ColumnHasher> nested, MakeNestedHasher(type, position));
  if (nested == nullptr) return BugError("no checksum rule for values of type " + type.ToString());
  return nested;
}

}  // namespace headrace
