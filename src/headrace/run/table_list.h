#pragma once

#include <span>
#include <string>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/journal/journal.h"
#include "headrace/model/error.h"
#include "headrace/source/source.h"

/// Which tables the names with wildcards of a job (Job::patterns) stand for.
///
///   names at one moment ──ListTables──► MatchedTable… ──WithTables──► Job without patterns
///                                         │       ▲
///                                         ▼       │
///                                journal, when a run begins; read when it goes on
///
/// Everything behind it knows tables alone. A run keeps the list that it was begun with, also where
/// another process continues it: what is made meanwhile waits for the next run.
namespace headrace {

/// What became of one pattern.
struct PatternTables {
  std::string pattern;
  std::string about;     ///< `3 tables; left out: …`
  arrow::Status status;  ///< Class user: it stands for nothing, or for a table that has no place.
};

struct TableList {
  std::vector<MatchedTable> matched;  ///< In the order of the job and of the names.
  std::vector<PatternTables> patterns;

  std::vector<std::string> notes() const;  ///< Sentences, one for each pattern that is right.
  arrow::Status fault() const;             ///< Class user: all that is wrong.
};

/// As the job that has it names it.
TableRef NameOf(const MatchedTable& table);

/// Ordinary and partitioned tables whose names the patterns of `job` match; not those that they
/// exclude, that have an entry of their own or that an earlier pattern has, nor what inherits from
/// a table that is in the job or that the pattern excludes. A table that is faulty is not in it.
TableList ListTables(const Job& job, std::span<const NamedRelation> names);

/// `job` with `matched` among its tables, each where its pattern stands, and without patterns. One
/// whose pattern it does not have is left out.
Job WithTables(const Job& job, std::span<const MatchedTable> matched);

/// The tables of `job` that patterns stood for.
std::vector<MatchedTable> MatchedTablesOf(const Job& job);

}  // namespace headrace
