#pragma once

#include <string>

#include "headrace/run/engine.h"

namespace headrace {

/// Threads of this process.
class LocalEngine : public Engine {
 public:
  std::string name() const override { return "local"; }

  ExecuteSummary Execute(std::span<const TableWork> tables, const ExecuteOptions& options,
                         const ExecuteContext& context, const ExecuteCallbacks& callbacks,
                         std::stop_token stop) override;
};

}  // namespace headrace
