#pragma once

#include <memory>
#include <string>
#include <utility>

#include "headrace/engine/local/engine_clock.h"
#include "headrace/run/engine.h"

namespace headrace {

/// Threads of this process: WorkerPool says how many.
class LocalEngine : public Engine {
 public:
  LocalEngine() : LocalEngine(std::make_shared<const EngineClock>()) {}
  explicit LocalEngine(std::shared_ptr<const EngineClock> clock) : clock_(std::move(clock)) {}

  std::string name() const override { return "local"; }

  ExecuteSummary Execute(std::span<const TableWork> tables, const ExecuteOptions& options,
                         const ExecuteContext& context, const ExecuteCallbacks& callbacks,
                         std::stop_token stop) override;

 private:
  const std::shared_ptr<const EngineClock> clock_;
};

}  // namespace headrace
