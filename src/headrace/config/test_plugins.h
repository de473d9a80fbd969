#pragma once

#include <vector>

#include "headrace/config/option.h"

/// Plug-ins for the tests of this folder: one option of each type, and what plug-ins may declare.
namespace headrace {

inline std::vector<PluginOptions> TestSources() {
  return {
      {.type = "postgresql",
       .doc = "A server.",
       .options = {{.key = "uri",
                    .type = OptionType::kSecret,
                    .doc = "Where it is.",
                    .example = "postgresql://etl@127.0.0.1:5432/shop"},
                   {.key = "port",
                    .type = OptionType::kInteger,
                    .doc = "Its port.",
                    .minimum = 1,
                    .maximum = 65535},
                   {.key = "password",
                    .type = OptionType::kSecret,
                    .doc = "A secret.",
                    .example = "${SHOP_PASSWORD}"},
                   {.key = "snapshot",
                    .type = OptionType::kEnum,
                    .default_text = "require",
                    .doc = "How strict.",
                    .choices = {"require", "prefer", "off"}},
                   {.key = "lock_timeout",
                    .type = OptionType::kDuration,
                    .default_text = "30s",
                    .doc = "How long to wait.",
                    .changes_rows = false}}},
      {.type = "sqlite",
       .doc = "A file.",
       .options = {{.key = "path",
                    .type = OptionType::kPath,
                    .doc = "The file.",
                    .required = true,
                    .example = "./shop.db"}},
       .example_table = "orders"},
  };
}

inline std::vector<PluginOptions> TestDestinations() {
  return {{.type = "parquet",
           .doc = "A directory.",
           .options = {
               {.key = "path",
                .type = OptionType::kPath,
                .doc = "The directory.",
                .required = true,
                .example = "./lake"},
               {.key = "target_file_size",
                .type = OptionType::kBytes,
                .default_text = "256MiB",
                .doc = "Size of a file.",
                .minimum = 1,
                .per_table = true},
               {.key = "compression",
                .type = OptionType::kEnum,
                .default_text = "auto",
                .doc = "The codec.",
                .choices = {"auto", "snappy", "none"},
                .per_table = true},
               {.key = "encodings",
                .type = OptionType::kEnum,
                .default_text = "compatible",
                .doc = "How values are encoded.",
                .choices = {"compatible"},
                .refused_choices =
                    {{"compact",
                      "compact encodings come with a later version of headrace; use 'compatible'"}},
                .per_table = true}}}};
}

}  // namespace headrace
