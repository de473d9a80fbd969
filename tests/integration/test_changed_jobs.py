"""The next call of a run that has published nothing: the same job, one that was mended, or one for other rows."""

import signal
import sqlite3

import pytest
from harness import lake
from harness.gate import gate
from harness.job import Job, ended, postgres_job, said
from servers.postgres import PostgresServer

DAYS = "CREATE TABLE events (id int, at date); INSERT INTO events VALUES (1, '2024-01-01'), (2, '2024-01-02')"
KEYED = "DROP TABLE events; " + DAYS.replace("id int", "id integer primary key")
INCREMENTAL = {"mode": "transactional", "cursor": "id", "write": "append", "load": {"late_rows": "warn"}}
MONDAY, TUESDAY = "2024-01-01", "2024-01-02"
HBA = "local all postgres trust\nhost all postgres 127.0.0.1/32 trust\nhost all etl 127.0.0.1/32 scram-sha-256\n"


class SqliteDays:
    def __init__(self, headrace):
        self.file = headrace.folder / "days.db"
        self.execute(DAYS)

    def execute(self, script: str) -> None:
        connection = sqlite3.connect(self.file)
        connection.executescript(script)
        connection.close()

    def job(self, headrace, table: dict) -> Job:
        return Job(headrace, {"type": "sqlite", "path": str(self.file)}, [{"name": "events"} | table])


class PostgresDays:
    def __init__(self, database):
        self.database = database

    def execute(self, script: str) -> None:
        self.database.execute(script)

    def job(self, headrace, table: dict) -> Job:
        return postgres_job(headrace, self.database, {"name": "events"} | table)


@pytest.fixture(params=["sqlite", "postgresql"])
def days(request, headrace):
    if request.param == "sqlite":
        return SqliteDays(headrace)
    database = request.getfixturevalue("database")
    database.execute(DAYS)
    return PostgresDays(database)


def daily(days, headrace, **table) -> Job:
    """Each day loads its own part."""
    job = days.job(headrace, {"where": "at = '${FROM}'", "write": "append"} | table)
    job.environment = {"FROM": MONDAY}
    return job


def fail(days, job: Job, *arguments: str) -> str:
    """A run that publishes nothing; its id."""
    days.execute("ALTER TABLE events RENAME TO away")
    assert job.run(*arguments, expect=None).returncode in (1, 2)
    days.execute("ALTER TABLE away RENAME TO events")
    [run] = [run["run"] for run in runs(job) if run["state"] == "failed"]
    return run


def runs(job: Job) -> list[dict]:
    return job.command("runs", "--json").json()["runs"]


def states(job: Job) -> list[str]:
    return [run["state"] for run in runs(job)]


def loaded(job: Job) -> list[int]:
    return sorted(number for number, in lake.rows(job.lake, "events", "id"))


@pytest.mark.parametrize("write", ["append", "replace"])
def test_a_job_that_was_mended_is_run_at_once(days, headrace, write):
    """As people work: it fails, its file is changed, and the same command is called again."""
    job = days.job(headrace, {"where": "att = '2024-01-01'", "write": write})
    job.run(expect=2)
    [first] = runs(job)
    job.document["tables"][0]["where"] = "at = '2024-01-01'"
    job.write()
    said(job.run("--dry-run"), f"run {first['run']}, begun at ", "the job has changed since it began", "takes it over")
    finished = job.run("--json")
    note, = [note for note in finished.json()["notes"] if first["run"] in note]
    said(note, "has published nothing, and the job has changed since it began", f"run {finished.json()['run']} takes it over with the job as it is now")
    assert finished.json()["run"] != first["run"]
    assert loaded(job) == [1]
    assert states(job) == ["done", "superseded"]
    said(job.command("show", first["run"]), "superseded", finished.json()["run"])
    said(job.run("--run-id", first["run"]), "nothing to do")
    assert loaded(job) == [1]
    assert lake.staged_files(job.lake) == []


def test_who_looks_at_the_runs_need_not_know_the_day(days, headrace):
    """As in a shell in which nothing is set for the job."""
    job = daily(days, headrace)
    job.run("--run-id", "monday")
    del job.environment["FROM"]
    said(job.run(expect=2), "the environment variable FROM is not set")
    assert [run["run"] for run in runs(job)] == ["monday"]
    said(job.command("show", "latest"), "Run monday", "committed")


