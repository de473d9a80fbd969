#include <arrow/type.h>
#include <gtest/gtest.h>
#include <parquet/properties.h>
#include <parquet/schema.h>
#include <parquet/types.h>

#include <set>
#include <string>

#include "headrace/destination/bigquery/column_types.h"
#include "headrace/staging/parquet_properties.h"
#include "headrace/staging/wide_decimal.h"

// What the files of a table hold, in Parquet's words, is what a load job takes.
namespace headrace {
namespace {

using arrow::field;
using TypePtr = std::shared_ptr<arrow::DataType>;

/// The Parquet column of the staged form of `type`: its physical and its logical type.
std::string ParquetTypeOf(const TypePtr& type) {
  const auto columns = ColumnsOf(*arrow::schema({field("c", type)})).ValueOrDie().columns;
  const auto schema = ParquetSchemaOf(*StagedSchema(columns), *PropertiesOf({})).ValueOrDie();
  const auto& leaf = static_cast<const parquet::schema::PrimitiveNode&>(*schema->field(0));
  const std::string text = parquet::TypeToString(leaf.physical_type());
  return leaf.logical_type()->is_none() ? text : text + " " + leaf.logical_type()->ToString();
}

/// Whether the service documents it, or its own client writes it for TIME and DATETIME.
bool IsTaken(const std::string& type) {
  static const std::set<std::string> kTaken = {
      "BOOLEAN",
      "INT32",
      "INT32 Int(bitWidth=16, isSigned=true)",
      "INT32 Date",
      "INT64",
      "INT64 Time(isAdjustedToUTC=false, timeUnit=microseconds)",
      "FLOAT",
      "DOUBLE",
      "BYTE_ARRAY",
      "BYTE_ARRAY String",
  };
  return kTaken.contains(type) || type.find(" Decimal(") != std::string::npos ||
         type.starts_with("INT64 Timestamp(isAdjustedToUTC=true, timeUnit=microseconds") ||
         type.starts_with("INT64 Timestamp(isAdjustedToUTC=false, timeUnit=microseconds");
}

TEST(StagedTypesTest, FilesHoldWhatALoadJobTakes) {
  for (const TypePtr& type : {arrow::boolean(),
                              arrow::int8(),
                              arrow::int16(),
                              arrow::int32(),
                              arrow::int64(),
                              arrow::uint8(),
                              arrow::uint16(),
                              arrow::uint32(),
                              arrow::uint64(),
                              arrow::float16(),
                              arrow::float32(),
                              arrow::float64(),
                              arrow::date32(),
                              arrow::date64(),
                              arrow::time32(arrow::TimeUnit::SECOND),
                              arrow::time64(arrow::TimeUnit::NANO),
                              arrow::timestamp(arrow::TimeUnit::SECOND),
                              arrow::timestamp(arrow::TimeUnit::NANO, "UTC"),
                              arrow::timestamp(arrow::TimeUnit::MICRO, "Asia/Tokyo"),
                              arrow::utf8(),
                              arrow::large_utf8(),
                              arrow::binary(),
                              arrow::fixed_size_binary(16),
                              arrow::decimal128(9, 2),
                              arrow::decimal128(18, 2),
                              arrow::decimal128(38, 9),
                              arrow::decimal256(76, 38),
                              arrow::decimal256(76, 0),
                              arrow::decimal128(5, -2),
                              arrow::dictionary(arrow::int8(), arrow::utf8())}) {
    const std::string parquet = ParquetTypeOf(type);
    EXPECT_TRUE(IsTaken(parquet)) << type->ToString() << ": " << parquet;
  }
}

TEST(StagedTypesTest, WhetherATimeIsAnInstantIsInTheFile) {
  EXPECT_NE(ParquetTypeOf(arrow::timestamp(arrow::TimeUnit::MICRO)).find("isAdjustedToUTC=false"),
            std::string::npos);
  EXPECT_NE(ParquetTypeOf(arrow::timestamp(arrow::TimeUnit::MICRO, "Asia/Tokyo"))
                .find("isAdjustedToUTC=true"),
            std::string::npos);
}

TEST(StagedTypesTest, NestedNodesHaveTheNamesOfTheStandardForm) {
  const auto lines = arrow::struct_({field("n", arrow::int64(), false)});
  const auto columns =
      ColumnsOf(*arrow::schema({field("a", arrow::list(field("item", lines))),
                                field("m", arrow::map(arrow::utf8(), arrow::int64()))}))
          .ValueOrDie()
          .columns;
  const auto schema = ParquetSchemaOf(*StagedSchema(columns), *PropertiesOf({})).ValueOrDie();
  parquet::SchemaDescriptor descriptor;
  descriptor.Init(schema);
  ASSERT_EQ(descriptor.num_columns(), 3);
  EXPECT_EQ(descriptor.Column(0)->path()->ToDotString(), "a.list.element.n");
  EXPECT_EQ(descriptor.Column(1)->path()->ToDotString(), "m.key_value.key");
  EXPECT_EQ(descriptor.Column(2)->path()->ToDotString(), "m.key_value.value");
  EXPECT_TRUE(descriptor.Column(0)->schema_node()->is_optional());
  EXPECT_TRUE(descriptor.Column(1)->schema_node()->is_required());
  EXPECT_TRUE(descriptor.Column(2)->schema_node()->is_optional());
  EXPECT_TRUE(schema->field(0)->logical_type()->is_list());
  EXPECT_TRUE(schema->field(1)->logical_type()->is_map());
}

}  // namespace
}  // namespace headrace
