#include "headrace/staging/parquet_properties.h"

#include <arrow/memory_pool.h>
#include <parquet/properties.h>

namespace headrace {

std::shared_ptr<parquet::WriterProperties> PropertiesOf(
    std::span<const ColumnChoice> choices, std::span<const std::string> without_statistics) {
  parquet::WriterProperties::Builder builder;
  // The library allocates for each page: its memory comes from an allocator that keeps some of what
  // is freed, which Arrow's default one does not (main.cc).
  builder.memory_pool(arrow::system_memory_pool())
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->data_page_version(parquet::ParquetDataPageVersion::V1)
      ->disable_dictionary()
      ->disable_write_page_index()
      ->set_size_statistics_level(parquet::SizeStatisticsLevel::None)
      ->enable_store_decimal_as_integer();
  for (const ColumnChoice& choice : choices) {
    builder.compression(choice.path, choice.codec);
    if (choice.dictionary) builder.enable_dictionary(choice.path);
  }
  for (const std::string& path : without_statistics) builder.disable_statistics(path);
  return builder.build();
}

}  // namespace headrace
