#pragma once

#include <cstdint>
#include <string>

/// What the catalogue says of the sequences that fill an integer cursor. Everybody may ask it, and
/// with nothing but pg_catalog on the search_path each name in an answer has its schema.
namespace headrace {

/// Columns of SequencesOfColumnSql.
namespace sequence_column {
inline constexpr int kCache = 0;
inline constexpr int kIncrement = 1;
inline constexpr int kCycle = 2;
inline constexpr int kName = 3;  ///< As SQL names it.
inline constexpr int kOid = 4;
inline constexpr int kGrant = 5;    ///< The statement by which the role may read it; NULL: it may.
inline constexpr int kDefault = 6;  ///< The DEFAULT, where it is more than the next number.
}  // namespace sequence_column

/// Sequences that give `column` of the relation `oid` its value: of an identity, or of its DEFAULT.
/// What an owned sequence that no DEFAULT asks gives is not in the column.
std::string SequencesOfColumnSql(uint64_t oid, const std::string& column);

/// For each of them a schema that the role may not use, and the sequence if it may not read it, as
/// SQL names them; NULL: it may.
std::string SequenceGrantsSql(uint64_t oid, const std::string& column);

/// Columns of OtherFillersSql.
namespace filler_column {
inline constexpr int kRelation = 0;
inline constexpr int kSequence = 1;  ///< NULL: a DEFAULT that asks none.
inline constexpr int kCount = 2;     ///< How many such relations there are.
}  // namespace filler_column

/// The first of the relations below `oid`, whatever their depth, and of the partitioned tables
/// above it, whose own DEFAULT or identity fills `column` by something else than `sequence`, or no
/// row. A DEFAULT counts for rows that are inserted into that very relation. Where there is none,
/// as of partitions of an identity before PostgreSQL 17, such a row has a number by hand; since 17
/// identities are inherited with their sequence.
std::string OtherFillersSql(uint64_t oid, const std::string& column, uint64_t sequence);

}  // namespace headrace
