#include "headrace/model/receipt.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "headrace/model/json_object.h"

namespace headrace {
namespace {

/// Version of the serialised form, docs/format/receipt.md.
constexpr int kReceiptVersion = 1;

nlohmann::json UnitToJson(const UnitReceipt& unit) {
  return {{"unit_id", unit.unit_id},
          {"attempt", unit.attempt},
          {"rows", unit.rows},
          {"checksum", unit.checksum.ToHex()},
          {"seconds", unit.seconds}};
}

nlohmann::json ColumnToJson(const ColumnSummary& column) {
  nlohmann::json json = {{"name", column.name}, {"nulls", column.nulls}};
  if (column.minimum.has_value()) json["minimum"] = *column.minimum;
  if (column.maximum.has_value()) json["maximum"] = *column.maximum;
  return json;
}

arrow::Result<UnitReceipt> UnitFromJson(const nlohmann::json& json) {
  JsonObject object(json, "unit of a receipt", ErrorClass::kPermanent);
  UnitReceipt unit;
  object.Read("unit_id", unit.unit_id);
  object.Read("attempt", unit.attempt);
  object.ReadChecksum(unit.rows, unit.checksum);
  object.Read("seconds", unit.seconds);
  ARROW_RETURN_NOT_OK(object.status());
  return unit;
}

arrow::Result<ColumnSummary> ColumnFromJson(const nlohmann::json& json) {
  JsonObject object(json, "column of a receipt", ErrorClass::kPermanent);
  ColumnSummary column;
  object.Read("name", column.name);
  object.Read("minimum", column.minimum);
  object.Read("maximum", column.maximum);
  object.Read("nulls", column.nulls);
  ARROW_RETURN_NOT_OK(object.status());
  return column;
}

nlohmann::json ReceiptFileToJson(const ReceiptFile& file) {
  nlohmann::json json = {{"name", file.name},
                         {"bytes", file.bytes},
                         {"rows", file.rows},
                         {"checksum", file.checksum.ToHex()},
                         {"columns", nlohmann::json::array()}};
  if (!file.digest.empty()) json["digest"] = file.digest;
  for (const ColumnSummary& column : file.columns) json["columns"].push_back(ColumnToJson(column));
  return json;
}

arrow::Result<ReceiptFile> ReceiptFileFromJson(const nlohmann::json& json) {
  JsonObject object(json, "file of a receipt", ErrorClass::kPermanent);
  ReceiptFile file;
  object.Read("name", file.name);
  object.Read("bytes", file.bytes);
  object.ReadChecksum(file.rows, file.checksum);
  std::optional<std::string> digest;
  object.Read("digest", digest);
  file.digest = std::move(digest).value_or("");
  object.ReadEach("columns", file.columns, ColumnFromJson);
  ARROW_RETURN_NOT_OK(object.status());
  return file;
}

arrow::Status ReceiptBug(const Receipt& receipt, const std::string& problem) {
  const std::string file = receipt.files.empty() ? "no file" : receipt.files.front().name;
  return BugError("receipt of " + file + " (" + receipt.plan_id + "): " + problem);
}

/// `parts` are the units or the files of `receipt`.
template <typename Part>
arrow::Status CheckSum(const Receipt& receipt, const std::vector<Part>& parts,
                       std::string_view what) {
  Checksum sum;
  int64_t rows = 0;
  for (const Part& part : parts) {
    rows += part.rows;
    sum += part.checksum;
  }
  if (rows == receipt.rows && sum == receipt.checksum) return arrow::Status::OK();
  return ReceiptBug(receipt, "its " + std::string(what) + " add up to " + std::to_string(rows) +
                                 " rows and checksum " + sum.ToHex() + ", it has " +
                                 std::to_string(receipt.rows) + " rows and checksum " +
                                 receipt.checksum.ToHex() + "; nothing was published");
}

/// Assigns units to receipts, one receipt after another.
class UnitOwners {
 public:
  UnitOwners(const std::string& plan_id, const std::vector<std::string>& unit_ids)
      : plan_id_(plan_id) {
    for (const std::string& id : unit_ids) owners_.emplace(id, kNobody);
  }

