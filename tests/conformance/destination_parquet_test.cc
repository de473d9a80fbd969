#include <arrow/io/file.h>
#include <arrow/table.h>
#include <parquet/arrow/reader.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "conformance/destination_suite.h"
#include "headrace/config/option.h"
#include "headrace/destination/parquet/parquet_destination.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<arrow::Table> ReadParquet(const fs::path& path) {
  const auto file = arrow::io::ReadableFile::Open(path.string()).ValueOrDie();
  const auto reader = parquet::arrow::OpenFile(file, arrow::default_memory_pool()).ValueOrDie();
  return reader->ReadTable().ValueOrDie();
}

/// A lake in a temporary directory.
class ParquetPlace final : public DestinationPlace {
 public:
  ParquetPlace() {
    static std::atomic<int> count{0};
    root_ = fs::temp_directory_path() /
            ("headrace-conformance-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
    fs::create_directories(root_);
  }
  ~ParquetPlace() override { fs::remove_all(root_); }

  std::unique_ptr<Destination> Open(std::chrono::seconds grace) override {
    OptionValues options;
    options.Set("path", lake().string());
    options.Set("grace", std::chrono::milliseconds(grace).count());
    options.Set("target_file_size", int64_t{1} << 20);
    return MakeParquetDestination(options).ValueOrDie();
  }

  std::vector<std::string> VisibleNames() override {
    std::vector<std::string> names;
    for (const fs::path& path : ParquetFiles(lake())) {
      names.push_back(path.lexically_relative(lake()));
    }
    return names;
  }

  std::shared_ptr<arrow::Table> ReadTable(const TableRef& table) override {
    std::vector<std::shared_ptr<arrow::Table>> tables;
    for (const fs::path& path : ParquetFiles(lake() / table.directory())) {
      tables.push_back(ReadParquet(path));
    }
    return tables.empty() ? nullptr : arrow::ConcatenateTables(tables).ValueOrDie();
  }

  int64_t StagedBytes() override {
    int64_t bytes = 0;
    for (const fs::path& path : FilesBelow(root_ / ".lake.headrace")) {
      bytes += static_cast<int64_t>(fs::file_size(path));
    }
    return bytes;
  }

 private:
  fs::path lake() const { return root_ / "lake"; }

  static std::vector<fs::path> FilesBelow(const fs::path& folder) {
    std::vector<fs::path> files;
    if (!fs::exists(folder)) return files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
  }

  static std::vector<fs::path> ParquetFiles(const fs::path& folder) {
    std::vector<fs::path> files = FilesBelow(folder);
    std::erase_if(files, [](const fs::path& path) { return path.extension() != ".parquet"; });
    return files;
  }

  fs::path root_;
};

INSTANTIATE_TEST_SUITE_P(Parquet, DestinationConformance,
                         testing::Values(DestinationUnderTest{
                             .name = "parquet",
                             .make_place = [] { return std::make_unique<ParquetPlace>(); }}),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace headrace
