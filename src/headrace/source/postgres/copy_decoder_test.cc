// Streams put together byte by byte: what a healthy server never sends. What it does send is in
// type_cases_test.cc.

#include "headrace/source/postgres/copy_decoder.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/model/batch_bytes.h"
#include "headrace/source/postgres/type_map.h"

namespace headrace {
namespace {

/// One message of a COPY stream.
class StreamBytes {
 public:
  template <std::integral Wire>
  StreamBytes& Number(Wire value) {
    for (int shift = static_cast<int>(sizeof(Wire)) * 8 - 8; shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<uint8_t>(static_cast<uint64_t>(value) >> shift));
    }
    return *this;
  }
  StreamBytes& Bytes(std::string_view bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  StreamBytes& Header(uint32_t flags = 0, std::string_view extension = {}) {
    Bytes({"PGCOPY\n\377\r\n\0", 11}).Number(flags);
    return Number(static_cast<uint32_t>(extension.size())).Bytes(extension);
  }
  StreamBytes& Field(std::string_view bytes) {
    return Number(static_cast<int32_t>(bytes.size())).Bytes(bytes);
  }
  StreamBytes& Null() { return Number(int32_t{-1}); }
  StreamBytes& Trailer() { return Number(int16_t{-1}); }

  /// A row of an integer and a text.
  StreamBytes& Row(int32_t number, std::string_view text) {
    return Number(int16_t{2}).Number(int32_t{4}).Number(number).Field(text);
  }

  std::span<const uint8_t> span() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
};

PgTypePtr BaseType(uint32_t oid) {
  PgType type;
  type.oid = type.declared_oid = oid;
  type.name = "type " + std::to_string(oid);
  return std::make_shared<const PgType>(std::move(type));
}

/// A key `id` of `first` and a `text` of `second`.
std::unique_ptr<CopyDecoder> MakePair(uint32_t first, uint32_t second,
                                      OverflowPolicy policy = OverflowPolicy::kError,
                                      bool may_be_text = true) {
  std::vector<DecodedColumn> columns = {{.name = "id", .wire = BaseType(first), .key = true},
                                        {.name = "text", .wire = BaseType(second)}};
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (DecodedColumn& column : columns) {
    column.type = ArrowTypeOf(*column.wire).type;
    column.on_overflow = policy;
    column.check_utf8 = true;
    column.may_be_text = may_be_text;
    fields.push_back(arrow::field(column.name, column.type));
  }
  return CopyDecoder::Make(std::move(columns), arrow::schema(std::move(fields))).ValueOrDie();
}

std::unique_ptr<CopyDecoder> MakeIntegerAndText() {
  auto decoder = MakePair(pg_oid::kInt4, pg_oid::kText);
  EXPECT_TRUE(decoder->Begin(ReadLimits{}, 0).ok());
  return decoder;
}

arrow::Result<size_t> DecodeOne(CopyDecoder& decoder, const StreamBytes& stream) {
  const std::vector<std::span<const uint8_t>> messages = {stream.span()};
  return decoder.Decode(messages);
}

/// `stream` is refused with an error of class bug that contains `text`.
void ExpectMalformed(const StreamBytes& stream, std::string_view text) {
  const auto decoder = MakeIntegerAndText();
  arrow::Status status = DecodeOne(*decoder, stream).status();
  if (status.ok()) status = decoder->CheckEnded();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ClassOf(status), ErrorClass::kBug) << status.ToString();
  EXPECT_NE(status.message().find(text), std::string::npos) << status.ToString();
}

TEST(CopyDecoder, RowsOfSeveralMessagesUpToTheTrailer) {
  const auto decoder = MakeIntegerAndText();
  const StreamBytes first = StreamBytes().Header().Row(1, "a");
  const StreamBytes second = StreamBytes().Row(-2, "").Row(3, "größer");
  const StreamBytes last = StreamBytes().Trailer();
  const std::vector messages = {first.span(), second.span(), last.span()};
  ASSERT_EQ(decoder->Decode(messages).ValueOrDie(), 3U);
  EXPECT_TRUE(decoder->CheckEnded().ok());
  const auto batch = decoder->Finish().ValueOrDie();
  ASSERT_TRUE(batch->ValidateFull().ok());
  EXPECT_EQ(batch->column(0)->ToString(), "[\n  1,\n  -2,\n  3\n]");
  EXPECT_EQ(batch->column(1)->ToString(), "[\n  \"a\",\n  \"\",\n  \"größer\"\n]");
}

TEST(CopyDecoder, TheHeadersExtensionIsSkipped) {
  const auto decoder = MakeIntegerAndText();
  ASSERT_TRUE(
      DecodeOne(*decoder, StreamBytes().Header(1, "later versions").Row(7, "x").Trailer()).ok());
  EXPECT_EQ(decoder->Finish().ValueOrDie()->num_rows(), 1);
}

TEST(CopyDecoder, MalformedHeaders) {
  ExpectMalformed(StreamBytes().Bytes("PGCOPY\n"), "unknown header");
  ExpectMalformed(StreamBytes().Bytes("PGCOPY\n no, not this one"), "unknown header");
  ExpectMalformed(StreamBytes().Header(0x00010000).Trailer(), "unknown header");
  ExpectMalformed(StreamBytes().Bytes({"PGCOPY\n\377\r\n\0", 11}).Number(0).Number(0x7fffffff),
                  "header extension of 2147483647 bytes");
}

TEST(CopyDecoder, MalformedRows) {
  const auto begin = [] { return StreamBytes().Header().Row(1, "a"); };
  ExpectMalformed(begin().Number(int16_t{3}), "row 2 of the unit");
  ExpectMalformed(begin().Number(int8_t{0}), "row 2 of the unit");
  ExpectMalformed(begin().Number(int16_t{2}).Number(int16_t{0}), "row 2 of the unit");
  ExpectMalformed(begin().Number(int16_t{2}).Number(int32_t{-2}), "row 2 of the unit");
  ExpectMalformed(begin().Number(int16_t{2}).Number(int32_t{4}).Number(int16_t{0}),
                  "row 2 of the unit");
  ExpectMalformed(begin().Number(int16_t{2}).Number(int32_t{0x7fffffff}), "row 2 of the unit");
  ExpectMalformed(begin().Number(int16_t{2}).Field("abc").Field("x"), "column \"id\"");
}

TEST(CopyDecoder, AStreamMustEndWithItsTrailerAndNothingBehind) {
  ExpectMalformed(StreamBytes().Header().Row(1, "a"), "ends without a trailer");
  ExpectMalformed(StreamBytes().Header().Trailer().Row(1, "a"), "row 1 of the unit");
  const auto decoder = MakeIntegerAndText();
  ASSERT_TRUE(DecodeOne(*decoder, StreamBytes().Header().Trailer()).ok());
  const arrow::Status status = DecodeOne(*decoder, StreamBytes().Row(1, "a")).status();
  EXPECT_NE(status.message().find("behind its trailer"), std::string::npos) << status.ToString();
}

TEST(CopyDecoder, AFullBatchLeavesTheRestOfTheMessages) {
  const auto decoder = MakePair(pg_oid::kInt4, pg_oid::kText);
  ASSERT_TRUE(decoder->Begin({.batch_rows = 2, .batch_bytes = 1 << 20}, 0).ok());
  const StreamBytes header = StreamBytes().Header();
  const StreamBytes row = StreamBytes().Row(1, "a");
  const std::vector messages = {header.span(), row.span(), row.span(), row.span()};
  EXPECT_EQ(decoder->Decode(messages).ValueOrDie(), 3U);
  EXPECT_TRUE(decoder->batch_full());
  EXPECT_EQ(decoder->Finish().ValueOrDie()->num_rows(), 2);
  EXPECT_FALSE(decoder->batch_full());
}

TEST(CopyDecoder, BytesBoundABatchOfWideRows) {
  const auto decoder = MakePair(pg_oid::kInt4, pg_oid::kText);
  ASSERT_TRUE(decoder->Begin({.batch_rows = 1'000'000, .batch_bytes = 1000}, 0).ok());
  const std::string wide(400, 'w');
  const StreamBytes header = StreamBytes().Header();
  const StreamBytes row = StreamBytes().Row(1, wide);
  std::vector messages = {header.span()};
  messages.insert(messages.end(), 100, row.span());
  EXPECT_LE(decoder->Decode(messages).ValueOrDie(), 4U);
  EXPECT_LE(decoder->batch_rows(), 3);
}

/// A numeric of one digit, 10,000^weight: two bytes, and many digits as text.
std::string PowerOfTenThousand(int16_t weight) {
  const StreamBytes bytes =
      StreamBytes().Number(int16_t{1}).Number(weight).Number(int16_t{0}).Number(int16_t{0});
  const std::string text(bytes.span().begin(), bytes.span().end());
  return text + std::string({0, 1});
}

TEST(CopyDecoder, BytesBoundABatchOfNumbersWhoseTextIsLong) {
  const auto decoder = MakePair(pg_oid::kInt4, pg_oid::kNumeric);
  ASSERT_TRUE(decoder->Begin({.batch_rows = 1'000'000, .batch_bytes = 100'000}, 0).ok());
  const StreamBytes header = StreamBytes().Header();
  const StreamBytes row = StreamBytes().Row(1, PowerOfTenThousand(10'000));
  std::vector messages = {header.span()};
  messages.insert(messages.end(), 1000, row.span());
  ASSERT_TRUE(decoder->Decode(messages).ok());
  EXPECT_TRUE(decoder->batch_full());
  EXPECT_EQ(decoder->batch_rows(), 3);
  EXPECT_EQ(decoder->Finish().ValueOrDie()->num_rows(), 3);
  EXPECT_EQ(decoder->Decode(messages = {row.span()}).ValueOrDie(), 1U);
  EXPECT_FALSE(decoder->batch_full());
}

/// An array of `count` composites, all of them NULL.
std::string NullComposites(int32_t count, uint32_t element) {
  StreamBytes bytes = StreamBytes().Number(int32_t{1}).Number(int32_t{1}).Number(element);
  bytes.Number(count).Number(int32_t{1});
  for (int32_t i = 0; i < count; ++i) bytes.Null();
  return {bytes.span().begin(), bytes.span().end()};
}

TEST(CopyDecoder, BytesBoundABatchOfArraysOfWideComposites) {
  PgType wide;
  wide.oid = wide.declared_oid = 70'000;
  wide.name = "wide";
  wide.kind = PgType::Kind::kComposite;
  for (int i = 0; i < 100; ++i) {
    wide.fields.push_back({.name = "f" + std::to_string(i), .type = BaseType(pg_oid::kInt8)});
  }
  PgType array;
  array.oid = array.declared_oid = 70'001;
  array.name = "wide[]";
  array.kind = PgType::Kind::kArray;
  array.element = std::make_shared<const PgType>(wide);
  const auto type = ArrowTypeOf(array).type;
  std::vector<DecodedColumn> columns = {{.name = "a",
                                         .wire = std::make_shared<const PgType>(array),
                                         .type = type,
                                         .on_overflow = OverflowPolicy::kError}};
  const auto decoder =
      CopyDecoder::Make(std::move(columns), arrow::schema({arrow::field("a", type)})).ValueOrDie();
  ASSERT_TRUE(decoder->Begin({.batch_rows = 1'000'000, .batch_bytes = 100'000}, 0).ok());
  const StreamBytes header = StreamBytes().Header();
  const StreamBytes row = StreamBytes().Number(int16_t{1}).Field(NullComposites(50, 70'000));
  std::vector messages = {header.span()};
  messages.insert(messages.end(), 100, row.span());  // 80,000 bytes each in memory, 224 here.
  ASSERT_TRUE(decoder->Decode(messages).ok());
  EXPECT_EQ(decoder->batch_rows(), 2);
  constexpr int64_t kRowBytes = 4 + 8 + 50 * (1 + 100 * (8 + 8));  // As BatchBytes says.
  EXPECT_EQ(BatchBytes(*decoder->Finish().ValueOrDie()), 2 * kRowBytes);
}

TEST(CopyDecoder, AValueThatDoesNotFitNamesColumnValueAndKey) {
  const auto decoder = MakePair(pg_oid::kInt4, pg_oid::kDate);
  ASSERT_TRUE(decoder->Begin(ReadLimits{}, 0).ok());
  StreamBytes stream = StreamBytes().Header().Number(int16_t{2});
  stream.Number(int32_t{4}).Number(int32_t{42}).Number(int32_t{4}).Number(int32_t{0x7fffffff});
  const arrow::Status status = DecodeOne(*decoder, stream).status();
  EXPECT_EQ(ClassOf(status), ErrorClass::kPermanent);
  for (const std::string_view part : {"\"text\"", "infinity", "id = 42"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status.ToString();
  }
  ASSERT_TRUE(decoder->unfit_value().has_value());
  EXPECT_EQ(decoder->unfit_value()->index, 1U);
}

TEST(CopyDecoder, TheAdviceIsOneThatThePlanAllows) {
  for (const bool may_be_text : {true, false}) {
    const auto decoder =
        MakePair(pg_oid::kInt4, pg_oid::kDate, OverflowPolicy::kError, may_be_text);
    ASSERT_TRUE(decoder->Begin(ReadLimits{}, 0).ok());
    StreamBytes stream = StreamBytes().Header().Number(int16_t{2});
    stream.Number(int32_t{4}).Number(int32_t{42}).Number(int32_t{4}).Number(int32_t{0x7fffffff});
    const arrow::Status status = DecodeOne(*decoder, stream).status();
    const std::string_view advice = may_be_text ? "on_overflow: null or string would load it"
                                                : "on_overflow: null would load it";
    EXPECT_TRUE(status.message().ends_with(advice)) << status;
  }
}

TEST(CopyDecoder, ALongKeyIsShortened) {
  const auto decoder = MakePair(pg_oid::kText, pg_oid::kDate);
  ASSERT_TRUE(decoder->Begin(ReadLimits{}, 0).ok());
  StreamBytes stream = StreamBytes().Header().Number(int16_t{2}).Field(std::string(5000, 'k'));
  stream.Number(int32_t{4}).Number(int32_t{0x7fffffff});
  const arrow::Status status = DecodeOne(*decoder, stream).status();
  EXPECT_NE(status.message().find("id = kkkk"), std::string::npos) << status;
  EXPECT_LT(status.message().size(), 300U);
}

TEST(CopyDecoder, TextThatIsNotUtf8OverflowsWhereTheServerDoesNotCheck) {
  for (const uint32_t oid : {pg_oid::kText, pg_oid::kJsonb}) {
    const std::string latin1 = oid == pg_oid::kJsonb ? "\1\"\344\"" : "\344";
    const auto strict = MakePair(pg_oid::kInt4, oid);
    ASSERT_TRUE(strict->Begin(ReadLimits{}, 0).ok());
    const auto refused = DecodeOne(*strict, StreamBytes().Header().Row(1, latin1));
    EXPECT_EQ(ClassOf(refused.status()), ErrorClass::kPermanent) << refused.status().ToString();
    const std::string& message = refused.status().message();
    EXPECT_NE(message.find("on_overflow: null would load it"), std::string::npos) << message;
    EXPECT_FALSE(strict->unfit_value().has_value()) << "no text to look for";

    const auto lenient = MakePair(pg_oid::kInt4, oid, OverflowPolicy::kNull);
    ASSERT_TRUE(lenient->Begin(ReadLimits{}, 0).ok());
    ASSERT_TRUE(DecodeOne(*lenient, StreamBytes().Header().Row(1, latin1)).ok());
    EXPECT_EQ(lenient->nulled_values(), 1);
    EXPECT_TRUE(lenient->Finish().ValueOrDie()->column(1)->IsNull(0));
  }
}

TEST(CopyDecoder, TheNextStreamBeginsCleanAfterAnError) {
  const auto decoder = MakeIntegerAndText();
  StreamBytes broken = StreamBytes().Header().Row(1, "kept by no one");
  ASSERT_FALSE(DecodeOne(*decoder, broken.Number(int16_t{9})).ok());
  ASSERT_TRUE(decoder->Begin(ReadLimits{}, 0).ok());
  ASSERT_TRUE(DecodeOne(*decoder, StreamBytes().Header().Row(2, "b").Trailer()).ok());
  const auto batch = decoder->Finish().ValueOrDie();
  ASSERT_TRUE(batch->ValidateFull().ok());
  EXPECT_EQ(batch->column(0)->ToString(), "[\n  2\n]");
}

}  // namespace
}  // namespace headrace