def test_a_day_that_was_never_loaded_is_not_passed_over(days, headrace):
    """Nobody would load it, and the next day would be called done."""
    job = daily(days, headrace)
    first = fail(days, job)
    job.environment["FROM"] = TUESDAY
    for arguments in ([], ["--dry-run"], ["--resume"]):
        refused = job.run(*arguments, expect=2)
        said(refused, "${FROM} has another value than when it began", "a new run might not load what that was for", f"--run-id {first}", f"headrace abandon {first}")
        assert MONDAY not in refused.stderr and TUESDAY not in refused.stderr
    assert states(job) == ["failed"]
    job.environment["FROM"] = MONDAY
    job.run()
    job.environment["FROM"] = TUESDAY
    job.run()
    assert loaded(job) == [1, 2]
    assert states(job) == ["done", "done"]


def test_a_day_that_is_given_up_is_in_no_other_days_way(days, headrace):
    job = daily(days, headrace)
    first = fail(days, job)
    job.environment["FROM"] = TUESDAY
    job.run(expect=2)
    job.command("abandon", first)
    job.run()
    assert loaded(job) == [2]


def test_a_value_that_was_wrong_goes_on_under_the_same_id(days, headrace):
    job = daily(days, headrace)
    first = fail(days, job)
    job.environment["FROM"] = TUESDAY
    job.run("--run-id", first)
    assert loaded(job) == [2]
    assert states(job) == ["done"]


def test_a_change_of_the_file_does_not_hide_another_day(days, headrace):
    job = daily(days, headrace)
    first = fail(days, job)
    job.document["tables"][0]["columns"] = ["id"]
    job.write()
    job.environment["FROM"] = TUESDAY
    said(job.run(expect=2), "${FROM} has another value", first)
    job.environment["FROM"] = MONDAY
    job.run()
    job.environment["FROM"] = TUESDAY
    job.run()
    assert loaded(job) == [1, 2]
    assert states(job) == ["done", "done", "superseded"]


@pytest.mark.parametrize("words", [(), ("--run-id", "tuesday")], ids=["plain", "with an id"])
def test_a_day_that_is_published_in_part_is_finished_with_its_own_value(days, headrace, words):
    """What is advised must not load the other day's rows for it."""
    job = daily(days, headrace)
    job.document["tables"].append(job.document["tables"][0] | {"name": "later"})
    job.write()
    assert job.run(*(("--run-id", "monday") if words else ()), expect=None).returncode == 1
    days.execute(DAYS.replace("events", "later"))
    job.environment = {"FROM": TUESDAY}
    said(job.run(*words, expect=2), "${FROM}", ", with ${FROM} as it was, with `headrace run")
    job.environment = {"FROM": MONDAY}
    job.run("--resume")
    job.environment = {"FROM": TUESDAY}
    job.run(*words)
    assert loaded(job) == [1, 2]
    assert sorted(row[0] for row in lake.rows(job.lake, "later", "id")) == [1, 2]


def test_a_day_that_is_replaced_anyway_is_in_no_other_days_way(days, headrace):
    job = daily(days, headrace, write="replace")
    first = fail(days, job)
    job.environment["FROM"] = TUESDAY
    said(job.run("--resume", expect=2), "--resume only continues", "leave --resume out")
    said(job.run(), f"run {first}, begun at ", "${FROM} has another value than when it began", "takes it over")
    assert loaded(job) == [2]
    said(job.run("--run-id", first), "nothing to do")
    job.environment["FROM"] = MONDAY
    said(job.run("--run-id", first, expect=2), "of another job now")


def test_a_day_that_is_replaced_anyway_is_taken_over_by_the_next_id(days, headrace):
    """As without ids; a retry of the first one is told that its rows are not what is there."""
    job = daily(days, headrace, write="replace")
    fail(days, job, "--run-id", "monday")
    job.environment["FROM"] = TUESDAY
    said(job.run("--run-id", "tuesday", "--resume", expect=2), "run monday of this job is unfinished")
    said(job.run("--run-id", "tuesday", "--dry-run"), "run tuesday takes it over")
    said(job.run("--run-id", "tuesday"), "run monday, begun at ", "${FROM} has another value than when it began", "run tuesday takes it over")
    assert loaded(job) == [2]
    assert states(job) == ["done", "superseded"]
    job.environment["FROM"] = MONDAY
    said(job.run("--run-id", "monday", expect=2), "run monday was taken over by run tuesday", "of another job now")
    assert loaded(job) == [2]


