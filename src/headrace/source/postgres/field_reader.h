#pragma once

#include <arrow/type_fwd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/source/postgres/pg_type.h"

namespace headrace {

/// What the readers of one column share: its policy, and what went wrong.
struct ReadContext {
  OverflowPolicy on_overflow = OverflowPolicy::kError;
  bool check_utf8 = false;    ///< The server does not vouch for the encoding of text.
  int64_t nulled_values = 0;  ///< Values that became NULL by policy.
  std::string overflow;       ///< The value that does not fit, as text.
  bool is_value_text = true;  ///< `overflow` is the server's own text of the value.
  arrow::Status failure;      ///< Malformed bytes, or no memory.
  /// Counts the bytes by which values are larger in memory than on the wire, where that is more
  /// than a few: a decoder that sees the wire alone would let a batch grow without bounds.
  int64_t* expanded_bytes = nullptr;
};

/// Appends the binary values of one type to Arrow buffers of its own. One small class per wire
/// form.
///
/// Read trusts nothing: `size` bytes at `data` are readable, and every length inside them is
/// checked. It does not throw and allocates only to grow. Not thread-safe.
class FieldReader {
 public:
  explicit FieldReader(ReadContext& context) : context_(&context) {}
  FieldReader(const FieldReader&) = delete;
  FieldReader& operator=(const FieldReader&) = delete;
  virtual ~FieldReader() = default;

  /// Appends a value; `size` -1 is NULL. There must be room (MakeRoom). False: `overflow` or
  /// `failure` of the context says why, and the reader is finished.
  virtual bool Read(const uint8_t* data, int32_t size) = 0;

  /// Makes room for `more` values beyond length().
  bool MakeRoom(int64_t more) {
    if (length_ + more <= capacity_) return true;
    return Succeed(GrowTo(std::max(length_ + more, 2 * capacity_)));
  }

  /// Makes room for exactly `capacity` values in all, if there is less.
  bool Reserve(int64_t capacity) { return capacity <= capacity_ || Succeed(GrowTo(capacity)); }

  /// What varies in the values so far, about: what BatchBytes counts beyond ValueBytes.
  virtual int64_t variable_bytes() const { return 0; }

  /// Hands over the values and starts again, empty and without room.
  virtual arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() = 0;

  int64_t length() const { return length_; }

 protected:
  /// Makes room for `capacity` values in all.
  virtual arrow::Status GrowTo(int64_t capacity) = 0;

  /// Follows the policy: true: append a NULL instead. `value` is what does not fit, as text.
  bool NullInsteadOf(std::string value) {
    if (context_->on_overflow == OverflowPolicy::kNull) {
      ++context_->nulled_values;
      return true;
    }
    context_->overflow = std::move(value);
    return false;
  }

  void Expanded(int64_t bytes) {
    if (context_->expanded_bytes != nullptr && bytes > 0) *context_->expanded_bytes += bytes;
  }

  bool Malformed(std::string_view what, int64_t size) {
    context_->failure = BugError("malformed COPY stream: " + std::to_string(size) +
                                 " bytes are no valid " + std::string(what));
    return false;
  }

  bool Succeed(arrow::Status status) {
    if (status.ok()) return true;
    context_->failure = std::move(status);
    return false;
  }

  ReadContext* context_;
  int64_t length_ = 0;
  int64_t capacity_ = 0;
};

/// A reader of `wire` values as `type`, which must be a pair that WireOf (select_list.h) makes.
/// Errors of class bug otherwise. `context` must outlive the reader.
arrow::Result<std::unique_ptr<FieldReader>> MakeFieldReader(
    const PgType& wire, const std::shared_ptr<arrow::DataType>& type, ReadContext& context);

}  // namespace headrace
