"""What `headrace verify` sees when somebody was at the published files."""

import contextlib
import json
import re
import resource
import shutil
import sqlite3

import pytest
from harness import lake
from harness.gate import until
from harness.job import SECONDS, Job, is_sanitized, postgres_job, said
from harness.shop import make_shop


@pytest.fixture
def published(headrace):
    """A table that a run has published; the folder of that run."""
    source = {"type": "sqlite", "path": str(make_shop(headrace.folder / "shop.db"))}
    job = Job(headrace, source, [{"name": "people"}])
    job.run()
    (folder,) = (job.lake / "people").glob("run-*")
    assert headrace("verify", "latest", "--level", "checksum", expect=0)
    return folder


@pytest.fixture
def wide(headrace):
    """A table that a run reads into several files, and reads again on several threads."""
    database = headrace.folder / "wide.db"
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE wide (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
                           " INSERT INTO wide SELECT i, hex(randomblob(40)) FROM n")
    job = Job(headrace, {"type": "sqlite", "path": str(database)}, [{"name": "wide", "partition": {"target_rows": 5000}}],
              verify="checksum", engine={"workers": {"initial": 1, "max": 16}})
    job.document["destination"]["target_file_size"] = "1MiB"
    job.write()
    return job


def only_file(folder):
    (file,) = folder.glob("*.parquet")
    return file


