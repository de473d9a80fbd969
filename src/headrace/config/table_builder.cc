#include "headrace/config/table_builder.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "headrace/config/enum_name.h"
#include "headrace/model/zone_name.h"

namespace headrace {
namespace {

constexpr std::array<std::string_view, 2> kLineageColumns = {"_headrace_run",
                                                             "_headrace_loaded_at"};

constexpr std::array<std::string_view, 2> kLoadModeNames = {"catalog", "transactional"};
constexpr std::array<std::string_view, 2> kLateRowsNames = {"error", "warn"};

std::string_view LoadModeName(LoadMode mode) {
  return kLoadModeNames.at(static_cast<size_t>(mode));
}
std::string_view LateRowsName(LateRows late_rows) {
  return kLateRowsNames.at(static_cast<size_t>(late_rows));
}

bool LeavesQuoteOpen(std::string_view name) { return std::ranges::count(name, '"') % 2 != 0; }

/// SQL that says nothing; of a query, also where it only ends.
bool IsBlank(std::string_view sql) {
  return sql.find_first_not_of(" \t\r\n\f\v;") == std::string_view::npos;
}

/// What is wrong with the text of a name, perhaps one with wildcards; empty: nothing.
std::string SpellingFaultOf(const std::string& name) {
  if (LeavesQuoteOpen(name)) {
    return "a double quote is opened and not closed in '" + Shown(name) + "'";
  }
  if (ParseTableName(name).name.empty() || name.starts_with('.')) {
    return "expected schema.name or name; found '" + Shown(name) + "'";
  }
  return {};
}

/// What is wrong with the name of a table; empty: nothing.
std::string FaultOf(const std::string& name, const TableRef& ref) {
  if (std::string fault = SpellingFaultOf(name); !fault.empty()) return fault;
  if (ref.directory().size() > kMostDirectoryBytes) {
    return "too long to name a directory; copy the table by 'query' with a short 'as'";
  }
  return {};
}

/// What is wrong with a table that `pattern` shall not stand for; empty: nothing. Columns that are
/// written here, as a table that is named has them, have no schema.
std::string ExclusionFaultOf(const TablePattern& excluded, const TablePattern& pattern) {
  if (std::string fault = SpellingFaultOf(excluded.text()); !fault.empty()) return fault;
  const std::string text = "'" + Shown(excluded.text()) + "'";
  const std::string all = "'" + Shown(pattern.text()) + "'";
  if (excluded.has_schema() != pattern.has_schema()) {
    return "of a name with wildcards 'exclude' names tables, in its own form, " +
           std::string(pattern.has_schema() ? "schema.name" : "a name without schema") + ": " +
           text + " is none that " + all +
           " stands for. Columns can be left out of a table that has an entry of its own";
  }
  if (!excluded.Overlaps(pattern)) {
    return text + " excludes nothing: " + all + " stands for no such table";
  }
  return {};
}

/// An entry as it was built: `pattern` is there where its name has wildcards.
struct BuiltEntry {
  TableJob job;
  std::optional<TablePattern> pattern = std::nullopt;
  std::vector<TablePattern> exclude = {};
};

class TableBuilder {
 public:
  TableBuilder(const SectionValues& root, const SectionValues& table, Problems& problems)
      : root_(root), table_(table), problems_(problems) {}

  BuiltEntry Build() {
    BuiltEntry entry;
    entry.pattern = Pattern();
    TableJob& job = entry.job;
    if (entry.pattern) {
      RefuseAlias();
      entry.exclude = ExcludedTables(*entry.pattern);
    } else {
      job.table = Reference();
      job.exclude = table_.values.StringList("exclude");
    }
    Columns(job);
    job.where = table_.values.String("where").value_or("");
    if (table_.values.WasWritten("where") && IsBlank(job.where)) {
      Problem("where", "the condition is empty; leave the key out to copy all rows");
    }
    Load(job.load);
    Write(job);
    const OptionValues* lineage = Holder("lineage", "load");
    job.lineage = lineage != nullptr && lineage->Boolean("lineage").value_or(false);
    job.on_overflow =
        Overflow(table_.values).value_or(Overflow(root_.values).value_or(OverflowPolicy::kError));
    Partition(job.load, job.partition);
    job.destination = DestinationOptions();
    if (job.lineage) CheckLineageNames(job);
    return entry;
  }

 private:
  void Problem(std::string_view key, std::string_view message) {
    problems_.Add(table_.PlaceOf(key), table_.PathOf(key), message);
  }

