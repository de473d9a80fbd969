#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/source/postgres/type_catalog.h"
#include "headrace/source/source.h"

namespace headrace {

/// A catalogue query with `text` wherever it has `place`, e.g. `$oid`.
std::string Filled(std::string query, std::string_view place, std::string_view text);

/// `part(oid)`, what is directly below a row of `tree(oid)`, for a FROM that has that before it.
/// Not while a DETACH … CONCURRENTLY is pending, which servers since 14 know; a column that is not
/// there is no key of the object. OFFSET 0 keeps the server to one look-up for each row of the
/// tree: it takes a recursion for thousands of rows, and would read the whole catalogue for it.
inline constexpr std::string_view kPartOfTree =
    "LATERAL (SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = tree.oid"
    " AND coalesce(NOT (pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::pg_catalog.bool, true)"
    " OFFSET 0) AS part(oid)";

/// `"schema"."name"`, or `"name"`, which the server looks up along its search_path.
std::string QualifiedName(const TableRef& table);
std::string QualifiedName(std::string_view schema, std::string_view name);

/// `'{16400,16401}'::pg_catalog.oid[]`: the relations that hold the table's rows.
std::string LeafOids(const Description& description);

/// `ARRAY['a', 'b']::pg_catalog.text[]`.
std::string TextArray(std::span<const std::string> texts);

/// The query of a job as a table expression; a comment at its end does no harm, a semicolon is left
/// out.
std::string Subselect(const std::string& query);

/// The same error, with what a query must be where it is a syntax error and the query of `table` is
/// another statement: in front of it stands SQL of ours, which the server's words do not fit.
arrow::Status NameStatement(const arrow::Status& status, const TableRef& table);

/// Describes a table, view or query as the current transaction sees it. Errors of class user where
/// it is not there.
arrow::Result<Description> DescribeRelation(PgConnection& connection, PgTypeCatalog& types,
                                            const TableRef& table, const std::stop_token& stop);

/// All tables and views outside of the system's schemas, partitions left out, in the order of their
/// names.
arrow::Result<std::vector<ListedTable>> ListRelations(PgConnection& connection,
                                                      const std::stop_token& stop);

/// Their names, and what they inherit from.
arrow::Result<std::vector<NamedRelation>> ListRelationNames(PgConnection& connection,
                                                            const std::stop_token& stop);

}  // namespace headrace