@pytest.mark.parametrize("write, words", [("append", []), ("replace", ["--only", "events"])], ids=["appended", "not for all"])
def test_a_day_that_the_next_id_might_not_load_is_not_passed_over(days, headrace, write, words):
    job = daily(days, headrace, write=write)
    if words:
        job.document["tables"].append({"name": "others"})
        job.write()
    fail(days, job, "--run-id", "monday")
    job.environment["FROM"] = TUESDAY
    said(job.run("--run-id", "tuesday", *words, expect=2), "run monday of this job is unfinished", "${FROM} has another value", "headrace abandon monday")
    assert states(job) == ["failed"]


def test_a_day_of_a_lake_of_its_own_is_not_passed_over(days, headrace):
    """It is replaced, but elsewhere."""
    job = daily(days, headrace, write="replace")
    job.document["destination"]["path"] = "./${FROM}"
    job.write()
    first = fail(days, job)
    job.environment["FROM"] = TUESDAY
    said(job.run(expect=2), "${FROM} has another value", f"headrace abandon {first}")
    job.environment["FROM"] = MONDAY
    job.run()
    job.environment["FROM"] = TUESDAY
    job.run()
    for day, number in ((MONDAY, 1), (TUESDAY, 2)):
        assert lake.rows(headrace.folder / day, "events", "id") == [(number,)]


def test_a_day_of_the_command_line_is_not_passed_over(days, headrace):
    job = days.job(headrace, {"write": "append"})
    monday, tuesday = (("--set", f"tables[0].where=at = '{day}'") for day in (MONDAY, TUESDAY))
    first = fail(days, job, *monday)
    said(job.run(*tuesday, expect=2), "--set tables[0].where has another value than when it began", f"headrace abandon {first}")
    job.run(*monday)
    job.run(*tuesday)
    assert loaded(job) == [1, 2]


def test_a_table_that_only_is_asked_for_leaves_the_others_to_the_new_run(days, headrace):
    days.execute("CREATE TABLE others (id int); INSERT INTO others VALUES (7)")
    job = days.job(headrace, {"write": "append"})
    job.document["tables"].append({"name": "others", "where": "no", "write": "append"})
    job.write()
    days.execute("ALTER TABLE events RENAME TO away")
    job.run(expect=2)
    days.execute("ALTER TABLE away RENAME TO events")
    del job.document["tables"][1]["where"]
    job.write()
    assert job.run("--only", "events", "--json").json()["left"] == ["others"]
    job.run()
    assert loaded(job) == [1, 2]
    assert lake.rows(job.lake, "others", "id") == [(7,)]
    assert states(job) == ["done", "superseded"]


def test_an_incremental_job_that_was_mended_goes_on_at_its_watermark(days, headrace):
    days.execute(KEYED)
    job = days.job(headrace, INCREMENTAL)
    job.run()
    days.execute("INSERT INTO events VALUES (3, '2024-01-03')")
    job.document["tables"][0]["columns"] = ["id", "att"]
    job.write()
    job.run(expect=2)
    job.document["tables"][0]["columns"] = ["id", "at"]
    job.write()
    job.run()
    assert loaded(job) == [1, 2, 3]
    assert states(job) == ["done", "superseded", "done"]


def test_three_runs_one_after_another_that_were_taken_over(days, headrace):
    job = days.job(headrace, {"write": "append"})
    wheres = ["att = '2024-01-01'", "attt = '2024-01-01'", "at = '2024-01-01'"]
    ids = []
    for where in wheres:
        job.document["tables"][0]["where"] = where
        job.write()
        job.run(expect=None)
        ids.append(runs(job)[0]["run"])
    assert states(job) == ["done", "superseded", "superseded"]
    for run in ids:
        said(job.run("--run-id", run), f"run {ids[2]} was done at ", "nothing to do")
    assert loaded(job) == [1]
    job.document["tables"][0]["where"] = wheres[1]
    job.write()
    said(job.run("--run-id", ids[0], expect=2), f"run {ids[0]} was taken over by run {ids[2]}", "of another job now")


