#pragma once

#include <arrow/type_fwd.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "headrace/destination/destination.h"

/// The conformance suite of destinations: what destination.h promises, tried through nothing but
/// its interface. A new destination is a DestinationUnderTest and one INSTANTIATE_TEST_SUITE_P of
/// DestinationConformance.
namespace headrace {

/// One empty place that a destination publishes to; gone with the object.
class DestinationPlace {
 public:
  virtual ~DestinationPlace() = default;

  /// Connects as a process that has just started. `grace`: how long it keeps replaced tables.
  virtual std::unique_ptr<Destination> Open(std::chrono::seconds grace) = 0;
  std::unique_ptr<Destination> Open() { return Open(std::chrono::hours(1)); }

  /// What readers can see: names of data files, or of tables, sorted.
  virtual std::vector<std::string> VisibleNames() = 0;

  /// The rows of a table as a reader gets them, in any order; null if there is no such table.
  virtual std::shared_ptr<arrow::Table> ReadTable(const TableRef& table) = 0;

  /// Bytes that staging takes up.
  virtual int64_t StagedBytes() = 0;
};

/// A destination and what it does otherwise than others.
struct DestinationUnderTest {
  std::string name;
  std::function<std::unique_ptr<DestinationPlace>()> make_place;
  bool decimal256 = true;                 ///< Keeps decimals of more than 38 digits.
  bool empty_append_adds_no_file = true;  ///< An append without rows publishes its record alone.
  bool null_elements = true;              ///< Keeps a NULL within an array.
  bool bytes = true;                      ///< Keeps binary columns.
  bool reads_back_files = true;  ///< ReadBack tells files apart; else there is one result for all.
  /// How an append of other columns is shown: the column that is missing, and the new one.
  std::vector<std::string> difference = {"- text: string", "+ amount: decimal128(12, 2)"};
  /// The columns as a reader gets them, where the destination has fewer types; null: as they were
  /// written, all of them nullable.
  std::function<std::shared_ptr<arrow::Table>(const std::shared_ptr<arrow::Table>& written)>
      as_read = nullptr;
};

inline void PrintTo(const DestinationUnderTest& destination, std::ostream* out) {
  *out << destination.name;
}

class DestinationConformance : public testing::TestWithParam<DestinationUnderTest> {
 protected:
  void SetUp() override;

  /// The target of run `run` for a table `public.orders` of (id int64, text utf8).
  TableTarget Target(const std::string& run, WriteMode mode) const;

  /// Rows (first, "row <first>") … of the default schema; count may be 0.
  static std::shared_ptr<arrow::RecordBatch> Rows(int64_t first, int64_t count);

  /// Prepares and stages one unit per batch through one writer; returns its receipts.
  std::vector<Receipt> Stage(Destination& destination, const TableTarget& target,
                             const std::vector<std::shared_ptr<arrow::RecordBatch>>& units);

  /// Stages, decides and publishes.
  CommitRecord Load(const TableTarget& target,
                    const std::vector<std::shared_ptr<arrow::RecordBatch>>& units,
                    int64_t sequence);

  /// The decided commit of one staged load; nothing is published.
  CommitIntent IntendRows(Destination& destination, const TableTarget& target, int64_t first,
                          int64_t count, int64_t sequence);

  /// The values of the first column of the default table, sorted; fails the test if there is no
  /// table.
  std::vector<int64_t> PublishedIds(const TableRef& table = DefaultTable());

  static TableRef DefaultTable();

  std::unique_ptr<DestinationPlace> place_;
};

/// `first`, `first + 1`, … of `count` numbers.
std::vector<int64_t> Range(int64_t first, int64_t count);

}  // namespace headrace
