#include "headrace/source/postgres/decimal_readers.h"

#include <arrow/array/data.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "headrace/source/column_buffer.h"
#include "headrace/source/postgres/numeric.h"
#include "headrace/source/postgres/wire.h"

namespace headrace {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr int32_t kMaxUint64Digits = 19;

constexpr std::array<uint64_t, kMaxUint64Digits + 1> kPowersOfTen = [] {
  std::array<uint64_t, kMaxUint64Digits + 1> powers{1};
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

int32_t DecimalDigits(uint64_t value) {
  int32_t digits = 0;
  while (digits < kMaxUint64Digits && value >= kPowersOfTen[static_cast<size_t>(digits)]) ++digits;
  return digits;
}

template <typename Number>
void ShiftLeft(Number& number, int32_t digits) {
  for (; digits > 0; digits -= kMaxUint64Digits - 1) {
    const auto step = static_cast<size_t>(std::min(digits, kMaxUint64Digits - 1));
    number = number * Number(kPowersOfTen[step]);
  }
}

/// Appends `group`, whose last decimal digit counts 10^exponent, to the digits of `number`.
template <typename Number>
bool AppendGroup(uint32_t group, int32_t exponent, Number& number) {
  if (exponent >= 0) {
    ShiftLeft(number, kDigitsPerGroup);
    number = number + Number(uint64_t{group});
    return true;
  }
  if (exponent <= -kDigitsPerGroup) return group == 0;
  const auto divisor = static_cast<uint32_t>(kPowersOfTen[static_cast<size_t>(-exponent)]);
  ShiftLeft(number, kDigitsPerGroup + exponent);
  number = number + Number(uint64_t{group / divisor});
  return group % divisor == 0;
}

/// |number| × 10^scale. False where that is no integer of at most `precision` digits.
template <typename Number>
bool Unscale(const WireNumeric& number, int32_t precision, int32_t scale, Number& out) {
  int32_t first = 0;
  while (first < number.digits && number.Digit(first) == 0) ++first;
  if (first == number.digits) return true;
  const int32_t first_exponent = kDigitsPerGroup * (number.weight - first) + scale;
  if (DecimalDigits(number.Digit(first)) + first_exponent > precision) return false;
  int32_t exponent = first_exponent;
  for (int32_t i = first; i < number.digits; ++i) {
    exponent = kDigitsPerGroup * (number.weight - i) + scale;
    if (!AppendGroup(number.Digit(i), exponent, out)) return false;
  }
  ShiftLeft(out, std::max(exponent, 0));
  return true;
}

/// How a decimal type is computed and stored.
struct Decimal128Form {
  static constexpr int64_t kBytes = 16;
  using Number = Uint128;
  static void Store(Uint128 number, bool negative, uint8_t* out) {
    const Uint128 value = negative ? Uint128{0} - number : number;
    std::memcpy(out, &value, sizeof(value));
  }
};

struct Decimal256Form {
  static constexpr int64_t kBytes = 32;
  using Number = arrow::BasicDecimal256;
  static void Store(arrow::BasicDecimal256 number, bool negative, uint8_t* out) {
    if (negative) number.Negate();
    std::memcpy(out, number.native_endian_bytes(), kBytes);
  }
};

template <typename Form>
class DecimalReader final : public FieldReader {
 public:
  DecimalReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context)
      : FieldReader(context),
        type_(type),
        precision_(static_cast<const arrow::DecimalType&>(*type).precision()),
        scale_(static_cast<const arrow::DecimalType&>(*type).scale()),
        small_limit_(precision_ < kMaxUint64Digits ? kPowersOfTen[static_cast<size_t>(precision_)]
                                                   : std::numeric_limits<uint64_t>::max()) {}

  bool Read(const uint8_t* data, int32_t size) override {
    uint64_t unscaled = 0;
    if (!ReadSmall(data, size, unscaled)) [[unlikely]] {
      return ReadLarge(data, size);
    }
    Form::Store(unscaled, wire::Load16(data + 4) != 0, values_ + Form::kBytes * length_++);
    return true;
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    const int64_t nulls = validity_.nulls();
    ARROW_ASSIGN_OR_RAISE(auto validity, validity_.Take(length_));
    ARROW_ASSIGN_OR_RAISE(auto values, buffer_.Take(length_ * Form::kBytes));
    const int64_t length = std::exchange(length_, 0);
    capacity_ = 0;
    return arrow::ArrayData::Make(type_, length, {std::move(validity), std::move(values)}, nulls);
  }

 protected:
  arrow::Status GrowTo(int64_t capacity) override {
    ARROW_RETURN_NOT_OK(buffer_.Reserve(capacity * Form::kBytes));
    ARROW_RETURN_NOT_OK(validity_.Grow(capacity));
    values_ = buffer_.data();
    capacity_ = capacity;
    return arrow::Status::OK();
  }

 private:
  /// The common case: at most four groups, the last of which ends near the scale. False: anything
  /// else.
  bool ReadSmall(const uint8_t* data, int32_t size, uint64_t& unscaled) const {
    constexpr int32_t kMostGroups = 4;
    constexpr int32_t kHeader = 8;
    if (size < kHeader || size > kHeader + 2 * kMostGroups) return false;
    const int32_t groups = wire::Load16(data);
    if (size != kHeader + 2 * groups || (wire::Load16(data + 4) & ~0x4000U) != 0) return false;
    uint64_t value = 0;
    bool valid = true;
    for (int32_t i = 0; i < groups; ++i) {
      const uint32_t group = wire::Load16(data + kHeader + ptrdiff_t{2} * i);
      valid &= group < 10'000;
      value = value * 10'000 + group;
    }
    const int32_t exponent = kDigitsPerGroup * (wire::LoadInt16(data + 2) - groups + 1) + scale_;
    unscaled = value;
    return valid && (groups == 0 || Shift(exponent, unscaled)) && unscaled < small_limit_;
  }

  /// Multiplies by 10^exponent where that is a small step and exact. Constant divisors need no
  /// division.
  static bool Shift(int32_t exponent, uint64_t& value) {
    const uint64_t before = value;
    switch (exponent) {
      case 2:
        value *= 100;
        return true;
      case 1:
        value *= 10;
        return true;
      case 0:
        return true;
      case -1:
        value /= 10;
        return value * 10 == before;
      case -2:
        value /= 100;
        return value * 100 == before;
      case -3:
        value /= 1000;
        return value * 1000 == before;
      default:
        return false;
    }
  }

  bool ReadLarge(const uint8_t* data, int32_t size) {
    if (size == -1) return AppendNull();
    WireNumeric number;
    if (!ParseNumeric(data, size, number)) return Malformed("numeric", size);
    typename Form::Number unscaled{};
    if (number.kind != WireNumeric::Kind::kFinite ||
        !Unscale(number, precision_, scale_, unscaled)) {
      return NullInsteadOf(NumericText(number)) && AppendNull();
    }
    Form::Store(unscaled, number.negative, values_ + Form::kBytes * length_++);
    return true;
  }

  bool AppendNull() {
    if (!Succeed(validity_.SetNull(length_, capacity_))) return false;
    std::memset(values_ + Form::kBytes * length_++, 0, Form::kBytes);
    return true;
  }

  std::shared_ptr<arrow::DataType> type_;
  int32_t precision_;
  int32_t scale_;
  uint64_t small_limit_;  ///< 10^precision, or the greatest uint64.
  ColumnBuffer buffer_;
  ValidityBuffer validity_;
  uint8_t* values_ = nullptr;
};

}  // namespace

FieldReaderPtr MakeDecimalReader(const std::shared_ptr<arrow::DataType>& type,
                                 ReadContext& context) {
  if (type->id() == arrow::Type::DECIMAL128) {
    return std::make_unique<DecimalReader<Decimal128Form>>(type, context);
  }
  return std::make_unique<DecimalReader<Decimal256Form>>(type, context);
}

}  // namespace headrace
