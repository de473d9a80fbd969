#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "headrace/model/checksum.h"
#include "headrace/model/error.h"

namespace headrace {

/// What one unit left in a sealed file.
struct UnitReceipt {
  std::string unit_id;
  int attempt = 1;
  int64_t rows = 0;
  Checksum checksum;
  double seconds = 0;  ///< From opening the session's reader to the unit's last row.
};

/// Statistics of one column of one file. Values are rendered as text by docs/format/receipt.md;
/// absent where the type has no order, the column holds only NULLs, or a bound is too long.
struct ColumnSummary {
  std::string name;
  std::optional<std::string> minimum;
  std::optional<std::string> maximum;
  int64_t nulls = 0;
};

/// One sealed, durable file (or stream).
struct ReceiptFile {
  std::string name;  ///< Within the table's run directory; unique within the run.
  int64_t bytes = 0;
  int64_t rows = 0;
  Checksum checksum;   ///< Of the file's rows.
  std::string digest;  ///< Of its bytes: XXH3, 64 bits, in hexadecimal; empty: not known.
  std::vector<ColumnSummary> columns;
};

/// Whole units of one table and epoch, and the sealed files that hold their rows and no others: one
/// file with any number of units, or several files with one large unit. Journalled as soon as it
/// exists.
struct Receipt {
  std::string plan_id;
  std::vector<ReceiptFile> files;
  int64_t rows = 0;
  Checksum checksum;  ///< Sum of its units' checksums.
  int worker = 0;
  int64_t nulled_values = 0;  ///< Values that `on_overflow: null` turned to NULL.
  std::vector<UnitReceipt> units;
};

nlohmann::json ToJson(const Receipt& receipt);
arrow::Result<Receipt> ReceiptFromJson(const nlohmann::json& json);

/// OK if the rows and checksums of the receipt's units add up to its own, and those of its files
/// too; else class bug: rows were lost, or are there twice.
arrow::Status CheckSums(const Receipt& receipt);

/// What a set of receipts says of a set of units.
struct Coverage {
  std::vector<Receipt> accepted;           ///< Each unit exactly once.
  std::vector<std::string> missing_units;  ///< Units that no receipt covers: they run again.
};

/// Chooses receipts that cover each of `unit_ids` at most once: of receipts with the same set of
/// units one is kept; receipts that overlap partly, or name a unit or a plan that is not in the
/// list, or do not add up, are an error of class bug.
arrow::Result<Coverage> CoverUnits(const std::string& plan_id,
                                   const std::vector<std::string>& unit_ids,
                                   std::vector<Receipt> receipts);

}  // namespace headrace
