#include "headrace/client/postgres/result.h"

#include <libpq-fe.h>

#include <charconv>
#include <string>

#include "headrace/client/postgres/error.h"

namespace headrace {
namespace {

template <typename Number>
Number NumberOf(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string ErrorField(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? std::string() : std::string(text);
}

std::string ErrorText(const PGresult* result) {
  std::string message = ErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (message.empty()) message = PgMessageLine(PQresultErrorMessage(result));
  for (const unsigned char field : {PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT}) {
    if (const std::string more = ErrorField(result, field); !more.empty()) message += "; " + more;
  }
  return message;
}

}  // namespace

void PgResult::Clearer::operator()(pg_result* result) const { PQclear(result); }

int PgResult::rows() const { return PQntuples(result_.get()); }
int PgResult::columns() const { return PQnfields(result_.get()); }

bool PgResult::IsNull(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view PgResult::Text(int row, int column) const {
  const char* text = PQgetvalue(result_.get(), row, column);
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

int64_t PgResult::Int64(int row, int column) const { return NumberOf<int64_t>(Text(row, column)); }
double PgResult::Double(int row, int column) const { return NumberOf<double>(Text(row, column)); }

std::string_view PgResult::ColumnName(int column) const {
  const char* name = PQfname(result_.get(), column);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

uint32_t PgResult::ColumnType(int column) const { return PQftype(result_.get(), column); }
int32_t PgResult::ColumnTypmod(int column) const { return PQfmod(result_.get(), column); }

arrow::Status PgResult::status() const {
  switch (PQresultStatus(result_.get())) {
    case PGRES_FATAL_ERROR:
    case PGRES_NONFATAL_ERROR:
    case PGRES_BAD_RESPONSE:
      break;
    default:
      return arrow::Status::OK();
  }
  std::string sqlstate = ErrorField(result_.get(), PG_DIAG_SQLSTATE);
  if (sqlstate.empty()) sqlstate = kPgConnectionFailure;
  return PgError(sqlstate, ErrorText(result_.get()));
}

int PgResult::error_position() const {
  return NumberOf<int>(ErrorField(result_.get(), PG_DIAG_STATEMENT_POSITION));
}

}  // namespace headrace
