# `make` alone prints what there is. The work is done by CMake presets and scripts/; this file only puts them in order.

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
# Major versions of the PostgreSQL servers, as CMake lists.
POSTGRES_VERSIONS = 12;15;17
ALL_POSTGRES_VERSIONS = 12;13;14;15;16;17;18
spaced = $(subst ;, ,$(1))

.DEFAULT_GOAL := help
# What meets bytes from outside, or writes files: under the sanitizers before every change.
SANITIZED_TESTS = headrace_client_postgres_test headrace_source_postgres_test headrace_client_sqlite_test \
  headrace_source_sqlite_test headrace_client_http_test headrace_client_google_auth_test headrace_client_bigquery_test \
  headrace_client_gcs_test headrace_client_store_test headrace_staging_test headrace_destination_parquet_test headrace_journal_test
empty :=
space := $(empty) $(empty)

.NOTPARALLEL:  # what is installed and built is shared
.PHONY: help deps deps-build deps-test build demo test sanitize test-all check format bench install clean

help:
	@echo 'headrace: copies tables into a data lake, in parallel and exactly once'
	@echo
	@echo '  make demo       install what it needs, build, run the quick start (SQLite to Parquet); writes to build/demo'
	@echo '  make test       install the test servers, build, run every test'
	@echo
	@echo '  make build      every component; the program is build/release/headrace'
	@echo '  make install    the program and the libraries it needs, to PREFIX ($(PREFIX))'
	@echo '  make check      format, includes, clang-tidy'
	@echo '  make format     put every C++ file into the format that check wants'
	@echo '  make sanitize   decoders, staging and journal under ASan and UBSan'
	@echo '  make test-all   also under ASan+UBSan and TSan, long fuzzing, all server versions (an hour or more)'
	@echo '  make bench      headrace beside its peers; dated tables go to bench/results'
	@echo '  make deps       only install: packages, Python environments, servers'
	@echo '  make clean      remove what was built; downloads stay'
	@echo
	@echo 'The edit loop, after make deps:'
	@echo '  cmake --preset dev && cmake --build --preset dev && ctest --preset dev -R Journal'

deps-build:
	@scripts/install_packages.sh build

deps-test:
	@scripts/install_packages.sh build test
	@scripts/install_postgres_versions.sh $(call spaced,$(POSTGRES_VERSIONS))
	@scripts/install_stand_ins.sh
	@scripts/install_python.sh build/venv requirements.txt requirements-test.txt

deps: deps-test
	@scripts/install_python.sh build/venv-check requirements-check.txt

build: deps-build
	@cmake --preset release >/dev/null
	@cmake --build --preset release --parallel $(JOBS)

demo: deps-build
	@cmake --preset release >/dev/null
	@cmake --build --preset release --parallel $(JOBS) --target headrace
	@scripts/demo.sh build/release/headrace

test: deps-test
	@cmake --preset test -DHEADRACE_FUZZ_SECONDS=20 '-DHEADRACE_POSTGRES_VERSIONS=$(POSTGRES_VERSIONS)' >/dev/null
	@cmake --build --preset test --parallel $(JOBS)
	@ctest --preset test --parallel $(JOBS) $(CTEST_FLAGS)

sanitize: deps-test
	@cmake --preset asan-ubsan -DHEADRACE_POSTGRES_VERSIONS=15 >/dev/null
	@cmake --build --preset asan-ubsan --parallel $(JOBS) --target $(SANITIZED_TESTS)
	@ctest --preset asan-ubsan --parallel $(JOBS) -L '^($(subst $(space),|,$(SANITIZED_TESTS)))$$'

# Everything again under both sanitizers, every server version, ten minutes of fuzzing per target.
test-all: deps-test
	@scripts/install_postgres_versions.sh $(call spaced,$(ALL_POSTGRES_VERSIONS))
	@cmake --preset test -DHEADRACE_FUZZ_SECONDS=600 '-DHEADRACE_POSTGRES_VERSIONS=$(ALL_POSTGRES_VERSIONS)' >/dev/null
	@cmake --build --preset test --parallel $(JOBS)
	@ctest --preset test --parallel $(JOBS)
	@for preset in asan-ubsan tsan; do \
	  cmake --preset $$preset '-DHEADRACE_POSTGRES_VERSIONS=$(POSTGRES_VERSIONS)' >/dev/null && \
	  cmake --build --preset $$preset --parallel $(JOBS) && \
	  ctest --preset $$preset --parallel $(JOBS) || exit 1; \
	done

check: deps
	@scripts/check.sh

format:
	@scripts/install_python.sh build/venv-check requirements-check.txt
	@git ls-files --cached --others --exclude-standard -- '*.cc' '*.h' | xargs build/venv-check/bin/clang-format -i

bench: deps-test
	@scripts/install_python.sh build/venv requirements-bench.txt
	@cmake --preset release -DHEADRACE_BUILD_BENCH=ON >/dev/null
	@cmake --build --preset release --parallel $(JOBS)
	@build/venv/bin/python bench/run.py $(BENCH)

install: build
	@DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)"

clean:
	@rm -rf build/release build/dev build/test build/asan-ubsan build/tsan build/fuzz build/tidy build/tidy-fuzz \
	  build/tidy-files build/bench build/demo
