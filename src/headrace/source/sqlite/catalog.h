#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/source/sqlite/type_sample.h"

/// What the database says of its tables, as the connection sees it.
namespace headrace::sqlite {

struct CatalogEntry {
  std::string name;
  RelationKind kind = RelationKind::kTable;
  bool is_virtual = false;
  bool without_rowid = false;
  bool strict = false;
};

/// Tables, virtual tables and views of the schema `main` that a user made, in the order of their
/// names.
arrow::Result<std::vector<CatalogEntry>> ListCatalog(SqliteDatabase& database);

/// Columns, keys and types of a table, a view or a query; types that nothing declares come from a
/// sample of the values, for which `effort` is made. Errors of class user where there is no such
/// table (naming the nearest), or the query has an error or two columns of one name.
/// kInterruptedCode soon after `stop`.
arrow::Result<Description> DescribeRelation(SqliteDatabase& database, const TableRef& table,
                                            const std::stop_token& stop,
                                            const SampleEffort& effort = kTypeSampleEffort);

}  // namespace headrace::sqlite