def flip_a_byte(folder):
    file = only_file(folder)
    content = bytearray(file.read_bytes())
    content[len(content) * 2 // 3] ^= 0x40  # in the names; not every byte of compressed integers changes a value
    file.write_bytes(content)
    return file.name


def remove_the_file(folder):
    file = only_file(folder)
    file.unlink()
    return file.name


def add_a_copy(folder):
    shutil.copy(only_file(folder), folder / "mine.parquet")
    return "mine.parquet"


def break_the_record(folder):
    (folder / "_commit.json").write_text("{")
    return "_commit.json"


def remove_the_record(folder):
    (folder / "_commit.json").unlink()
    return "_commit.json"


def change_the_record(folder):
    record = folder / "_commit.json"
    content = json.loads(record.read_text())
    record.write_text(json.dumps(content | {"rows": content["rows"] - 1}))
    return "_commit.json"


def add_a_copy_beside_the_runs(folder):
    shutil.copy(only_file(folder), folder.parent / "beside.parquet")
    return "people/beside.parquet"


def add_a_folder_beside_the_runs(folder):
    (folder.parent / "run-mine").mkdir()
    shutil.copy(only_file(folder), folder.parent / "run-mine" / "part.parquet")
    return "people/run-mine"


def add_a_copy_below(folder):
    (folder / "below").mkdir()
    shutil.copy(only_file(folder), folder / "below" / "part.parquet")
    return "below"


def add_a_hidden_copy(folder):
    shutil.copy(only_file(folder), folder.parent / ".hidden.parquet")
    return "people/.hidden.parquet"


def copy_the_run(folder):
    shutil.copytree(folder, folder.parent / "run-copy")
    return "people/run-copy"


@pytest.mark.parametrize("tamper", [add_a_copy_below, add_a_hidden_copy, copy_the_run, flip_a_byte, remove_the_file, add_a_copy, break_the_record, remove_the_record, change_the_record,
                                    add_a_copy_beside_the_runs, add_a_folder_beside_the_runs])
def test_what_was_tampered_with_is_named(published, headrace, tamper):
    named = tamper(published)
    said(headrace("verify", "latest", "--level", "checksum", expect=3), named, *(["it holds unit"] if tamper is flip_a_byte else []))


def change_a_bound(folder):
    """The values stay, but engines that look for one of them skip them now."""
    file = only_file(folder)
    content = file.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    at = content.index(b"person 999", footer)  # the greatest name
    file.write_bytes(content[:at] + b"person 100" + content[at + 10:])
    return file.name


def test_a_changed_bound_is_damage_though_every_value_is_there(published, headrace):
    named = change_a_bound(published)
    said(headrace("verify", "latest", "--level", "checksum", expect=3), named, "has the values that were written, but other bytes")


def test_counting_rows_does_not_say_that_values_agree(published, headrace):
    flip_a_byte(published)
    said(headrace("verify", "latest", "--level", "counts", expect=0), "everything has the rows that were written (values were not compared")


def test_notes_beside_the_runs_are_nobodys_business(published, headrace):
    (published.parent / "notes").mkdir()
    (published.parent / "notes" / "README.txt").write_text("mine")
    headrace("verify", "latest", "--level", "checksum", expect=0)


def with_descriptors(limit, headrace, *arguments):
    """Runs a command that may have `limit` files open; its exit code and what it said."""
    if is_sanitized(headrace.program):
        pytest.skip("the sanitizer takes descriptors of its own, and calls objects invalid where there are none left")
    process = headrace.start(*arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out + err


def die_before_verification(job):
    """As a process leaves the journal that was killed once its last table was committed."""
    with contextlib.closing(sqlite3.connect(job.state / "journal.db")) as journal, journal:
        journal.execute("UPDATE run SET state = 'running'")


def test_a_run_that_cannot_open_its_files_is_verified_by_the_next(wide, headrace):
    wide.run("--run-id", "monday")
    unverified = 0
    for limit in range(8, 40):
        die_before_verification(wide)
        code, text = with_descriptors(limit, headrace, "run", wide.file, "--run-id", "monday")
        assert code in (0, 1, 2), f"{limit}: {code}\n{text}"
        if "could not be verified" not in text:
            continue
        unverified += 1
        assert code == 1
        said(text, "ulimit -n", "NOT READ")
        said(headrace("runs", expect=0), "failed")
        said(wide.run("--run-id", "monday"), "nothing was left to do", "ok")
        said(headrace("runs", expect=0), "done")
    assert unverified > 0


def test_verify_that_cannot_open_the_files_says_nothing_of_them(wide, headrace):
    wide.run()
    unverified = 0
    for limit in range(8, 40):
        code, text = with_descriptors(limit, headrace, "verify", "latest")
        assert code in (0, 1, 2), f"{limit}: {code}\n{text}"
        unverified += code == 1 and "not everything could be read" in text
    assert unverified > 0
    headrace("verify", "latest", expect=0)


def truncate(file):
    file.write_bytes(file.read_bytes()[:-1])


@contextlib.contextmanager
def unreadable(file):
    """A link that leads to itself: neither missing nor damaged, and nobody may read it, whatever rights they have."""
    content = file.read_bytes()
    file.unlink()
    file.symlink_to(file.name)
    yield
    file.unlink()
    file.write_bytes(content)


BOTH = "not everything is as it was written, and not everything could be read"


def test_damage_counts_although_another_table_cannot_be_read(headrace):
    source = {"type": "sqlite", "path": str(make_shop(headrace.folder / "shop.db"))}
    job = Job(headrace, source, [{"name": "people"}, {"name": "orders"}])
    job.run("--run-id", "monday")
    (people,), (orders,) = (list((job.lake / table).glob("run-*/*.parquet")) for table in ("people", "orders"))
    truncate(orders)
    with unreadable(people):
        said(headrace("verify", "latest", expect=3), BOTH, "could not be verified: people", "NOT READ",
             "differs: orders", orders.name, "published files were changed or damaged")
        tables = json.loads(headrace("verify", "latest", "--json", expect=3).stdout)["tables"]
        assert {table["table"]: (table.get("verified"), "verify_error" in table) for table in tables} == {
            "people": (None, True), "orders": (False, False)}
        die_before_verification(job)
        said(job.run("--run-id", "monday", expect=3), "verification failed", "could not be verified: people", "differs: orders")
        said(headrace("runs", expect=0), " failed ")
    text = job.run("--run-id", "monday", expect=3)
    said(text, "differs: orders")
    assert "could not be verified" not in text.stdout
    said(headrace("runs", expect=0), " verify_failed ")


def test_damage_counts_although_another_file_of_the_table_cannot_be_read(wide, headrace):
    wide.run()
    files = sorted((wide.lake / "wide").glob("run-*/*.parquet"))
    assert len(files) > 2
    for damaged in (files[0], files[-1]):
        whole = damaged.read_bytes()
        truncate(damaged)
        with unreadable(files[1]):
            said(headrace("verify", "latest", expect=3), BOTH, "DIFFERS", "could not be verified: wide", files[1].name,
                 "differs: wide", damaged.name, "; it holds units ", ", id from ")
        damaged.write_bytes(whole)
    with unreadable(files[0]):
        said(headrace("verify", "latest", expect=1), ": not everything could be read", "NOT READ", files[0].name)
    said(headrace("verify", "latest", expect=0), "everything is as it was written")


@pytest.mark.parametrize("tamper", [remove_the_file, flip_a_byte, break_the_record])
def test_a_finding_names_its_file_once(published, headrace, tamper):
    named = tamper(published)
    finding = headrace("verify", "latest", "--level", "checksum", expect=3).stdout.split("differs: people")[1]
    assert finding.count(named) == 1, finding


@pytest.fixture
def two_tables(headrace):
    """Tables that a run has published, one by each kind of rename, in a project folder that holds all there is of the job."""
    folder = headrace.folder / "project"
    folder.mkdir()
    make_shop(folder / "shop.db")
    headrace.write("project/job.yaml", """
name: shop
source: {type: sqlite, path: shop.db}
tables: [people, {query: SELECT * FROM people, as: copied, write: append}]
destination: {type: parquet, path: ./lake}
""")
    headrace("run", "project/job.yaml", expect=0)
    return folder


def one_line(text):
    return " ".join(text.split())


def verify(headrace, folder, *words, expect):
    return headrace("verify", "latest", "--job", str(folder / "job.yaml"), "--level", "checksum", *words, expect=expect)


def damage(lake):
    for file in lake.glob("people/run-*/*.parquet"):
        file.write_bytes(b"no Parquet")


def test_a_project_that_was_moved_is_verified_where_it_is(two_tables, headrace):
    moved = two_tables.rename(headrace.folder / "elsewhere")
    text = verify(headrace, moved, expect=0).stdout
    said(one_line(text), "everything is as it was written", f"in {moved}/lake/people", f"in {moved}/lake/copied/run-",
         f"read is {moved}/lake, the job's destination; the run wrote to {two_tables}/lake")
    damage(moved / "lake")
    said(verify(headrace, moved, expect=3).stdout, "differs: people")


def test_the_copy_of_a_project_is_verified_and_not_the_original(two_tables, headrace):
    copy = headrace.folder / "copy"
    shutil.copytree(two_tables, copy)
    damage(two_tables / "lake")
    verify(headrace, copy, expect=0)
    verify(headrace, two_tables, expect=3)


def test_the_lake_that_is_named_is_read(two_tables, headrace):
    shutil.copytree(two_tables / "lake", headrace.folder / "backup")
    backup = ["--set", f"destination.path={headrace.folder}/backup"]
    said(one_line(verify(headrace, two_tables, *backup, expect=0).stdout), f"read is {headrace.folder}/backup", f"wrote to {two_tables}/lake",
         f"--set destination.path={two_tables}/lake reads that one")
    assert "read is" not in verify(headrace, two_tables, expect=0).stdout
    report = json.loads(verify(headrace, two_tables, *backup, "--json", expect=0).stdout)
    assert len(report["notes"]) == 1
    assert all(table["target"].startswith(f"{headrace.folder}/backup/") for table in report["tables"])
    damage(headrace.folder / "backup")
    verify(headrace, two_tables, *backup, expect=3)
    verify(headrace, two_tables, expect=0)


def test_a_lake_that_the_run_did_not_write_to_says_nothing_against_its_files(two_tables, headrace):
    (headrace.folder / "new").mkdir()
    finished = verify(headrace, two_tables, "--set", f"destination.path={headrace.folder}/new", expect=1)
    said(one_line(finished.stdout), "not everything could be read", f"{headrace.folder}/new/people holds nothing of run", f"{two_tables}/lake")
    assert "damaged" not in finished.stdout + finished.stderr


def test_a_lake_that_is_not_there_is_said_once(two_tables, headrace):
    (two_tables / "lake").rename(headrace.folder / "unmounted")
    finished = verify(headrace, two_tables, expect=1)
    text = finished.stdout + finished.stderr
    assert text.count(f"{two_tables}/lake") == 1, text
    said(one_line(text), f"the lake {two_tables}/lake is not there")
    assert "damaged" not in text
    assert "missing" not in text
    document = json.loads(verify(headrace, two_tables, "--json", expect=1).stdout)
    assert document["error"]["code"] == "ENOENT"
    (headrace.folder / "unmounted").rename(two_tables / "lake")
    verify(headrace, two_tables, expect=0)


def test_a_lake_that_was_never_there_is_no_lake_that_agrees(two_tables, headrace):
    finished = verify(headrace, two_tables, "--set", f"destination.path={headrace.folder}/none", expect=1)
    said(one_line(finished.stderr), f"the lake {headrace.folder}/none is not there", f"wrote to {two_tables}/lake")


def test_a_run_is_not_ended_as_damaged_while_its_lake_is_not_there(wide, headrace):
    wide.run("--run-id", "monday")
    die_before_verification(wide)
    wide.lake.rename(headrace.folder / "unmounted")
    said(one_line(wide.run("--run-id", "monday", expect=1).stdout), "is not there")
    (headrace.folder / "unmounted").rename(wide.lake)
    said(wide.run("--run-id", "monday"), "nothing was left to do", "ok")


SOURCES = {
    "pages": {},
    "id_range": {"strategy": "id_range"},
    "key_range": {"strategy": "key_range", "column": "name"},
    "nulls": {"strategy": "date_range", "column": "at", "nulls": "exclude"},
}


@pytest.mark.parametrize("cut", SOURCES)
def test_the_source_counts_what_was_read(database, headrace, cut):
    database.execute("""
        CREATE TABLE t (id int PRIMARY KEY, name text, at timestamp) PARTITION BY RANGE (id);
        CREATE TABLE t0 PARTITION OF t FOR VALUES FROM (0) TO (3000); CREATE TABLE t1 PARTITION OF t DEFAULT;
        INSERT INTO t SELECT i, md5(i::text), CASE WHEN i % 5 > 0 THEN timestamp '2024-01-01' + i * interval '1 hour' END FROM generate_series(1, 5000) AS i;
        ANALYZE t""")
    job = postgres_job(headrace, database, {"name": "public.t", "where": "id % 2 = 0", "partition": {"target_rows": 500} | SOURCES[cut]}, verify="source")
    [table] = job.run("--json").json()["tables"]
    assert table["source_rows"] == table["rows"] == (2000 if cut == "nulls" else 2500)


def test_a_view_that_yields_other_rows_each_time_is_not_published(database, headrace):
    database.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 10000) AS i; CREATE VIEW shaken AS SELECT id FROM t WHERE random() < 0.5")
    job = postgres_job(headrace, database, {"name": "public.shaken"}, verify="source")
    said(job.run(expect=2), "rows were read, the source has", "nothing was published", "may yield other rows each time")
    assert not lake.files(job.lake)


def test_a_condition_that_selects_other_rows_each_time_is_no_bug_of_headrace(database, headrace):
    database.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 10000) AS i")
    job = postgres_job(headrace, database, {"name": "public.t", "where": "random() < 0.5"}, verify="source")
    text = job.run(expect=2)
    said(text, "table public.t, verify: source: ", "rows were read, the source has", "nothing was published", "`random`")
    assert "please report it" not in text.stdout + text.stderr
    assert not lake.files(job.lake)


