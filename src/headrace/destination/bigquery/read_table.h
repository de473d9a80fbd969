#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "headrace/client/bigquery/client.h"
#include "headrace/model/checksum.h"
#include "headrace/model/error.h"

namespace headrace {

/// The rows of a table, counted by a query that reads none of them; by what the service knows of
/// the table where queries need a filter. Nothing where there is no such table.
arrow::Result<std::optional<int64_t>> CountTable(const BigQueryClient& client,
                                                 const BigQueryTable& table,
                                                 const std::string& location,
                                                 const std::stop_token& stop);

/// The checksum of all rows of a table, read by tabledata.list. `on_rows` gets the rows of each
/// page; may be null. Nothing where there is no such table.
arrow::Result<std::optional<Checksum>> ChecksumOfTable(const BigQueryClient& client,
                                                       const BigQueryTable& table,
                                                       const std::function<void(int64_t)>& on_rows,
                                                       const std::stop_token& stop);

}  // namespace headrace
