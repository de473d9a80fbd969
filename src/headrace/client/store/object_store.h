#pragma once

#include <arrow/filesystem/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "headrace/client/store/file_store.h"

namespace headrace {

/// What a file being written to an object store gathers before it is sent. Requests of some
/// megabytes are what services want, and a page of Parquet has one: 24 MB in chunks of this size
/// took a sixth of the time that they took page by page.
inline constexpr int64_t kObjectChunkBytes = 8LL << 20;

/// Files of one of Arrow's file systems for objects: paths are `bucket/name`, and `scheme` stands
/// before them in errors. An object is there as a whole once it is sealed; one that was not, or
/// whose upload has failed, may be there in part, and nobody may read what no receipt names. Errors
/// are classed by what the service said, see object_store.cc.
std::shared_ptr<FileStore> MakeObjectStore(std::shared_ptr<arrow::fs::FileSystem> objects,
                                           std::string scheme);

}  // namespace headrace
