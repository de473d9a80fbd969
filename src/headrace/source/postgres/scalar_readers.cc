#include "headrace/source/postgres/scalar_readers.h"

#include <bit>
#include <limits>
#include <string>
#include <string_view>

#include "headrace/source/postgres/fixed_reader.h"

namespace headrace {
namespace {

/// PostgreSQL counts dates and timestamps from 2000-01-01, Arrow from 1970-01-01.
constexpr int32_t kEpochDays = 10'957;
constexpr int64_t kEpochMicros = kEpochDays * int64_t{86'400'000'000};

/// `24:00:00` is a time of day in PostgreSQL and not in Arrow.
constexpr int64_t kDayMicros = 86'400'000'000;

template <typename Wire, Wire (*LoadWire)(const uint8_t*), typename ValueType>
struct PlainForm {
  using Value = ValueType;
  static constexpr int32_t kWireBytes = sizeof(Wire);
  static Wire Load(const uint8_t* data) { return LoadWire(data); }
  static bool Fits(Wire /*value*/) { return true; }
  static Value Convert(Wire value) { return static_cast<Value>(value); }
  static std::string Text(Wire value) { return std::to_string(value); }
};

float LoadFloat(const uint8_t* data) { return std::bit_cast<float>(wire::Load32(data)); }
double LoadDouble(const uint8_t* data) { return std::bit_cast<double>(wire::Load64(data)); }

struct Int2Form : PlainForm<int16_t, wire::LoadInt16, int16_t> {
  static constexpr std::string_view kName = "smallint";
};
struct Int4Form : PlainForm<int32_t, wire::LoadInt32, int32_t> {
  static constexpr std::string_view kName = "integer";
};
struct Int8Form : PlainForm<int64_t, wire::LoadInt64, int64_t> {
  static constexpr std::string_view kName = "bigint";
};
struct OidForm : PlainForm<uint32_t, wire::Load32, int64_t> {
  static constexpr std::string_view kName = "oid";
};
struct Float4Form : PlainForm<float, LoadFloat, float> {
  static constexpr std::string_view kName = "real";
};
struct Float8Form : PlainForm<double, LoadDouble, double> {
  static constexpr std::string_view kName = "double precision";
};

/// Dates and timestamps: the extremes of the wire's integer are the infinities, and the shift of
/// the epoch must not overflow.
template <typename Base, typename Wire, Wire Shift>
struct ShiftedForm : Base {
  using Limits = std::numeric_limits<Wire>;
  static bool Fits(Wire value) { return value <= Limits::max() - Shift && value != Limits::min(); }
  static Wire Convert(Wire value) { return value + Shift; }
  static std::string Text(Wire value) {
    if (value == Limits::min()) return "-infinity";
    if (value == Limits::max()) return "infinity";
    return std::to_string(value) + (sizeof(Wire) == 4 ? " days" : " microseconds") +
           " after 2000-01-01";
  }
};
struct DateForm : ShiftedForm<Int4Form, int32_t, kEpochDays> {
  static constexpr std::string_view kName = "date";
};
struct TimestampForm : ShiftedForm<Int8Form, int64_t, kEpochMicros> {
  static constexpr std::string_view kName = "timestamp";
};

struct TimeForm : Int8Form {
  static constexpr std::string_view kName = "time";
  static bool Fits(int64_t value) { return value >= 0 && value < kDayMicros; }
  static std::string Text(int64_t value) {
    return value == kDayMicros ? "24:00:00" : std::to_string(value) + " microseconds of a day";
  }
};

/// One byte on the wire, one bit in Arrow.
class BoolReader final : public FieldReader {
 public:
  using FieldReader::FieldReader;

  bool Read(const uint8_t* data, int32_t size) override {
    if (size != 1) [[unlikely]] {
      return size == -1 ? AppendNull() : Malformed("boolean", size);
    }
    const auto bit = static_cast<uint8_t>((*data != 0 ? 1U : 0U) << (length_ & 7));
    uint8_t& byte = bits_[length_ >> 3];
    byte = (length_ & 7) == 0 ? bit : static_cast<uint8_t>(byte | bit);
    ++length_;
    return true;
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    const int64_t nulls = validity_.nulls();
    ARROW_ASSIGN_OR_RAISE(auto validity, validity_.Take(length_));
    ARROW_ASSIGN_OR_RAISE(auto values, buffer_.Take((length_ + 7) / 8));
    const int64_t length = std::exchange(length_, 0);
    capacity_ = 0;
    return arrow::ArrayData::Make(arrow::boolean(), length,
                                  {std::move(validity), std::move(values)}, nulls);
  }

 protected:
  arrow::Status GrowTo(int64_t capacity) override {
    ARROW_RETURN_NOT_OK(buffer_.Reserve((capacity + 7) / 8));
    ARROW_RETURN_NOT_OK(validity_.Grow(capacity));
    bits_ = buffer_.data();
    capacity_ = capacity;
    return arrow::Status::OK();
  }

 private:
  bool AppendNull() {
    if (!Succeed(validity_.SetNull(length_, capacity_))) return false;
    if ((length_ & 7) == 0) bits_[length_ >> 3] = 0;
    ++length_;
    return true;
  }

  ColumnBuffer buffer_;
  ValidityBuffer validity_;
  uint8_t* bits_ = nullptr;
};

template <typename Form>
FieldReaderPtr MakeFixed(const std::shared_ptr<arrow::DataType>& type, ReadContext& context) {
  return std::make_unique<FixedReader<Form>>(type, context);
}

}  // namespace

FieldReaderPtr MakeBoolReader(const std::shared_ptr<arrow::DataType>& /*type*/,
                              ReadContext& context) {
  return std::make_unique<BoolReader>(context);
}
FieldReaderPtr MakeInt2Reader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context) {
  return MakeFixed<Int2Form>(type, context);
}
FieldReaderPtr MakeInt4Reader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context) {
  return MakeFixed<Int4Form>(type, context);
}
FieldReaderPtr MakeInt8Reader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context) {
  return MakeFixed<Int8Form>(type, context);
}
FieldReaderPtr MakeOidReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context) {
  return MakeFixed<OidForm>(type, context);
}
FieldReaderPtr MakeFloat4Reader(const std::shared_ptr<arrow::DataType>& type,
                                ReadContext& context) {
  return MakeFixed<Float4Form>(type, context);
}
FieldReaderPtr MakeFloat8Reader(const std::shared_ptr<arrow::DataType>& type,
                                ReadContext& context) {
  return MakeFixed<Float8Form>(type, context);
}
FieldReaderPtr MakeDateReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context) {
  return MakeFixed<DateForm>(type, context);
}
FieldReaderPtr MakeTimeReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context) {
  return MakeFixed<TimeForm>(type, context);
}
FieldReaderPtr MakeTimestampReader(const std::shared_ptr<arrow::DataType>& type,
                                   ReadContext& context) {
  return MakeFixed<TimestampForm>(type, context);
}

}  // namespace headrace