  static std::optional<OverflowPolicy> Overflow(const OptionValues& values) {
    return EnumByName(values.String("on_overflow"), OverflowPolicyName, OverflowPolicy::kString);
  }

  std::optional<TablePattern> Pattern();
  std::vector<TablePattern> ExcludedTables(const TablePattern& pattern);
  void RefuseAlias();
  TableRef Reference();
  TableRef Table(const std::string& name);
  TableRef Query();
  void Columns(TableJob& job);
  void CheckColumns(const std::vector<const SectionValues*>& entries, const TableJob& job);
  void CheckLineageNames(const TableJob& job);
  void Load(LoadSettings& load);
  void CheckModeIsSaid();
  void CheckTimezones();
  void Write(TableJob& job);
  void Partition(const LoadSettings& load, PartitionSettings& partition);
  void CheckNullsOfCursor(PartitionSettings& partition);
  void CheckNulls(const PartitionSettings& partition);
  OptionValues DestinationOptions() const;

  /// The values that say `key`: the table's own, those of its `section`, or the job's `section`;
  /// null where none does.
  const OptionValues* Holder(std::string_view key, std::string_view section) const;
  /// The same, or the table's own values where none does.
  const OptionValues& Of(std::string_view key, std::string_view section) const {
    const OptionValues* holder = Holder(key, section);
    return holder == nullptr ? table_.values : *holder;
  }
  std::optional<std::string> Flat(std::string_view key, std::string_view section);
  /// A key that may stand flat or in `section` must not do both.
  void OneOf(std::string_view key, std::string_view section);

