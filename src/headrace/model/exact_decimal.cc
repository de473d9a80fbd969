#include "headrace/model/exact_decimal.h"

#include <arrow/type.h>

#include <charconv>
#include <limits>
#include <utility>

namespace headrace {
namespace {

/// Most digits of a factor that 64 bits hold.
constexpr int32_t kChunkDigits = 18;

/// `whole` . `fraction` × 10^exponent.
struct WrittenDecimal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int64_t exponent = 0;
};

/// Takes the digits that `text` begins with off it.
std::string_view TakeDigits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

/// Takes a sign off `text` if it begins with one; `negative` says which.
void TakeSign(std::string_view& text, bool& negative) {
  if (!text.starts_with('-') && !text.starts_with('+')) return;
  negative = text.front() == '-';
  text.remove_prefix(1);
}

/// An exponent of more digits than 32 bits is as far away as the greatest: no text is so long that
/// its digits could make up for it.
bool ParseExponent(std::string_view text, int64_t& exponent) {
  bool negative = false;
  TakeSign(text, negative);
  const std::string_view digits = TakeDigits(text);
  if (digits.empty() || !text.empty()) return false;
  uint32_t size = std::numeric_limits<uint32_t>::max();
  std::from_chars(digits.data(), digits.data() + digits.size(), size);
  exponent = negative ? -int64_t{size} : int64_t{size};
  return true;
}

bool ParseWritten(std::string_view text, WrittenDecimal& out) {
  TakeSign(text, out.negative);
  out.whole = TakeDigits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    out.fraction = TakeDigits(text);
  }
  if (out.whole.empty() && out.fraction.empty()) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  return ParseExponent(text.substr(1), out.exponent);
}

/// Drops the zeros in front of the first digit that counts, and those behind the last.
void DropZeros(WrittenDecimal& number) {
  const auto drop_front = [](std::string_view& digits) {
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  };
  drop_front(number.whole);
  number.fraction = number.fraction.substr(0, number.fraction.find_last_not_of('0') + 1);
  if (number.whole.empty()) {
    const size_t before = number.fraction.size();
    drop_front(number.fraction);
    number.exponent -= static_cast<int64_t>(before - number.fraction.size());
    // What is left counts as whole, so that there is one way to say it.
    number.exponent -= static_cast<int64_t>(number.fraction.size());
    number.whole = std::exchange(number.fraction, {});
  }
  if (number.fraction.empty()) {
    const size_t kept = number.whole.find_last_not_of('0') + 1;
    number.exponent += static_cast<int64_t>(number.whole.size() - kept);
    number.whole = number.whole.substr(0, kept);
  }
}

/// Digits appended to a number, as many at a time as one multiplication can.
template <typename Number>
class DigitSum {
 public:
  void Append(std::string_view digits) {
    for (const char digit : digits) Append(static_cast<uint64_t>(digit - '0'));
  }

  void AppendZeros(int64_t count) {
    for (; count > 0; --count) Append(uint64_t{0});
  }

  Number Take() {
    Flush();
    return total_;
  }

 private:
  void Append(uint64_t digit) {
    chunk_ = chunk_ * 10 + digit;
    factor_ *= 10;
    if (++chunk_digits_ == kChunkDigits) Flush();
  }

  void Flush() {
    total_ = first_ ? Number(chunk_) : Number(total_ * Number(factor_) + Number(chunk_));
    first_ = false;
    chunk_ = 0;
    factor_ = 1;
    chunk_digits_ = 0;
  }

  Number total_{};
  uint64_t chunk_ = 0;
  uint64_t factor_ = 1;
  int32_t chunk_digits_ = 0;
  bool first_ = true;
};

}  // namespace

DecimalShape ShapeOf(const arrow::DataType& type) {
  const auto& decimal = static_cast<const arrow::DecimalType&>(type);
  return {.precision = decimal.precision(), .scale = decimal.scale()};
}

std::string ReasonText(DecimalFit fit, DecimalShape shape) {
  switch (fit) {
    case DecimalFit::kFits:
      return "it fits";
    case DecimalFit::kNoNumber:
      return "not a decimal number";
    case DecimalFit::kTooLarge:
      return "more digits before the point than " + std::to_string(shape.precision - shape.scale);
    case DecimalFit::kTooFine:
      return "more digits behind the point than " + std::to_string(shape.scale);
  }
  return {};
}

template <typename Decimal>
DecimalFit ParseDecimal(std::string_view text, DecimalShape shape, Decimal& unscaled) {
  WrittenDecimal written;
  if (!ParseWritten(text, written)) return DecimalFit::kNoNumber;
  DropZeros(written);
  const auto digits = static_cast<int64_t>(written.whole.size() + written.fraction.size());
  if (digits == 0) {
    unscaled = Decimal{};
    return DecimalFit::kFits;
  }
  const int64_t zeros =
      written.exponent - static_cast<int64_t>(written.fraction.size()) + shape.scale;
  if (zeros < 0) return DecimalFit::kTooFine;
  if (digits + zeros > shape.precision) return DecimalFit::kTooLarge;
  DigitSum<DecimalNumber<Decimal>> sum;
  sum.Append(written.whole);
  sum.Append(written.fraction);
  sum.AppendZeros(zeros);
  const auto number = sum.Take();
  unscaled = DecimalOf<Decimal>(written.negative ? DecimalNumber<Decimal>(-number) : number);
  return DecimalFit::kFits;
}

template DecimalFit ParseDecimal(std::string_view, DecimalShape, arrow::Decimal128&);
template DecimalFit ParseDecimal(std::string_view, DecimalShape, arrow::Decimal256&);

}  // namespace headrace
