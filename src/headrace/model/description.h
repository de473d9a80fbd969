#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/model/table_ref.h"

namespace headrace {

/// One column of a source table as the source declares it.
struct Column {
  std::string name;         ///< The catalogue's exact case.
  std::string source_type;  ///< The source's own spelling, e.g. `numeric(12,2)`, `timestamp with
                            ///< time zone`.
  std::shared_ptr<arrow::DataType> type;  ///< What its values become by docs/types.md.
  bool nullable = true;
  bool may_overflow = false;  ///< Some values of the source type do not fit `type` (infinity, NaN
                              ///< …): `on_overflow` applies.
  /// Types that a session reads the column as where the job asks for them, each value straight from
  /// what is stored: one that `type` does not hold is not lost. All but these are cast from `type`.
  std::vector<arrow::Type::type> readable_as;
  bool type_unknown = false;  ///< Nothing told the source what `type` is: it is text for want of
                              ///< better, and the job must say.
  std::string comment;        ///< The catalogue's comment, or empty.
  std::string note;           ///< Said in plan, e.g. "as the server's text"; or empty.
  std::string warning;        ///< Said in plan unless the column is read as text; or empty.
};

enum class RelationKind { kTable, kPartitioned, kView, kMaterializedView, kForeign, kQuery };

/// A physical part of a table: the table itself, or one leaf of a partitioned table.
struct Relation {
  std::string schema;
  std::string name;
  uint64_t oid = 0;                 ///< Identity within the source, 0 where there is none.
  bool pageable = false;            ///< Its rows can be read by page ranges.
  std::string why_not_pageable;     ///< Said in plan; empty where it is, or nothing is known.
  bool has_rows_elsewhere = false;  ///< A read of it alone, without what is below it, may not show
                                    ///< all of its rows.
  bool foreign = false;  ///< Its rows lie on another server, which no snapshot of this one covers.
  int64_t pages = 0;     ///< Size in pages when described; 0 where unknown.
  double rows = -1;      ///< The catalogue's row estimate; -1: never analysed.
};

/// A unique key: the primary key comes first in Description::keys.
struct Key {
  std::string name;
  std::vector<std::string> columns;
  bool primary = false;
};

/// A type whose values are labels, which the source can rename while they are read.
struct LabelledType {
  std::string name;    ///< In the source's spelling, quoted where it must be.
  std::string labels;  ///< In their order, when described; as the source tells them apart.
};

/// What a source says of one table. A value made by Source::Describe; never changed afterwards.
struct Description {
  TableRef table;
  RelationKind kind = RelationKind::kTable;
  uint64_t oid = 0;  ///< Identity within the source, 0 where there is none.
  std::vector<Column> columns;
  std::vector<Key> keys;
  std::vector<Relation> leaves;  ///< One entry for a plain table; empty for views and queries.
  std::vector<LabelledType> labelled_types;  ///< Of its columns and of what is in them.
  std::string comment;
  std::string indivisible;  ///< Why one query has to read it, or empty: several might not agree on
                            ///< what its rows are.
  bool row_security = false;  ///< Policies of the source decide which of its rows are shown.
  std::string hidden_rows;    ///< Whose policies hide rows of it from the role, which the job
                              ///< accepts; or empty. Said in plan.
  std::string unpageable;  ///< Why its leaves cannot be read by page ranges, or empty: what the job
                           ///< asks of its rows might mean another thing for those of a leaf.
  std::string
      row_identity;  ///< Hidden unique integer that orders the rows (`rowid` of SQLite), or empty.

  /// A plain table of which nothing inherits: its rows are its own, whatever is put below it later.
  bool IsOneRelation() const { return kind == RelationKind::kTable && leaves.size() == 1; }

  /// What a person calls one of its leaves, where there are several: those of a table from which
  /// others inherit, itself among them, are no partitions.
  std::string_view leaf_noun() const {
    return kind == RelationKind::kPartitioned ? "partition" : "table";
  }

  /// The column called `name`, or null. The pointer lives as long as this Description.
  const Column* FindColumn(std::string_view name) const;
};

}  // namespace headrace
