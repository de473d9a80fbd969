#include "headrace/source/postgres/row_reference.h"

#include <gtest/gtest.h>

#include <random>

namespace headrace {
namespace {

bool MayRefer(std::string_view condition) {
  return MayReferToRow(
      condition, {.table = "Par", .columns = {"id", "Case", "par"}, .part_columns = {"Extra"}});
}

TEST(RowReferenceTest, TheTablesNameIsTheWholeRowUnlessAColumnOfItFollows) {
  for (const char* condition :
       {"par is not null", "\"Par\"::text = ''", "(PAR).id = 1", "f(par)", "par.*", "par . f",
        "par.case", "par.\"ID\"", "id = 1 AND par", "par.id = 1 OR par", "public.par.other",
        "par -- .id\n = x", "par /* .id */ ::text", "(select max(id) from par p)",
        "par.id.par.x or par"}) {
    EXPECT_TRUE(MayRefer(condition)) << condition;
  }
  for (const char* condition :
       {"", "id > 5", "par.id > 5", "Par.ID > 5", "\"Par\".id = 1", "par.\"Case\" = 1",
        "par /* a /* b */ c */ . -- d\n id = 1", "par.tableoid = 1 AND par.ctid > x", "par.par = 1",
        "parent = 1", "xpar = 1", "par_ = 1", "par1 = 1", "p.id = 1"}) {
    EXPECT_FALSE(MayRefer(condition)) << condition;
  }
}

TEST(RowReferenceTest, AColumnThatOnlyAPartHasIsNoneOfTheTables) {
  EXPECT_TRUE(MayRefer("extra = 1"));
  EXPECT_TRUE(MayRefer("\"Extra\" = 1"));
  EXPECT_TRUE(MayRefer("exists (select from r where r.x = extra)"));
  EXPECT_FALSE(MayRefer("extras = 'extra'"));
}

TEST(RowReferenceTest, LiteralsAndCommentsHoldNoNames) {
  for (const char* condition :
       {"'par'", "'it''s par'", "'a\\' = par.id", "E'\\'par'", "e'\\\\' = 'par'", "N'par'",
        "B'01' = X'par'", "U&'par'", "$$par$$", "$a$ par $b$ par $a$", "$a1$par$a1$", "-- par",
        "1 -- par\r+ 1", "/* par /* par */ par */ 1", "'a'\n'par'", "1+--par\n1", "2*/*par*/3"}) {
    EXPECT_FALSE(MayRefer(condition)) << condition;
  }
  for (const char* condition :
       {"'a\\' = par", "'x' = par -- '", "E'\\\\' = par", "E'''' = par", "x_e'\\' = par --'",
        "$a$ $ $a$ = par", "a$x$ = par --$x$", "/* /* */ */ par", "-- x\npar", "-- x\rpar",
        "'' = par", R"("a""" = par)", "1e'\\'' = par", "$1par"}) {
    EXPECT_TRUE(MayRefer(condition)) << condition;
  }
}

TEST(RowReferenceTest, WhatIsNotSureMayBeAReference) {
  for (const std::string& condition :
       {std::string("'open"), std::string("E'open\\'"), std::string("$a$ open $b$"),
        std::string("/* open /* */"), std::string("\"open"), std::string(R"(U&"\0070ar" = 1)"),
        std::string("u&\"x\" = 1"),
        std::string("gr\xc3\xb6\xc3\x9f"
                    "e = 1"),
        std::string("\"gr\xc3\xb6\xc3\x9f"
                    "e\" = 1"),
        std::string(64, 'x') + " = 1", "\"" + std::string(64, 'x') + "\" = 1",
        std::string("E'a' -- b\n '\\' = 1'")}) {
    EXPECT_TRUE(MayRefer(condition)) << condition;
  }
  EXPECT_FALSE(MayRefer(std::string(63, 'x') + " = 'gr\xc3\xb6\xc3\x9f"
                                               "e' -- \xc3\xb6"));
}

/// Of pieces that each are whole: a reference is found if and only if there is one, whatever
/// literals and comments lie around it.
TEST(RowReferencePropertyTest, ReferencesAreFoundBetweenLiteralsAndComments) {
  const std::vector<std::string> harmless = {"'par'",
                                             "'it''s par'",
                                             R"(E'\'par\\')",
                                             "$$ par $$",
                                             "$q$'par$q$",
                                             "/* par ' */",
                                             "-- par'\n",
                                             "/*/* $$ */ par*/",
                                             R"("a""par")",
                                             "par.id",
                                             "Par . \"Case\"",
                                             "x'1'",
                                             "1.5e3",
                                             "(",
                                             ")",
                                             "+",
                                             ",",
                                             "<>",
                                             "id",
                                             "$",
                                             "/",
                                             "*",
                                             "-"};
  const std::vector<std::string> references = {"par",   "\"Par\"", "PAR.*",
                                               "par.f", "extra",   "U&\"p\""};
  std::mt19937_64 random(20240229);
  const auto pick = [&](const std::vector<std::string>& from) {
    return from[random() % from.size()];
  };
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::string> pieces(1 + random() % 8);
    for (std::string& piece : pieces) piece = pick(harmless);
    const bool refers = random() % 2 == 0;
    if (refers) pieces[random() % pieces.size()] = pick(references);
    std::string condition;
    for (const std::string& piece : pieces) condition += piece + " , ";
    ASSERT_EQ(MayRefer(condition), refers) << condition;
  }
}

}  // namespace
}  // namespace headrace