HIDDEN = 1234
PLACES = {
    "id_range": ("id", "id", int),
    "pages": (None, "trunc((ctid::text::point)[0])", int),
    "date_range": ("at", "at", str),
    "key_range": ("name", "name", str),
}


@pytest.fixture
def hiding(database):
    """A table with a row that is there for whoever counts, and not for whoever copies: one unit has one row less."""
    database.execute(f"""
        CREATE TABLE t AS SELECT i AS id, md5(i::text) COLLATE "C" AS name, timestamp '2024-01-01' + i * interval '1 hour' AS at FROM generate_series(1, 5000) AS i;
        ALTER TABLE t ADD PRIMARY KEY (id); CREATE UNIQUE INDEX ON t (name); CREATE INDEX ON t (at); ANALYZE t;
        CREATE FUNCTION shown(id int) RETURNS boolean VOLATILE LANGUAGE sql AS $$ SELECT id <> {HIDDEN} OR current_query() NOT LIKE '%COPY%' $$""")
    return database


def refused(headrace, database, **partition) -> str:
    job = postgres_job(headrace, database, {"name": "public.t", "where": "shown(id)", "partition": {"target_rows": 500} | partition}, verify="source")
    text = one_line(job.run(expect=2).stdout)
    said(text, "table public.t, verify: source: 4,999 rows were read, the source has 5,000", "nothing was published")
    assert not lake.files(job.lake)
    return text


