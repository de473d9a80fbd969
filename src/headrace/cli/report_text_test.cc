#include "headrace/cli/report_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "headrace/run/report.h"

namespace headrace {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

RunReport DoneReport() {
  RunReport report;
  report.job = "shop";
  report.run = "20250131T081500-4f2a9c";
  report.tables.push_back({.table = "public.events",
                           .state = TableState::kCommitted,
                           .rows = 5'000'000,
                           .bytes = 402'000'000,
                           .files = 2,
                           .units = 101,
                           .target = "lake/public.events/run-20250131T081500-4f2a9c",
                           .verified = true});
  report.phases = {.init = 0.02, .validate = 0.11, .extract = 6.9, .load = 0.2, .verify = 0.05};
  report.seconds = 7.4;
  report.workers = 2;
  report.utilisation = 0.93;
  report.retries = 1;
  return report;
}

TEST(ReportText, SumsUpARun) {
  EXPECT_EQ(ReportText(ToJson(DoneReport()), 100),
            R"(Run 20250131T081500-4f2a9c of job shop: done

  TABLE          STATE           ROWS   BYTES  FILES  UNITS  VERIFIED
  public.events  committed  5,000,000  402 MB      2    101  ok
                 in lake/public.events/run-20250131T081500-4f2a9c

  5,000,000 rows, 402 MB in 7.4 s, 675,675 rows/s
  2 workers, 93% busy, 1 retry
  init 0.02 s, validate 0.11 s, extract 6.9 s, load 0.20 s, verify 0.05 s
)");
}

TEST(ReportText, SaysWhichRowsAnIncrementalLoadHasRead) {
  RunReport report = DoneReport();
  TableReport& table = report.tables.front();
  table.cursor_column = "id";
  table.watermark = "9";
  const auto text_of = [&](std::optional<std::string> from) {
    table.window = LoadedWindow{.column = "id", .from = std::move(from), .to = "9"};
    return ReportText(ToJson(report), 100);
  };
  EXPECT_THAT(text_of({}),
              HasSubstr(" the rows with id below 9 are loaded; the watermark of id is 9\n"));
  EXPECT_THAT(
      text_of("4"),
      HasSubstr(" the rows with id from 4 to before 9 are loaded; the watermark of id is 9\n"));
  EXPECT_THAT(text_of("9"), HasSubstr(" nothing was new; the watermark of id is 9\n"));
}

TEST(ReportText, SaysWhatFailedAndWhatToDo) {
  const arrow::Status cut = TransientError("connection cut", "08006");
  RunReport report = DoneReport();
  report.tables.push_back({.table = "public.gone",
                           .state = TableState::kFailed,
                           .error = UserError("there is no table public.gone")});
  report.tables.push_back({.table = "public.a", .state = TableState::kFailed, .error = cut});
  report.tables.push_back({.table = "public.b", .state = TableState::kFailed, .error = cut});
  report.left = {"public.gone", "public.a b", "public.b"};
  const std::string text = ReportText(ToJson(report), 100);
  EXPECT_THAT(text, HasSubstr("of job shop: failed\n"));
  EXPECT_THAT(text, EndsWith(R"(
  failed: public.gone
    there is no table public.gone
    next: where the rights or the source were wrong, run again: only what is left is loaded. Where
    the job must change, change it and load what is left, by the names that it has then, and nothing
    twice:
      headrace abandon 20250131T081500-4f2a9c
      headrace run --only public.gone --only 'public.a b' --only public.b

  failed: public.a, public.b
    connection cut
    next: this may pass: run the same command again: only what is left is loaded
)"));
}

TEST(ReportText, ATableWhoseCommitIsBegunIsLoadedByNoProposedCommand) {
  RunReport report = DoneReport();
  const auto full = PermanentError("the disk is full");
  report.tables.push_back({.table = "b", .state = TableState::kFailed, .error = full});
  report.left = {"b", "c"};
  report.undecided = {"b"};
  EXPECT_THAT(ReportText(ToJson(report), 100), HasSubstr("headrace run --only c\n"));
  report.left = {"b"};
  const std::string text = ReportText(ToJson(report), 100);
  EXPECT_THAT(text, HasSubstr("      headrace abandon "));
  EXPECT_THAT(text, testing::Not(HasSubstr("      headrace run")));
}

TEST(ReportText, SaysWhatSeveralFailuresShareOnce) {
  RunReport report = DoneReport();
  report.tables.push_back(
      {.table = "a", .state = TableState::kFailed, .error = UserError("there is no table a")});
  report.tables.push_back(
      {.table = "b", .state = TableState::kFailed, .error = UserError("there is no table b")});
  report.left = {"a", "b"};
  EXPECT_THAT(ReportText(ToJson(report), 100), EndsWith(R"(
  failed: a
    there is no table a

  failed: b
    there is no table b
    next: where the rights or the source were wrong, run again: only what is left is loaded. Where
    the job must change, change it and load what is left, by the names that it has then, and nothing
    twice:
      headrace abandon 20250131T081500-4f2a9c
      headrace run --only a --only b
)"));
}

TEST(ReportText, ProposesCommandsOfTheJobFileThatWasNamed) {
  RunReport report = DoneReport();
  report.tables.push_back({.table = "gone",
                           .state = TableState::kFailed,
                           .error = UserError("there is no table gone")});
  report.left = {"gone"};
  EXPECT_THAT(ReportText(ToJson(report), 100,
                         {.file = "jobs/my shop.yaml", .set = {"destination.path=./lake"}}),
              HasSubstr("      headrace abandon 20250131T081500-4f2a9c --job 'jobs/my shop.yaml' "
                        "--set destination.path=./lake\n"
                        "      headrace run 'jobs/my shop.yaml' --set destination.path=./lake "
                        "--only gone\n"));
}

TEST(ReportText, SaysWhatVerificationFound) {
  RunReport report = DoneReport();
  report.tables[0].verified = false;
  report.tables[0].problems = {"file part-0.parquet has 9 rows, 10 were written"};
  const std::string text = ReportText(ToJson(report), 100);
  EXPECT_THAT(text, HasSubstr(": verification failed\n"));
  EXPECT_THAT(text, HasSubstr("DIFFERS"));
  EXPECT_THAT(
      text,
      HasSubstr("  differs: public.events\n    file part-0.parquet has 9 rows, 10 were written\n"));
}

TEST(ReportText, WhatCouldNotBeReadIsNotCalledDamaged) {
  RunReport report = DoneReport();
  report.tables[0].verified = std::nullopt;
  report.tables[0].verify_error = PermanentError("cannot read f: Too many open files", "EMFILE");
  const std::string text = ReportText(ToJson(report), 100);
  EXPECT_THAT(text, HasSubstr(": failed\n"));
  EXPECT_THAT(text, HasSubstr("NOT READ"));
  EXPECT_THAT(text, EndsWith(R"(
  could not be verified: public.events
    cannot read f: Too many open files
    next: once the files can be read, run the same command again: it verifies them
)"));
  EXPECT_THAT(VerificationText(ToJson(report), 100), HasSubstr(": not everything could be read\n"));
  report.tables.push_back({.table = "b", .state = TableState::kCommitted, .verified = false});
  EXPECT_THAT(
      VerificationText(ToJson(report), 100),
      HasSubstr(": not everything is as it was written, and not everything could be read\n"));
  EXPECT_THAT(ReportText(ToJson(report), 100), HasSubstr(": verification failed\n"));
}

TEST(ReportText, DamageIsNamedBesideFilesOfTheTableThatCouldNotBeRead) {
  RunReport report = DoneReport();
  report.tables[0].verified = false;
  report.tables[0].problems = {"file part-0.parquet has 9 rows, 10 were written"};
  report.tables[0].verify_error = PermanentError("cannot read f: Too many open files", "EMFILE");
  const std::string text = ReportText(ToJson(report), 100);
  EXPECT_THAT(text, HasSubstr("DIFFERS"));
  EXPECT_THAT(text, HasSubstr("  could not be verified: public.events\n"));
  EXPECT_THAT(text, EndsWith(R"(
  differs: public.events
    file part-0.parquet has 9 rows, 10 were written
    next: published files were changed or damaged: restore them. Where there is no copy, a table
    that is replaced is loaded again by --only; of one that is appended or incremental the run's
    folder goes first, and then its rows are loaded again, those of a window by a backfill (--from,
    --to)
)"));
}

TEST(ReportText, SaysHowToGoOnAfterAnInterrupt) {
  RunReport report = DoneReport();
  report.interrupted = true;
  report.tables[0].state = TableState::kInterrupted;
  const std::string text = ReportText(ToJson(report), 100);
  EXPECT_THAT(text, HasSubstr(": interrupted\n"));
  EXPECT_THAT(text, HasSubstr("next: run the same command again: it continues this run"));
}

TEST(ReportText, SaysThatThereWasNothingToDo) {
  RunReport report;
  report.job = "shop";
  report.nothing_to_do = true;
  report.notes = {"no run of this job is unfinished; nothing to resume"};
  EXPECT_EQ(
      ReportText(ToJson(report), 100),
      "Job shop: nothing to do\n\n  note: no run of this job is unfinished; nothing to resume\n");
}

TEST(VerificationText, SaysThatRowsAloneWereCounted) {
  EXPECT_THAT(VerificationText(ToJson(DoneReport()), 100),
              HasSubstr(": everything has the rows that were written (values were not compared: "
                        "--level checksum)\n"));
}

TEST(VerificationText, SaysWhetherAllIsAsItWasWritten) {
  RunReport report = DoneReport();
  report.values_compared = true;
  EXPECT_EQ(VerificationText(ToJson(report), 100),
            R"(Run 20250131T081500-4f2a9c of job shop: everything is as it was written

  TABLE          STATE           ROWS   BYTES  FILES  UNITS  VERIFIED
  public.events  committed  5,000,000  402 MB      2    101  ok
                 in lake/public.events/run-20250131T081500-4f2a9c
)");
  report.tables[0].verified = std::nullopt;
  EXPECT_THAT(VerificationText(ToJson(report), 100), HasSubstr(": nothing was compared\n"));
  report.tables[0].verified = false;
  report.tables[0].problems = {"file a is missing"};
  const std::string text = VerificationText(ToJson(report), 100);
  EXPECT_THAT(text, HasSubstr(": not everything is as it was written\n"));
  EXPECT_THAT(text, HasSubstr("  differs: public.events\n    file a is missing\n"));
}

TEST(VerificationText, NamesTheTablesThatAreNotPublished) {
  RunReport report = DoneReport();
  report.values_compared = true;
  report.left = {"public.gone", "public.late"};
  std::string text = VerificationText(ToJson(report), 100);
  EXPECT_THAT(text, HasSubstr(": what is published is as it was written, but not every table is "
                              "published\n"));
  EXPECT_THAT(text, HasSubstr("\n\n  not published: public.gone, public.late\n"));
  report.tables[0].verified = false;
  report.tables[0].problems = {"file a is missing"};
  text = VerificationText(ToJson(report), 100);
  EXPECT_THAT(text, HasSubstr(": not everything is as it was written\n"));
  EXPECT_THAT(text, HasSubstr("  not published: public.gone, public.late\n"));
}

TEST(ReportText, TakesAnEmptyReport) {
  EXPECT_EQ(ReportText(nlohmann::json::object(), 80), "Job : nothing to do\n");
}

TEST(ReportText, WhileNothingIsPublishedTheJobMayBeChanged) {
  RunReport report;
  report.run = "r1";
  report.tables.push_back(
      {.table = "gone", .state = TableState::kFailed, .error = UserError("there is no table")});
  report.left = {"gone"};
  EXPECT_THAT(ReportText(ToJson(report), 100),
              HasSubstr("next: change the job or the rights, then run again"));
}

TEST(ReportText, CountsWhatThisProcessLoaded) {
  RunReport report = DoneReport();
  report.tables.push_back(
      {.table = "public.before", .state = TableState::kAlreadyCommitted, .rows = 1'000});
  EXPECT_THAT(ReportText(ToJson(report), 100), HasSubstr("5,000,000 rows, 402 MB in 7.4 s"));
  EXPECT_EQ(ToJson(report).at("published_rows"), 5'001'000);
  report.tables.erase(report.tables.begin());
  EXPECT_EQ(ToJson(report).at("rows"), 0);
  EXPECT_EQ(ToJson(report).at("rows_per_second"), 0);
}

TEST(VerificationText, SaysThatItWasInterrupted) {
  RunReport report = DoneReport();
  report.interrupted = true;
  const std::string text = VerificationText(ToJson(report), 100);
  EXPECT_THAT(text, HasSubstr("interrupted before all was compared"));
  EXPECT_THAT(text, testing::Not(HasSubstr("continues this run")));
}

}  // namespace
}  // namespace headrace
