#include "headrace/run/table_list.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "headrace/model/utf8.h"
#include "headrace/observe/human.h"
#include "headrace/run/table_name.h"

namespace headrace {
namespace {

/// What a pattern matches, by what becomes of it; labels.
struct MatchesOfPattern {
  std::vector<std::string> tables;
  std::vector<std::string> excluded;
  std::vector<std::string> named;
  std::vector<std::string> earlier;
  std::vector<std::string> inherited;
  std::vector<std::string> others;  ///< Views and the like.
  std::vector<std::string> unnamed;
  std::vector<std::string> faults;  ///< Sentences.

  bool StandsForNothing() const {
    return tables.empty() && excluded.empty() && named.empty() && inherited.empty() &&
           faults.empty();
  }
};

struct LeftOut {
  std::string_view why;
  std::vector<std::string> MatchesOfPattern::* tables;
};
constexpr std::array<LeftOut, 6> kLeftOut = {
    {{"excluded", &MatchesOfPattern::excluded},
     {"entry of its own", &MatchesOfPattern::named},
     {"of an entry before", &MatchesOfPattern::earlier},
     {"part of a table above it", &MatchesOfPattern::inherited},
     {"no table: taken by its name alone", &MatchesOfPattern::others},
     {"without a name there is no directory for it: copy it by a 'query'",
      &MatchesOfPattern::unnamed}}};

std::string AboutMatches(const MatchesOfPattern& matches) {
  std::string text;
  for (const LeftOut& left_out : kLeftOut) {
    const std::vector<std::string>& tables = matches.*left_out.tables;
    if (tables.empty()) continue;
    text += (text.empty() ? "; left out: " : "; ") + SomeNames(tables) + " (" +
            std::string(left_out.why) + ")";
  }
  return HumanNumberOf(static_cast<int64_t>(matches.tables.size()), "table") + text;
}

std::string WhyNothing(const MatchesOfPattern& matches) {
  if (!matches.earlier.empty()) {
    return "every table that it stands for (" + SomeNames(matches.earlier) +
           ") is one of an entry before it: put it in front of that";
  }
  const std::string text = "it stands for no table of the source";
  if (matches.others.empty()) return text + "; `headrace inspect` lists what there is";
  return text + ": views, foreign and virtual tables (" + SomeNames(matches.others) +
         ") are copied where the job names them";
}

class TableLister {
 public:
  TableLister(const Job& job, std::span<const NamedRelation> names)
      : job_(job), names_(names), owners_(names.size(), kNobody), matches_(job.patterns.size()) {}

  TableList List();

 private:
  static constexpr int kNobody = -1;
  static constexpr int kNamed = -2;  ///< Others are positions in Job::patterns.

  void FindNames();
  void TakeNamed();
  void Match(size_t pattern);
  void Take(size_t pattern, size_t relation, const TableRef& table);
  bool IsPartOfOther(size_t relation) const;
  std::string PlaceFaultOf(const TableRef& table);
  PatternTables OutcomeOf(size_t pattern) const;

  /// As `pattern` would name it, where that can.
  static std::optional<TableRef> NameFor(const TablePattern& pattern,
                                         const NamedRelation& relation) {
    if (pattern.has_schema()) return relation.table;
    if (!relation.found_without_schema) return std::nullopt;
    return TableRef{.schema = {}, .name = relation.table.name, .query = {}, .alias = {}};
  }

  static bool Matches(const TablePattern& pattern, const NamedRelation& relation) {
    const auto table = NameFor(pattern, relation);
    return table && pattern.Matches(*table);
  }

  static bool IsExcluded(const PatternJob& pattern, const NamedRelation& relation) {
    return std::ranges::any_of(
        pattern.exclude, [&](const TablePattern& excluded) { return Matches(excluded, relation); });
  }

  /// Of `pattern.exclude` what stands for no relation at all: a name that is misspelt, most likely.
  std::vector<std::string> ExcludesOfNothing(const PatternJob& pattern) const {
    std::vector<std::string> nothing;
    for (const TablePattern& excluded : pattern.exclude) {
      const auto matches = [&](const NamedRelation& relation) {
        return Matches(excluded, relation);
      };
      if (std::ranges::none_of(names_, matches)) nothing.push_back(excluded.text());
    }
    return nothing;
  }