def test_a_killed_day_is_not_passed_over(database, headrace):
    """It has told nobody that it was not done."""
    database.execute(DAYS)
    with gate(database.uri) as held:
        job = postgres_job(headrace, database, {"name": "events", "where": "at = '${FROM}' AND gate()", "write": "append"})
        job.environment = {"FROM": MONDAY}
        process = job.start()
        held.wait_for_reader(process)
        process.send_signal(signal.SIGKILL)
        ended(process, -signal.SIGKILL)
        held.open()
        job.environment["FROM"] = TUESDAY
        said(job.run(expect=2), "${FROM} has another value than when it began")
        for day in (MONDAY, TUESDAY):
            job.environment["FROM"] = day
            job.run()
    assert loaded(job) == [1, 2]


@pytest.fixture
def guarded(postgres_servers):
    """A database whose server asks the role etl for a password."""
    with PostgresServer("15") as server:
        database = postgres_servers.make_database(server)
        database.execute(DAYS + "; CREATE ROLE etl LOGIN PASSWORD 'right'; GRANT SELECT ON events TO etl")
        (server.data / "pg_hba.conf").write_text(HBA)
        database.execute("SELECT pg_reload_conf()")
        yield database


@pytest.mark.parametrize("source", [{"password": "${PASSWORD}"}, {"uri": "postgresql://etl:${PASSWORD}@"}, {"uri": "${URI}"}],
                         ids=["password", "in_the_uri", "uri"])
def test_a_mended_password_is_no_other_job(guarded, headrace, source):
    uri = guarded.server.uri(guarded.name, "etl")
    if source.get("uri", "").endswith("@"):
        source = {"uri": uri.replace("postgresql://etl@", source["uri"])}
    job = Job(headrace, {"type": "postgresql", "uri": uri} | source, [{"name": "events", "write": "append"}])
    for password, code in (("wrong", 2), ("right", 0)):
        job.environment = {"PASSWORD": password, "URI": uri.replace("etl@", f"etl:{password}@")}
        job.run(expect=code)
    assert states(job) == ["done"], "the same run went on"
    assert loaded(job) == [1, 2]


@pytest.mark.parametrize("write, code", [("append", 2), ("replace", 0)])
def test_a_run_of_another_database_of_the_environment(database, postgres, postgres_servers, headrace, write, code):
    database.execute(DAYS)
    other = postgres_servers.make_database(postgres)
    try:
        other.execute("CREATE TABLE events (id int); INSERT INTO events VALUES (7)")
        job = Job(headrace, {"type": "postgresql"}, [{"name": "events", "write": write}])
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(database.server.port), "PGUSER": "postgres"}
        job.environment = place | {"PGDATABASE": database.name}
        fail(PostgresDays(database), job)
        job.environment = place | {"PGDATABASE": other.name}
        said(job.run(expect=code), f"the source is postgresql://127.0.0.1:{database.server.port}/{other.name} now, where it was ")
        assert code == 2 or loaded(job) == [7]
    finally:
        postgres_servers.drop_database(other)


def test_tables_of_a_pattern_that_another_database_does_not_have(database, postgres, postgres_servers, headrace):
    """They are not gone: they are where nobody looks now."""
    database.execute(DAYS.replace("events", "events_monday"))
    other = postgres_servers.make_database(postgres)
    try:
        other.execute(DAYS.replace("events", "events_tuesday"))
        job = Job(headrace, {"type": "postgresql"}, [{"name": "events_*", "write": "append", "where": "id / (SELECT count(*) FROM missing) > 0"}])
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(database.server.port), "PGUSER": "postgres"}
        job.environment = place | {"PGDATABASE": database.name}
        job.run(expect=2)
        job.environment = place | {"PGDATABASE": other.name}
        said(job.run(expect=2), f"/{other.name} now, where it was ", "abandon")
        job.environment = place | {"PGDATABASE": database.name}
        database.execute("CREATE TABLE missing (); INSERT INTO missing DEFAULT VALUES")
        job.run()
        assert [table["table"] for table in job.command("show", "latest", "--json").json()["tables"]] == ["events_monday"]
    finally:
        postgres_servers.drop_database(other)


def test_a_watermark_is_not_set_beside_an_unfinished_run(days, headrace):
    """Both would move it."""
    days.execute(KEYED)
    job = days.job(headrace, INCREMENTAL)
    job.run()
    first = fail(days, job)
    for words in (("set", "events", "1"), ("reset", "events")):
        said(job.command("state", *words, expect=2), f"run {first} is unfinished and would move the watermark too", f"headrace abandon {first}")
    assert job.command("state", "--json").json()[0]["watermark"] == "3"
    job.command("abandon", first)
    job.command("state", "set", "events", "1")
    assert job.command("state", "--json").json()[0]["watermark"] == "1"
