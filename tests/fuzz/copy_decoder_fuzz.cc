// What a server could send as COPY BINARY. The first byte picks the columns and the policy, the
// rest is the stream: the decoder must answer with batches that Arrow finds valid or with an error
// of class bug or permanent, and with nothing else.
//
// The seeds are streams of a real server; corpus/copy_decoder/README names their queries.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "headrace/source/postgres/copy_decoder.h"
#include "headrace/source/postgres/type_map.h"

namespace headrace {
namespace {

// The first byte of an input.
constexpr uint8_t kNullPolicy = 0x80;
constexpr uint8_t kTinyBatches = 0x40;
constexpr uint8_t kTable = 0x0f;

/// numeric(precision, scale) as a type modifier.
constexpr int32_t Numeric(int32_t precision, int32_t scale) {
  return ((precision << 16) | scale) + 4;
}

PgTypePtr Base(uint32_t oid, int32_t typmod = -1) {
  PgType type;
  type.oid = type.declared_oid = oid;
  type.typmod = typmod;
  type.name = "type " + std::to_string(oid);
  return std::make_shared<const PgType>(std::move(type));
}

PgTypePtr Composite(std::vector<PgField> fields) {
  PgType type;
  type.kind = PgType::Kind::kComposite;
  type.oid = type.declared_oid = pg_oid::kRecord;
  type.name = "record";
  type.fields = std::move(fields);
  return std::make_shared<const PgType>(std::move(type));
}

std::vector<PgTypePtr> Bases(std::initializer_list<uint32_t> oids) {
  std::vector<PgTypePtr> types;
  for (const uint32_t oid : oids) types.push_back(Base(oid));
  return types;
}

std::vector<std::vector<PgTypePtr>> FuzzTables() {
  using namespace pg_oid;  // NOLINT(google-build-using-namespace): the tables read better
  return {
      Bases({kBool, kInt2, kInt4, kInt8, kOid, kFloat4, kFloat8}),
      {Base(kNumeric, Numeric(9, 2)), Base(kNumeric, Numeric(38, 9)),
       Base(kNumeric, Numeric(76, 0)), Base(kNumeric)},
      Bases({kDate, kTime, kTimestamp, kTimestamptz}),
      Bases({kBytea, kText, kJsonb, kUuid}),
      {PgArrayOf(Base(kInt4)), PgArrayOf(Base(kText)),
       Composite({{"number", Base(kInt4)},
                  {"text", Base(kText)},
                  {"amounts", PgArrayOf(Base(kNumeric, Numeric(10, 2)))}}),
       PgArrayOf(Composite({{"number", Base(kInt8)}, {"flag", Base(kBool)}}))},
  };
}

void Require(bool condition) {
  if (!condition) std::abort();
}

std::unique_ptr<CopyDecoder> MakeDecoder(const std::vector<PgTypePtr>& types,
                                         OverflowPolicy policy) {
  std::vector<DecodedColumn> columns;
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const PgTypePtr& type : types) {
    const std::string name = "c" + std::to_string(columns.size());
    columns.push_back({.name = name,
                       .wire = type,
                       .type = ArrowTypeOf(*type).type,
                       .on_overflow = policy,
                       .check_utf8 = true,
                       .key = columns.empty()});
    fields.push_back(arrow::field(name, columns.back().type));
  }
  auto decoder = CopyDecoder::Make(std::move(columns), arrow::schema(std::move(fields)));
  Require(decoder.ok());
  return std::move(*decoder);
}

void RequireKnownClass(const arrow::Status& status) {
  const ErrorClass error = ClassOf(status);
  const bool altered = CodeOf(status) == kSnapshotLostCode;  // Other fields than were described.
  Require(altered || error == ErrorClass::kBug || error == ErrorClass::kPermanent);
  Require(!status.message().empty());
}

void RequireValidBatch(CopyDecoder& decoder) {
  const int64_t rows = decoder.batch_rows();
  const auto batch = decoder.Finish();
  Require(batch.ok() && (*batch)->num_rows() == rows);
  Require((*batch)->ValidateFull().ok());
}

void DecodeAny(uint8_t choice, std::span<const uint8_t> stream) {
  static const std::vector<std::vector<PgTypePtr>> kTables = FuzzTables();
  const bool nulls = (choice & kNullPolicy) != 0;
  const auto decoder = MakeDecoder(kTables[(choice & kTable) % kTables.size()],
                                   nulls ? OverflowPolicy::kNull : OverflowPolicy::kError);
  const ReadLimits limits =
      (choice & kTinyBatches) != 0 ? ReadLimits{.batch_rows = 2, .batch_bytes = 64} : ReadLimits{};
  Require(decoder->Begin(limits, 0).ok());
  const std::array messages = {stream};
  const auto done = decoder->Decode(messages);
  if (!done.ok()) {
    RequireKnownClass(done.status());
    // A decoder that failed takes the next stream as if nothing had been.
    Require(decoder->Begin(limits, 0).ok() && decoder->batch_rows() == 0);
    return;
  }
  Require(*done == 1);
  RequireValidBatch(*decoder);
  if (const arrow::Status ended = decoder->CheckEnded(); !ended.ok()) RequireKnownClass(ended);
}

}  // namespace
}  // namespace headrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  headrace::DecodeAny(*data, {data + 1, size - 1});
  return 0;
}
