#include "headrace/transform/unfit_error.h"

namespace headrace {

arrow::Status UnfitError(const UnfitWords& words) {
  return PermanentError("column \"" + words.column + "\": " + words.value + " does not fit " +
                        words.place + " (" + words.row + "; " + words.reason + "); " +
                        words.advice);
}

}  // namespace headrace