  const SectionValues& root_;
  const SectionValues& table_;
  Problems& problems_;
};

const OptionValues* TableBuilder::Holder(std::string_view key, std::string_view section) const {
  for (const OptionValues* values :
       {&table_.values, &table_.Child(section).values, &root_.Child(section).values}) {
    if (values->Find(key) != nullptr) return values;
  }
  return nullptr;
}

void TableBuilder::OneOf(std::string_view key, std::string_view section) {
  if (!table_.Wrote(key) || !table_.Child(section).Wrote(key)) return;
  Problem(key,
          "given twice: also as '" + table_.Child(section).PathOf(key) + "'; keep one of them");
}

std::optional<std::string> TableBuilder::Flat(std::string_view key, std::string_view section) {
  OneOf(key, section);
  const OptionValues* holder = Holder(key, section);
  return holder == nullptr ? std::nullopt : holder->String(key);
}

/// The name, where it has wildcards and can be one.
std::optional<TablePattern> TableBuilder::Pattern() {
  const std::string name = table_.values.String("name").value_or("");
  if (table_.Wrote("query") || !TablePattern::HasWildcards(name) ||
      !SpellingFaultOf(name).empty()) {
    return std::nullopt;
  }
  return TablePattern(name);
}

std::vector<TablePattern> TableBuilder::ExcludedTables(const TablePattern& pattern) {
  std::vector<TablePattern> tables;
  for (const std::string& name : table_.values.StringList("exclude")) {
    TablePattern excluded(name);
    const std::string fault = ExclusionFaultOf(excluded, pattern);
    if (!fault.empty()) Problem("exclude", fault);
    tables.push_back(std::move(excluded));
  }
  return tables;
}

void TableBuilder::RefuseAlias() {
  if (!table_.Wrote("as")) return;
  Problem("as", "names the result of a 'query'; a table keeps its own name");
}

TableRef TableBuilder::Reference() {
  const bool name = table_.Wrote("name");
  const bool query = table_.Wrote("query");
  if (name && query) {
    Problem("query",
            "'name' and 'query' exclude each other: copy the table, or what the query selects");
  } else if (!name && !query) {
    problems_.Add(table_.location, table_.path, "needs 'name' (a table) or 'query' with 'as'");
  }
  if (query) return Query();
  return Table(table_.values.String("name").value_or(""));
}

TableRef TableBuilder::Table(const std::string& name) {
  RefuseAlias();
  if (!table_.values.WasWritten("name")) return {};
  TableRef ref = ParseTableName(name);
  const std::string fault = FaultOf(name, ref);
  if (fault.empty()) return ref;
  Problem("name", fault);
  return {};
}

TableRef TableBuilder::Query() {
  TableRef ref = {.query = table_.values.String("query").value_or(""),
                  .alias = table_.values.String("as").value_or("")};
  if (table_.values.WasWritten("query") && IsBlank(ref.query)) {
    Problem("query", "the query is empty");
  }
  if (!table_.Wrote("as")) {
    Problem("query", "a query needs 'as', the name of its result, e.g. as: daily");
  } else if (table_.values.WasWritten("as") && ref.alias.empty()) {
    Problem("as", "the name is empty");
  } else if (ref.directory().size() > kMostDirectoryBytes) {
    Problem("as", "too long to name a directory");
  }
  return ref;
}

void TableBuilder::Columns(TableJob& job) {
  const auto entries = table_.Entries("columns");
  for (const SectionValues* entry : entries) {
    const OptionValues& values = entry->values;
    job.columns.push_back({.name = values.String("name").value_or(""),
                           .as = values.String("as"),
                           .type = values.String("type"),
                           .on_overflow = Overflow(values)});
  }
  CheckColumns(entries, job);
}

void TableBuilder::CheckColumns(const std::vector<const SectionValues*>& entries,
                                const TableJob& job) {
  std::map<std::string_view, std::string_view> sources;  // name → path of its entry
  std::map<std::string, std::string_view, std::less<>> outputs;
  for (size_t i = 0; i < entries.size(); ++i) {
    const SectionValues& entry = *entries[i];
    const ColumnRequest& column = job.columns[i];
    const auto report = [&](std::string_view key, const std::string& message) {
      problems_.Add(entry.PlaceOf(key), entry.PathOf(key), message);
    };
    if (!entry.values.WasWritten("name")) continue;
    if (column.name.empty()) report("name", "the name is empty");
    if (column.as.has_value() && column.as->empty()) report("as", "the name is empty");
    const auto [first, is_new] = sources.emplace(column.name, entry.path);
    if (!is_new) {
      report("name", "the column '" + Shown(column.name) + "' is listed twice: also as '" +
                         std::string(first->second) + "'");
      continue;
    }
    const auto [same, is_new_output] = outputs.emplace(column.as.value_or(column.name), entry.path);
    if (!is_new_output) {
      report(column.as.has_value() ? "as" : "name", "two columns would be called '" +
                                                        Shown(same->first) + "': also '" +
                                                        std::string(same->second) + "'");
    }
    if (std::ranges::find(job.exclude, column.name) != job.exclude.end()) {
      Problem("exclude",
              "the column '" + Shown(column.name) + "' is both listed in 'columns' and excluded");
    }
  }
}

void TableBuilder::CheckLineageNames(const TableJob& job) {
  for (const ColumnRequest& column : job.columns) {
    const std::string& output = column.as.value_or(column.name);
    if (std::ranges::find(kLineageColumns, output) == kLineageColumns.end()) {
      continue;
    }
    Problem("columns",
            "'" + output + "' is the name of a column that 'lineage' adds; rename it by 'as'");
  }
}

void TableBuilder::Load(LoadSettings& load) {
  load.mode = EnumByName(Flat("mode", "load"), LoadModeName, LoadMode::kTransactional)
                  .value_or(LoadMode::kCatalog);
  load.cursor = table_.values.String("cursor").value_or("");
  load.initial = Of("initial", "load").String("initial");
  load.settle_ms = Of("settle", "load").Integer("settle").value_or(load.settle_ms);
  load.late_rows =
      EnumByName(Of("late_rows", "load").String("late_rows"), LateRowsName, LateRows::kWarn)
          .value_or(LateRows::kError);
  load.cursor_timezone = Of("cursor_timezone", "load").String("cursor_timezone").value_or("");
  CheckTimezones();
  CheckModeIsSaid();
  if (load.is_transactional() && load.cursor.empty()) {
    problems_.Add(table_.PlaceOf("mode"), table_.PathOf("cursor"),
                  "'mode: transactional' needs a 'cursor', the column that tells new rows, e.g. "
                  "cursor: created_at");
  }
}

/// A line that was lost in an edit must not make `replace` of an incremental load. `mode: catalog`
/// may stand beside a cursor: a repair says so.
void TableBuilder::CheckModeIsSaid() {
  const OptionValues* holder = Holder("mode", "load");
  const bool is_said = holder == nullptr || holder->WasWritten("mode");  // Or it is wrong.
  if (is_said) return;
  constexpr std::string_view kNotSaid =
      "is of 'mode: transactional', which is not said: without a 'mode' each run loads the whole "
      "table; say 'mode: transactional', or 'mode: catalog'";
  if (table_.values.WasWritten("cursor")) {
    problems_.Add(table_.PlaceOf("cursor"), table_.PathOf("cursor"), kNotSaid);
  }
  const SectionValues& load = table_.Child("load");
  for (const std::string_view key : {"initial", "settle", "late_rows", "cursor_timezone"}) {
    if (load.values.WasWritten(key)) problems_.Add(load.PlaceOf(key), load.PathOf(key), kNotSaid);
  }
}

/// An offset would be taken with its sign turned around.
void TableBuilder::CheckTimezones() {
  for (const SectionValues* place : {&table_.Child("load"), &root_.Child("load")}) {
    const auto zone = place->values.String("cursor_timezone");
    if (zone && zone->empty()) {
      problems_.Add(place->PlaceOf("cursor_timezone"), place->PathOf("cursor_timezone"),
                    "is empty: name a zone, or leave the key out");
    }
    if (!zone || IsZoneName(*zone)) continue;
    problems_.Add(place->PlaceOf("cursor_timezone"), place->PathOf("cursor_timezone"),
                  "'" + Shown(*zone) +
                      "' is an offset, which databases read by the rules of POSIX, where positive "
                      "is west: the other way around. Write the name of a zone, as "
                      "America/New_York, or Etc/GMT+5 for five hours behind UTC");
  }
}

/// Replacing a table by its new rows would lose the others.
void TableBuilder::Write(TableJob& job) {
  const auto written = Flat("write", "destination");
  job.write =
      EnumByName(written, WriteModeName, WriteMode::kErrorIfExists).value_or(WriteMode::kReplace);
  if (!job.load.is_transactional() || job.write == WriteMode::kAppend) return;
  job.write = WriteMode::kAppend;
  for (const SectionValues* place :
       {&table_, &table_.Child("destination"), &root_.Child("destination")}) {
    if (!place->values.WasWritten("write")) continue;
    return problems_.Add(place->PlaceOf("write"), place->PathOf("write"),
                         "'" + *written +
                             "' and 'mode: transactional' exclude each other: a run "
                             "loads the new rows alone; use 'write: append', or 'mode: catalog'");
  }
}

void TableBuilder::Partition(const LoadSettings& load, PartitionSettings& partition) {
  const OptionValues& own = table_.Child("partition").values;
  const OptionValues& job = root_.Child("partition").values;
  const auto pick = [&](std::string_view key) -> const OptionValues& {
    return own.Find(key) != nullptr ? own : job;
  };
  partition.strategy =
      EnumByName(pick("strategy").String("strategy"), StrategyName, Strategy::kNone)
          .value_or(partition.strategy);
  partition.column = pick("column").String("column");
  partition.target_rows =
      pick("target_rows").Integer("target_rows").value_or(partition.target_rows);
  partition.target_bytes =
      pick("target_bytes").Integer("target_bytes").value_or(partition.target_bytes);
  partition.strict = pick("strict").Boolean("strict").value_or(partition.strict);
  partition.nulls =
      EnumByName(pick("nulls").String("nulls"), NullRowsPolicyName, NullRowsPolicy::kError)
          .value_or(partition.nulls);
  if (load.is_transactional()) {
    CheckNullsOfCursor(partition);
  } else {
    CheckNulls(partition);
  }
}

/// A row without a cursor would be loaded again by each run.
void TableBuilder::CheckNullsOfCursor(PartitionSettings& partition) {
  if (partition.nulls != NullRowsPolicy::kInclude) return;
  partition.nulls = NullRowsPolicy::kExclude;
  const bool own = table_.Child("partition").Wrote("nulls");
  const SectionValues& section = (own ? table_ : root_).Child("partition");
  if (!section.values.WasWritten("nulls")) return;
  problems_.Add(section.PlaceOf("nulls"), section.PathOf("nulls"),
                "'include' and 'mode: transactional' exclude each other: rows whose cursor is NULL "
                "would be loaded again by each run; use 'exclude' or 'error'");
}

/// A planner that chooses a column chooses one without NULLs where it can: which rows are loaded
/// must not depend on it.
void TableBuilder::CheckNulls(const PartitionSettings& partition) {
  if (partition.nulls == NullRowsPolicy::kInclude || partition.column.has_value()) return;
  const bool own = table_.Child("partition").Wrote("nulls");
  const SectionValues& section = (own ? table_ : root_).Child("partition");
  problems_.Add(section.PlaceOf("nulls"), section.PathOf("nulls"),
                "'" + std::string(NullRowsPolicyName(partition.nulls)) +
                    "' needs a 'column' beside it: the one whose NULLs are meant");
}

OptionValues TableBuilder::DestinationOptions() const {
  OptionValues values = root_.Child("destination").values;
  values.Overlay(table_.Child("destination").values);
  return values;
}

using Sections = std::vector<const SectionValues*>;

/// Two entries must not be the same table, nor write to the same place.
void CheckDuplicates(const Sections& entries, const std::vector<BuiltEntry>& built,
                     Problems& problems) {
  std::map<std::string, size_t> by_directory;
  std::map<std::string, size_t> by_label;
  for (size_t i = 0; i < built.size(); ++i) {
    const TableRef& table = built[i].job.table;
    if (table.name.empty() && table.alias.empty()) continue;  // reported, or a pattern
    const auto [in_place, has_own_place] = by_directory.emplace(table.directory(), i);
    const auto [called, has_own_label] = by_label.emplace(table.label(), i);
    if (has_own_place && has_own_label) continue;
    const size_t first = has_own_place ? called->second : in_place->second;
    const std::string other = "'" + entries[first]->path + "'";
    std::string message = "would be written to the same place as " + other;
    if (table == built[first].job.table) {
      message = "'" + Shown(table.label()) + "' is listed twice: also as " + other;
    } else if (has_own_place) {
      message = "'" + Shown(table.label()) + "' is what " + other + " is called in reports, too";
    }
    const std::string_view key = table.is_query() ? "as" : "name";
    problems.Add(entries[i]->PlaceOf(key), entries[i]->PathOf(key), message);
  }
}

/// The second of two would stand for nothing.
void CheckDuplicatePatterns(const Sections& entries, const std::vector<BuiltEntry>& built,
                            Problems& problems) {
  for (size_t i = 0; i < built.size(); ++i) {
    const auto is_same = [&](const BuiltEntry& earlier) {
      return earlier.pattern && earlier.pattern->IsSameAs(*built[i].pattern);
    };
    if (!built[i].pattern) continue;
    const auto end = built.begin() + static_cast<std::ptrdiff_t>(i);
    const auto first = std::find_if(built.begin(), end, is_same);
    if (first == end) continue;
    problems.Add(entries[i]->PlaceOf("name"), entries[i]->PathOf("name"),
                 "'" + Shown(built[i].pattern->text()) + "' is listed twice: also as '" +
                     entries[static_cast<size_t>(first - built.begin())]->path + "'");
  }
}

}  // namespace

void CheckPartition(const SectionValues& partition, const SectionValues& inherited,
                    Problems& problems) {
  // A column by default, and its NULLs with it, would be another than the one that was meant.
  if (partition.values.WasWritten("column") && partition.values.String("column") == "") {
    return problems.Add(partition.PlaceOf("column"), partition.PathOf("column"),
                        "the name is empty; leave the key out to have a column chosen");
  }
  const auto strategy =
      EnumByName(partition.values.String("strategy"), StrategyName, Strategy::kNone);
  const bool needs_no_column = strategy == Strategy::kPages || strategy == Strategy::kNone;
  const SectionValues& null_rule = partition.Wrote("nulls") ? partition : inherited;
  const bool needs_it = null_rule.values.String("nulls").value_or("include") != "include";
  if (!needs_no_column || needs_it || !partition.values.WasWritten("column")) return;
  problems.Add(partition.PlaceOf("column"), partition.PathOf("column"),
               "the strategy '" + std::string(StrategyName(*strategy)) +
                   "' does not split by a column; leave one of them out");
}

void BuildTables(const SectionValues& root, Problems& problems, Job& job) {
  const Sections entries = root.Entries("tables");
  std::vector<BuiltEntry> built;
  built.reserve(entries.size());
  for (const SectionValues* entry : entries) {
    built.push_back(TableBuilder(root, *entry, problems).Build());
    CheckPartition(entry->Child("partition"), root.Child("partition"), problems);
  }
  CheckDuplicates(entries, built, problems);
  CheckDuplicatePatterns(entries, built, problems);
  for (size_t i = 0; i < built.size(); ++i) {
    BuiltEntry& entry = built[i];
    if (!entry.pattern) {
      job.tables.push_back(std::move(entry.job));
      continue;
    }
    entry.job.pattern = entry.pattern->text();
    job.patterns.push_back({.pattern = *std::move(entry.pattern),
                            .exclude = std::move(entry.exclude),
                            .each = std::move(entry.job),
                            .position = job.tables.size(),
                            .path = entries[i]->PathOf("name")});
  }
}

}  // namespace headrace