  /// `receipt` outlives the owners.
  arrow::Status Add(Receipt& receipt) {
    if (receipt.plan_id != plan_id_) {
      return ReceiptBug(receipt, "expected one of the plan " + plan_id_);
    }
    if (receipt.units.empty() && receipt.rows != 0) {
      return ReceiptBug(receipt, "it has rows, but names no unit");
    }
    ARROW_ASSIGN_OR_RAISE(const std::set<std::string_view> units, UnitsOf(receipt));
    ARROW_RETURN_NOT_OK(CheckSums(receipt));
    if (units.empty()) return arrow::Status::OK();
    const size_t owner = owners_.find(*units.begin())->second;
    for (const std::string_view id : units) {
      if (owners_.find(id)->second != owner) return PartlyCovered(receipt, id);
    }
    if (owner == kNobody) {
      Accept(receipt, units);
    } else if (accepted_[owner]->units.size() != units.size()) {
      return PartlyCovered(receipt, *units.begin());
    }
    return arrow::Status::OK();
  }

  const std::vector<Receipt*>& accepted() const { return accepted_; }
  bool IsCovered(const std::string& id) const { return owners_.find(id)->second != kNobody; }

 private:
  static constexpr size_t kNobody = static_cast<size_t>(-1);

  arrow::Result<std::set<std::string_view>> UnitsOf(const Receipt& receipt) const {
    std::set<std::string_view> units;
    for (const UnitReceipt& unit : receipt.units) {
      if (!owners_.contains(unit.unit_id)) {
        return ReceiptBug(receipt, "the plan has no unit " + unit.unit_id);
      }
      if (!units.insert(unit.unit_id).second) {
        return ReceiptBug(receipt, "it holds unit " + unit.unit_id + " twice");
      }
    }
    return units;
  }

  void Accept(Receipt& receipt, const std::set<std::string_view>& units) {
    for (const std::string_view id : units) owners_.find(id)->second = accepted_.size();
    accepted_.push_back(&receipt);
  }

  arrow::Status PartlyCovered(const Receipt& receipt, std::string_view id) const {
    return ReceiptBug(receipt, "its units (" + std::string(id) +
                                   " among them) overlap partly with those of another file");
  }

  const std::string& plan_id_;
  std::map<std::string, size_t, std::less<>>
      owners_;  // Of each unit: a position in accepted_, or kNobody.
  std::vector<Receipt*> accepted_;
};

}  // namespace

nlohmann::json ToJson(const Receipt& receipt) {
  nlohmann::json json = {{"version", kReceiptVersion},
                         {"plan_id", receipt.plan_id},
                         {"files", nlohmann::json::array()},
                         {"rows", receipt.rows},
                         {"checksum", receipt.checksum.ToHex()},
                         {"worker", receipt.worker},
                         {"nulled_values", receipt.nulled_values},
                         {"units", nlohmann::json::array()}};
  for (const ReceiptFile& file : receipt.files) json["files"].push_back(ReceiptFileToJson(file));
  for (const UnitReceipt& unit : receipt.units) json["units"].push_back(UnitToJson(unit));
  return json;
}

arrow::Result<Receipt> ReceiptFromJson(const nlohmann::json& json) {
  JsonObject object(json, "receipt", ErrorClass::kPermanent);
  Receipt receipt;
  object.ReadVersion(kReceiptVersion);
  object.Read("plan_id", receipt.plan_id);
  object.ReadEach("files", receipt.files, ReceiptFileFromJson);
  object.ReadChecksum(receipt.rows, receipt.checksum);
  object.Read("worker", receipt.worker);
  object.Read("nulled_values", receipt.nulled_values);
  object.ReadEach("units", receipt.units, UnitFromJson);
  ARROW_RETURN_NOT_OK(object.status());
  return receipt;
}

arrow::Status CheckSums(const Receipt& receipt) {
  ARROW_RETURN_NOT_OK(CheckSum(receipt, receipt.units, "units"));
  return CheckSum(receipt, receipt.files, "files");
}

arrow::Result<Coverage> CoverUnits(const std::string& plan_id,
                                   const std::vector<std::string>& unit_ids,
                                   std::vector<Receipt> receipts) {
  UnitOwners owners(plan_id, unit_ids);
  for (Receipt& receipt : receipts) ARROW_RETURN_NOT_OK(owners.Add(receipt));
  Coverage coverage;
  for (Receipt* receipt : owners.accepted()) coverage.accepted.push_back(std::move(*receipt));
  std::ranges::copy_if(unit_ids, std::back_inserter(coverage.missing_units),
                       [&](const std::string& id) { return !owners.IsCovered(id); });
  return coverage;
}

}  // namespace headrace