@pytest.mark.parametrize("strategy", PLACES)
def test_the_unit_that_read_other_rows_than_the_source_counts_is_named(hiding, headrace, strategy):
    column, place, kind = PLACES[strategy]
    text = refused(headrace, hiding, strategy=strategy, **({"column": column} if column else {}))
    [(unit, first, last, read, counted)] = re.findall(r'; unit (\d+) \((?:\w+ from|pages) "?([^ "]+)"? to (?:before )?"?([^ ")]+)"?(?: of t)?\) read (\d+) of (\d+)', text)
    assert int(unit) > 0 and int(read) == int(counted) - 1, text
    [(found,)] = hiding.execute(f"SELECT ({place})::text FROM t WHERE id = {HIDDEN}")
    assert kind(first) <= kind(found) <= kind(last), text


def test_of_a_hash_the_part_is_named(hiding, headrace):
    text = refused(headrace, hiding, strategy="hash", column="id")
    [(read, counted)] = re.findall(r"; unit \d+ \(hash of id \d+ of 10\) read (\d+) of (\d+)", text)
    assert int(read) == int(counted) - 1


def test_of_sqlite_the_units_are_named_that_read_other_rows(headrace):
    with contextlib.closing(sqlite3.connect(headrace.folder / "shop.db")) as shop:
        shop.executescript("CREATE TABLE t (id INTEGER PRIMARY KEY); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i FROM n")
    table = {"name": "t", "where": "id < 4000 OR random() % 2", "partition": {"target_rows": 500}}
    job = Job(headrace, {"type": "sqlite", "path": "./shop.db"}, [table], verify="source")
    text = until(lambda: (run := job.run(expect=None)).returncode == 2 and one_line(run.stdout), "the dice fall on two sums")
    units = re.findall(r"; unit (\d+) \(id from (\d+)[^)]*\) read (\d+) of (\d+)", text)
    assert units and {int(unit) for unit, *_ in units} <= {8, 9}, text
    assert all(read != counted and int(first) >= 4000 for _, first, read, counted in units), text


def test_without_a_snapshot_nothing_is_compared_with_the_source(database, headrace):
    database.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 100) AS i")
    job = postgres_job(headrace, database, {"name": "public.t"}, verify="source")
    job.document["source"]["snapshot"] = "off"
    job.write()
    done = job.run("--json")
    assert "source_rows" not in done.json()["tables"][0]
    said(done, "verify: source: without a snapshot", "not compared")
    for words in (("plan", job.file), ("plan", job.file, "--json"), ("check", job.file)):
        planned = one_line(headrace(*words, expect=0).stdout)
        assert planned.count("verify: source: without a snapshot") == 1, planned