  /// Does `holds` hold for a table that `relation` inherits from, by whatever steps?
  template <typename Condition>
  bool OfAnAncestor(size_t relation, const Condition& holds) const {
    std::vector<size_t> open = {relation};
    std::unordered_set<size_t> seen;
    while (!open.empty()) {
      const size_t child = open.back();
      open.pop_back();
      for (const TableRef& parent : names_[child].parents) {
        const auto found = by_directory_.find(parent.directory());
        if (found == by_directory_.end() || !seen.insert(found->second).second) continue;
        if (holds(found->second)) return true;
        open.push_back(found->second);
      }
    }
    return false;
  }

  const Job& job_;
  const std::span<const NamedRelation> names_;
  std::unordered_map<std::string, size_t> by_directory_;  ///< Of names_, with and without schema.
  std::vector<int> owners_;                               ///< Of names_.
  std::vector<MatchesOfPattern> matches_;                 ///< Of Job::patterns.
  std::unordered_map<std::string, std::string> directories_;  ///< Of the job's tables → labels.
  std::unordered_set<std::string> labels_;                    ///< Of the job's tables.
};

TableList TableLister::List() {
  FindNames();
  TakeNamed();
  for (size_t pattern = 0; pattern < job_.patterns.size(); ++pattern) Match(pattern);
  TableList list;
  for (size_t pattern = 0; pattern < job_.patterns.size(); ++pattern) {
    for (size_t relation = 0; relation < names_.size(); ++relation) {
      if (!std::cmp_equal(owners_[relation], pattern)) continue;
      const PatternJob& entry = job_.patterns[pattern];
      const TableRef table = *NameFor(entry.pattern, names_[relation]);
      MatchesOfPattern& matches = matches_[pattern];
      if (IsPartOfOther(relation)) {
        matches.inherited.push_back(table.label());
      } else if (std::string fault = PlaceFaultOf(table); !fault.empty()) {
        matches.faults.push_back(std::move(fault));
      } else {
        matches.tables.push_back(table.label());
        list.matched.push_back({table.schema, table.name, entry.pattern.text()});
      }
    }
    list.patterns.push_back(OutcomeOf(pattern));
  }
  return list;
}

void TableLister::FindNames() {
  for (size_t i = 0; i < names_.size(); ++i) {
    const NamedRelation& relation = names_[i];
    by_directory_.emplace(relation.table.directory(), i);
    if (!relation.found_without_schema) continue;
    const TableRef bare{.schema = {}, .name = relation.table.name, .query = {}, .alias = {}};
    by_directory_.emplace(bare.directory(), i);
  }
}

void TableLister::TakeNamed() {
  for (const TableJob& table : job_.tables) {
    const std::string directory = table.table.directory();
    directories_.emplace(directory, table.table.label());
    labels_.insert(table.table.label());
    if (table.table.is_query()) continue;
    const auto found = by_directory_.find(directory);
    if (found != by_directory_.end()) owners_[found->second] = kNamed;
  }
}

void TableLister::Match(size_t pattern) {
  const TablePattern& name = job_.patterns[pattern].pattern;
  for (size_t relation = 0; relation < names_.size(); ++relation) {
    const auto table = NameFor(name, names_[relation]);
    if (table && name.Matches(*table)) Take(pattern, relation, *table);
  }
}

void TableLister::Take(size_t pattern, size_t relation, const TableRef& table) {
  const PatternJob& entry = job_.patterns[pattern];
  MatchesOfPattern& matches = matches_[pattern];
  const RelationKind kind = names_[relation].kind;
  const auto is_excluded = [&](size_t other) { return IsExcluded(entry, names_[other]); };
  if (is_excluded(relation) || OfAnAncestor(relation, is_excluded)) {
    matches.excluded.push_back(table.label());
  } else if (owners_[relation] == kNamed) {
    matches.named.push_back(table.label());
  } else if (kind != RelationKind::kTable && kind != RelationKind::kPartitioned) {
    matches.others.push_back(table.label());
  } else if (table.name.empty()) {
    matches.unnamed.emplace_back("\"\"");  // SQLite has such.
  } else if (owners_[relation] != kNobody) {
    matches.earlier.push_back(table.label());
  } else {
    owners_[relation] = static_cast<int>(pattern);
  }
}

/// Its rows are read with those of a table that is in the job.
bool TableLister::IsPartOfOther(size_t relation) const {
  return OfAnAncestor(relation, [&](size_t other) { return owners_[other] != kNobody; });
}

/// Why it cannot have a directory of its own; empty: it has one now. A job could not name it
/// either.
std::string TableLister::PlaceFaultOf(const TableRef& table) {
  const std::string directory = table.directory();
  const std::string label = table.label();
  if (!IsUtf8(table.schema) || !IsUtf8(table.name)) {
    return "the name of the table " + QuotedText(label) +
           " is not UTF-8: exclude it, with ? in place of what cannot be written, and copy it by a "
           "'query'";
  }
  if (directory.size() > kMostDirectoryBytes) {
    return label +
           ": too long to name a directory; exclude it, and copy it by 'query' with a short 'as'";
  }
  const auto place = directories_.find(directory);
  const auto name = labels_.find(label);
  if (place != directories_.end() || name != labels_.end()) {
    const std::string& taken = place != directories_.end() ? place->second : *name;
    return label + " would be written to the same place, or be called the same in reports, as '" +
           taken + "', which the job has besides: exclude it, or give that another 'as'";
  }
  directories_.emplace(directory, label);
  labels_.insert(label);
  return {};
}

PatternTables TableLister::OutcomeOf(size_t pattern) const {
  const PatternJob& entry = job_.patterns[pattern];
  const MatchesOfPattern& matches = matches_[pattern];
  std::string fault;
  if (matches.StandsForNothing()) fault = WhyNothing(matches);
  for (const std::string& sentence : matches.faults) {
    fault += (fault.empty() ? "" : "; ") + sentence;
  }
  PatternTables outcome{.pattern = entry.pattern.text(), .about = {}, .status = {}};
  if (fault.empty()) {
    outcome.about = AboutMatches(matches);
    const std::vector<std::string> unused = ExcludesOfNothing(entry);
    if (!unused.empty()) {
      outcome.about += "; `exclude` of " + SomeNames(unused) + " matches nothing";
    }
  } else {
    outcome.status = UserError(entry.path + " '" + entry.pattern.text() + "': " + fault);
  }
  return outcome;
}

}  // namespace

std::vector<std::string> TableList::notes() const {
  std::vector<std::string> notes;
  for (const PatternTables& pattern : patterns) {
    if (pattern.status.ok()) notes.push_back(pattern.pattern + " stands for " + pattern.about);
  }
  return notes;
}

arrow::Status TableList::fault() const {
  std::string text;
  for (const PatternTables& pattern : patterns) {
    if (!pattern.status.ok()) text += (text.empty() ? "" : "\n") + pattern.status.message();
  }
  return text.empty() ? arrow::Status::OK() : UserError(text);
}

TableRef NameOf(const MatchedTable& table) {
  return {.schema = table.schema, .name = table.name, .query = {}, .alias = {}};
}

TableList ListTables(const Job& job, std::span<const NamedRelation> names) {
  return TableLister(job, names).List();
}

Job WithTables(const Job& job, std::span<const MatchedTable> matched) {
  Job listed = job;
  listed.patterns.clear();
  listed.tables.clear();
  size_t next = 0;
  for (const PatternJob& entry : job.patterns) {
    for (; next < entry.position; ++next) listed.tables.push_back(job.tables[next]);
    for (const MatchedTable& table : matched) {
      if (table.pattern != entry.pattern.text()) continue;
      listed.tables.push_back(entry.each);
      listed.tables.back().table = NameOf(table);
    }
  }
  for (; next < job.tables.size(); ++next) listed.tables.push_back(job.tables[next]);
  return listed;
}

std::vector<MatchedTable> MatchedTablesOf(const Job& job) {
  std::vector<MatchedTable> matched;
  for (const TableJob& table : job.tables) {
    if (table.pattern.empty()) continue;
    matched.push_back({table.table.schema, table.table.name, table.pattern});
  }
  return matched;
}

}  // namespace headrace
