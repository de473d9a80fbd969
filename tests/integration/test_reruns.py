"""What the same command does the second time."""

import signal

import pytest
from harness import lake
from harness.gate import gate
from harness.job import Job, ended, postgres_job, said

SETUP = """
CREATE TABLE good (id int); INSERT INTO good SELECT generate_series(1, 100);
CREATE TABLE bad (id int, at date); INSERT INTO bad VALUES (1, 'infinity');
"""
REPAIR = "UPDATE bad SET at = '2024-02-29'"


@pytest.fixture
def shop(database):
    database.execute(SETUP)
    return database


def append_job(shop, headrace, *names: str) -> Job:
    return postgres_job(headrace, shop, *({"name": f"public.{name}", "write": "append"} for name in names))


def count(job: Job, name: str) -> int:
    return lake.count(job.lake, f"public.{name}")


def runs(job: Job) -> list[tuple[str, str]]:
    """What the journal knows: ids and states."""
    return [(run["run"], run["state"]) for run in job.command("runs", "--json").json()["runs"]]


def test_a_run_id_is_done_once(shop, headrace):
    job = append_job(shop, headrace, "good")
    job.run("--run-id", "monday")
    job.run("--run-id", "monday")
    assert count(job, "good") == 100
    job.run("--run-id", "tuesday")
    assert count(job, "good") == 200


def test_a_run_id_is_remembered_by_the_lake_when_the_state_is_lost(shop, headrace):
    job = append_job(shop, headrace, "good")
    job.run("--run-id", "monday")
    job.state.rename(headrace.folder / "lost")
    job.run("--run-id", "monday")
    assert count(job, "good") == 100


def test_resume_with_nothing_to_resume(shop, headrace):
    job = append_job(shop, headrace, "good")
    job.run("--resume")
    assert count(job, "good") == 0


def test_one_failing_table_does_not_stop_the_others_and_the_next_run_does_the_rest(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    said(job.run(expect=1), "public.bad", "infinity", '"at"')
    assert (count(job, "good"), count(job, "bad")) == (100, 0)
    shop.execute(REPAIR)
    job.run()
    assert (count(job, "good"), count(job, "bad")) == (100, 1)


def test_another_run_id_waits_for_the_unfinished_run(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--run-id", "monday", expect=1)
    said(job.run("--run-id", "tuesday", expect=2), "monday", "--resume", "abandon")
    abandoned = job.command("abandon", "monday", "--json").json()
    assert abandoned["run"] == "monday" and abandoned["done"], abandoned
    shop.execute(REPAIR)
    job.run("--run-id", "tuesday")
    assert (count(job, "good"), count(job, "bad")) == (200, 1)


def fail_without_table(job, shop) -> None:
    shop.execute("ALTER TABLE good RENAME TO away")
    job.run("--run-id", "monday", expect=2)
    shop.execute("ALTER TABLE away RENAME TO good")


def be_killed(job, shop) -> None:
    with gate(shop.uri) as held:
        process = job.start("--run-id", "monday")
        held.wait_for_reader(process)
        process.send_signal(signal.SIGKILL)
        ended(process, -signal.SIGKILL)


@pytest.mark.parametrize("fail", [fail_without_table, be_killed])
def test_a_night_that_published_nothing_is_in_no_other_nights_way(shop, headrace, fail):
    """A scheduler goes on by itself, and a late retry of the first night loads nothing once more."""
    with gate(shop.uri):
        pass  # From here on it is there, and open.
    job = postgres_job(headrace, shop, {"name": "public.good", "where": "gate()", "write": "append"})
    fail(job, shop)
    said(job.run("--dry-run", "--run-id", "tuesday"), "public.good", "has published nothing")
    said(job.run("--run-id", "tuesday"), "run monday, begun at ", "has published nothing", "takes it over")
    assert count(job, "good") == 100
    said(job.run("--run-id", "monday"), "run monday was taken over by run tuesday", "nothing to do")
    said(job.command("show", "monday"), "superseded: run tuesday has taken over")
    job.run("--run-id", "wednesday")
    assert count(job, "good") == 200
    assert runs(job) == [("wednesday", "done"), ("tuesday", "done"), ("monday", "superseded")]
    assert lake.staged_files(job.lake) == []


def daily_job(shop, headrace) -> Job:
    """Each night loads its own part, as docs/guide/job_file.md says."""
    shop.execute("CREATE TABLE events (id int, at date); INSERT INTO events VALUES (1, '2024-01-01'), (2, '2024-01-02')")
    job = postgres_job(headrace, shop, {"name": "public.events", "where": "at = '${FROM}'", "write": "append"})
    job.document["source"]["uri"] = shop.uri.replace(f"/{shop.name}", "/${DB}")
    job.write()
    job.environment = {"DB": shop.name}
    return job


def of(job: Job, night: str, **expect):
    """The call of `night`, its retry too."""
    job.environment["FROM"] = {"monday": "2024-01-01", "tuesday": "2024-01-02"}[night]
    return job.run("--run-id", night, **expect)


def lose_table(job, shop) -> None:
    shop.execute("ALTER TABLE events RENAME TO away")


def find_table(job, shop) -> None:
    shop.execute("ALTER TABLE away RENAME TO events")


def loaded(job: Job) -> list[int]:
    return sorted(number for number, in lake.rows(job.lake, "public.events", "id"))


def test_a_night_does_not_take_over_what_another_night_was_for(shop, headrace):
    """Monday's retry would be called done by what tuesday has loaded."""
    job = daily_job(shop, headrace)
    lose_table(job, shop)
    of(job, "monday", expect=2)
    find_table(job, shop)
    said(of(job, "tuesday", expect=2), "run monday of this job is unfinished", "${FROM} has another value than when it began", "--run-id monday", "headrace abandon monday")
    of(job, "monday")
    assert loaded(job) == [1]
    of(job, "tuesday")
    assert loaded(job) == [1, 2]


def test_nights_that_fail_one_after_another_lose_nothing(shop, headrace):
    """Tuesday would be called done by what monday's retry has loaded."""
    job = daily_job(shop, headrace)
    lose_table(job, shop)
    of(job, "monday", expect=2)
    of(job, "tuesday", expect=2)
    find_table(job, shop)
    for night in ("monday", "tuesday", "monday", "tuesday"):
        of(job, night)
    assert loaded(job) == [1, 2]


def test_a_night_that_is_given_up_is_in_no_other_nights_way(shop, headrace):
    job = daily_job(shop, headrace)
    lose_table(job, shop)
    of(job, "monday", expect=2)
    find_table(job, shop)
    of(job, "tuesday", expect=2)
    job.command("abandon", "monday")
    of(job, "tuesday")
    said(of(job, "monday", expect=2), "run monday was abandoned")
    assert loaded(job) == [2]


def test_a_run_does_not_take_over_one_of_another_database(shop, headrace):
    """As where its name was wrong: who has mended it repeats the run."""
    job = daily_job(shop, headrace)
    job.environment["DB"] = "nowhere"
    of(job, "monday", expect=2)
    job.environment["DB"] = shop.name
    said(of(job, "tuesday", expect=2), "--run-id monday")
    of(job, "monday")
    of(job, "tuesday")
    assert loaded(job) == [1, 2]


def test_a_run_for_one_table_does_not_take_over_one_for_more(shop, headrace):
    """Who asks for it again would take the others for loaded."""
    job = append_job(shop, headrace, "bad", "missing")
    job.run("--run-id", "monday", expect=1)
    said(job.run("--run-id", "tuesday", "--only", "public.bad", expect=2), "a new run that is for public.bad and public.missing takes it over", "headrace abandon monday")
    assert runs(job) == [("monday", "failed")]


def test_a_changed_job_does_not_continue_a_run_that_has_committed(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--run-id", "monday", expect=1)
    job.document["tables"][0]["where"] = "id > 1"
    job.write()
    said(job.run(expect=2), "headrace abandon monday")
    job.command("abandon", "monday")
    job.run()
    assert (count(job, "good"), count(job, "bad")) == (200, 0)


def test_a_changed_job_takes_over_a_run_that_has_committed_nothing(shop, headrace):
    shop.execute("INSERT INTO bad VALUES (2, '2024-02-29'), (3, '2024-03-01')")
    job = append_job(shop, headrace, "bad")
    job.run("--run-id", "monday", expect=1)
    assert runs(job) == [("monday", "failed")]
    job.document["tables"][0]["where"] = "id > 1"
    job.write()
    successor = job.run("--json").json()["run"]
    assert runs(job) == [(successor, "done"), ("monday", "superseded")]
    said(job.run("--run-id", "monday"), "nothing to do")
    assert lake.rows(job.lake, "public.bad", "id") == [(2,), (3,)]
    assert len(lake.files(job.lake)) == len(lake.files(job.lake, f"public.bad/run-{successor}"))


def test_only_runs_what_it_names(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--only", "public.good")
    assert (count(job, "good"), count(job, "bad")) == (100, 0)
    said(job.run("--only", "public.nothing", expect=2), "public.nothing")


def test_a_table_named_beside_an_unfinished_run_joins_it(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--only", "public.bad", expect=1)
    job.run("--only", "public.good")
    assert count(job, "good") == 100
    shop.execute(REPAIR)
    job.run()
    assert (count(job, "good"), count(job, "bad")) == (100, 1)


def test_a_plain_run_loads_every_table_also_after_one_that_was_for_some(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--only", "public.bad", expect=1)
    shop.execute(REPAIR)
    said(job.run(), "public.good")
    assert (count(job, "good"), count(job, "bad")) == (100, 1)


def test_resume_continues_the_run_as_it_was_begun(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--only", "public.bad", expect=1)
    shop.execute(REPAIR)
    said(job.run("--resume", "--only", "public.good", expect=2), "public.good", "--resume")
    job.run("--resume")
    assert (count(job, "good"), count(job, "bad")) == (0, 1)


def test_a_run_id_that_was_for_some_tables_says_so(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--run-id", "monday", "--only", "public.good")
    said(job.run("--run-id", "monday"), "monday was for public.good only", "public.bad")
    assert count(job, "bad") == 0


def test_resume_does_not_start_an_unknown_run_id(shop, headrace):
    job = append_job(shop, headrace, "good")
    said(job.run("--run-id", "monday", "--resume"), "nothing to resume")
    assert count(job, "good") == 0
    job.run("--run-id", "monday")
    assert count(job, "good") == 100


def test_a_table_that_waits_for_others_of_its_run_is_not_called_loaded(shop, headrace):
    """A scheduler that calls for it each day would never hear that it is not read again."""
    job = append_job(shop, headrace, "bad", "good")
    job.run("--run-id", "monday", expect=1)
    said(job.run("--only", "public.good", expect=1), "nothing is read again before it is finished", "headrace abandon monday")
    assert count(job, "good") == 100
    job.command("abandon", "monday")
    job.run("--only", "public.good")
    assert count(job, "good") == 200


def test_resume_of_a_run_id_that_only_the_lake_remembers(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--run-id", "monday", expect=1)
    job.state.rename(headrace.folder / "lost")
    shop.execute(REPAIR)
    job.run("--run-id", "monday", "--resume")
    assert (count(job, "good"), count(job, "bad")) == (100, 1)


@pytest.mark.parametrize("run_id", ["", "x" * 300, "é" * 60])
def test_a_run_id_that_names_no_directory_is_refused_at_once(shop, headrace, run_id):
    job = append_job(shop, headrace, "good")
    said(job.run("--run-id", run_id, expect=2), "--run-id")
    assert not job.state.exists()
    job.run()
    assert count(job, "good") == 100


def test_one_run_does_not_read_two_databases(shop, postgres, postgres_servers, headrace):
    other = postgres_servers.make_database(postgres)
    try:
        other.execute(SETUP + REPAIR)
        job = append_job(shop, headrace, "bad", "good")
        job.document["source"]["uri"] = shop.uri.replace(shop.name, "${DB}")
        job.write()
        job.environment = {"DB": shop.name}
        job.run(expect=1)
        job.environment = {"DB": other.name}
        said(job.run(expect=2), "abandon")
        assert (count(job, "good"), count(job, "bad")) == (100, 0)
    finally:
        postgres_servers.drop_database(other)


def test_a_commit_that_another_job_overtook_is_given_up_and_the_next_run_loads_anew(shop, headrace):
    job = postgres_job(headrace, shop, {"name": "public.good", "where": "gate()", "write": "append"})
    other = postgres_job(headrace, shop, {"name": "public.good", "write": "append"}, file="other.yaml", name="other")
    with gate(shop.uri) as held:
        first = job.start("--run-id", "monday")
        held.wait_for_reader(first)
        other.run()
        held.open()
        said(ended(first, 1), "another job or run", "run the same command again")
        assert count(job, "good") == 100
        job.run("--run-id", "monday")
    assert count(job, "good") == 200
    job.command("clean")
    assert lake.staged_files(job.lake) == []


def test_show_says_which_commits_were_given_up(shop, headrace):
    """Of a run that has its report, and of one that is at work again."""
    job = postgres_job(headrace, shop, {"name": "public.good", "where": "gate()", "write": "append"})
    other = postgres_job(headrace, shop, {"name": "public.good", "write": "append"}, file="other.yaml", name="other")
    with gate(shop.uri) as held:
        first = job.start("--run-id", "monday")
        held.wait_for_reader(first)
        other.run()
        held.open()
        ended(first, 1)
    reported = job.command("show", "monday")
    said(reported, "Run monday of job test: failed", "given up: the commit of public.good, epoch 1, at 20", "another job or run")
    void, = job.command("show", "monday", "--json").json()["void_commits"]
    assert {key: void[key] for key in ("table", "epoch", "rows")} == {"table": "public.good", "epoch": 1, "rows": 100}
    assert "another job or run" in void["reason"]
    assert void["voided_at"].endswith("Z")
    with gate(shop.uri) as held:
        second = job.start("--run-id", "monday")
        held.wait_for_reader(second)
        said(job.command("show", "monday"), "Run monday of job test: at work (pid ", "given up: the commit of public.good, epoch 1")
        held.open()
        ended(second)
    said(job.command("show", "monday"), "Run monday of job test: done", "given up: the commit of public.good, epoch 1")
    assert other.command("show", "--json").json()["void_commits"] == []


def test_a_commit_that_another_job_overtook_can_be_abandoned(shop, headrace):
    job = postgres_job(headrace, shop, {"name": "public.good", "where": "gate()", "write": "append"})
    other = postgres_job(headrace, shop, {"name": "public.good", "write": "append"}, file="other.yaml", name="other")
    with gate(shop.uri) as held:
        first = job.start("--run-id", "monday")
        held.wait_for_reader(first)
        other.run()
        held.open()
        ended(first, 1)
    job.command("abandon", "monday")
    job.command("clean")
    assert lake.staged_files(job.lake) == []
    job.run("--run-id", "tuesday")
    assert count(job, "good") == 200


def test_what_to_do_when_the_job_must_change_after_a_table_is_loaded(shop, headrace):
    """The next step that is printed is one that works."""
    job = append_job(shop, headrace, "good", "typo")
    said(job.run("--run-id", "monday", expect=1), "headrace abandon monday", "--only public.typo")
    job.document["tables"][1]["name"] = "public.bad"
    job.document["tables"][1]["columns"] = ["id"]
    job.write()
    job.command("abandon", "monday")
    job.run("--only", "public.bad")
    assert (count(job, "good"), count(job, "bad")) == (100, 1)


def test_a_dry_run_shows_what_the_run_would_load(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--run-id", "monday", expect=1)
    journal = (job.state / "journal.db").read_bytes()
    plan = job.run("--dry-run", "--json").json()
    assert [table["table"] for table in plan["tables"]] == ["public.bad"]
    assert any("monday" in note for note in plan["notes"])
    said(job.run("--dry-run", "--run-id", "tuesday", expect=2), "monday", "abandon")
    assert (job.state / "journal.db").read_bytes() == journal
    shop.execute(REPAIR)
    job.run()
    said(job.run("--dry-run", "--run-id", "monday"), "nothing to do")
    said(job.run("--dry-run", "--resume"), "nothing to resume")
    assert (count(job, "good"), count(job, "bad")) == (100, 1)


def test_a_dry_run_refuses_what_the_run_would_refuse(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--run-id", "monday", expect=1)
    job.document["tables"][0]["where"] = "id > 1"
    job.write()
    said(job.run("--dry-run", expect=2), "headrace abandon monday")


def test_a_dry_run_beside_a_run_says_who_runs(shop, headrace):
    job = postgres_job(headrace, shop, {"name": "public.good", "where": "gate()"})
    with gate(shop.uri) as held:
        first = job.start()
        held.wait_for_reader(first)
        said(job.run("--dry-run", expect=2), str(first.pid))
        held.open()
        ended(first)


def test_a_dry_run_leaves_nothing(shop, headrace):
    job = append_job(shop, headrace, "good")
    said(job.run("--dry-run"), "public.good")
    assert not job.state.exists()
    assert not job.lake.exists() or not lake.files(job.lake)
    job.run("--resume")
    assert count(job, "good") == 0


def test_two_processes_on_one_job(shop, headrace):
    job = postgres_job(headrace, shop, {"name": "public.good", "where": "gate()"})
    with gate(shop.uri) as held:
        first = job.start()
        held.wait_for_reader(first)
        said(job.run(expect=2), str(first.pid))
        held.open()
        ended(first)
    assert count(job, "good") == 100


def test_of_two_processes_on_one_job_the_second_says_who_is_at_it(shop, headrace):
    job = postgres_job(headrace, shop, {"name": "public.good", "where": "gate()", "write": "append"})
    with gate(shop.uri) as held:
        first = job.start("--run-id", "monday")
        held.wait_for_reader(first)
        for words in (["run", "job.yaml"], ["abandon", "monday", "--job", "job.yaml"]):
            said(headrace(*words, expect=2), f"is being run by pid {first.pid} on ", "wait for it to end, or stop it")
        held.open()
        ended(first)
    assert count(job, "good") == 100


@pytest.fixture
def twins(shop, postgres, postgres_servers):
    """Two databases with the same tables, of which the first has a row that is refused."""
    other = postgres_servers.make_database(postgres)
    other.execute(SETUP + REPAIR)
    yield shop, other
    postgres_servers.drop_database(other)


def at(database) -> dict[str, str]:
    return {"PGHOST": "127.0.0.1", "PGPORT": str(database.server.port), "PGUSER": "postgres", "PGDATABASE": database.name}


def test_a_run_does_not_go_on_in_another_database_of_the_environment(twins, headrace):
    first, second = twins
    tables = [{"name": "public.good"}, {"name": "public.bad"}]
    job = Job(headrace, {"type": "postgresql"}, tables)
    job.environment = at(first)
    job.run("--run-id", "monday", expect=1)
    job.environment = at(second)
    for command in (job.run, lambda **expect: job.run("--dry-run", **expect)):
        said(command(expect=2), f"/{first.name},", f"/{second.name} now", "headrace abandon monday")
    job.environment = at(first) | {"PGHOST": str(first.server.folder)}
    said(job.run(expect=2), "postgresql://127.0.0.1:", "one that has two names counts as two")
    assert count(job, "bad") == 0
    first.execute(REPAIR)
    job.environment = at(first)
    job.run()
    assert count(job, "bad") == 1


def test_a_run_of_another_database_of_the_environment_is_not_taken_over(twins, headrace):
    first, second = twins
    job = Job(headrace, {"type": "postgresql"}, [{"name": "public.good", "write": "append"}])
    first.execute("ALTER TABLE good RENAME TO away")
    job.environment = at(first)
    job.run("--run-id", "monday", expect=2)
    first.execute("ALTER TABLE away RENAME TO good")
    job.environment = at(second)
    said(job.run("--run-id", "tuesday", expect=2), f"/{first.name}", f"/{second.name}", "--run-id monday", "headrace abandon monday")
    assert runs(job) == [("monday", "failed")]
    job.environment = at(first)
    job.run("--run-id", "monday")
    job.environment = at(second)
    job.run("--run-id", "tuesday")
    assert count(job, "good") == 200


def test_a_run_does_not_go_on_where_a_changed_service_file_leads(twins, headrace):
    first, second = twins
    job = Job(headrace, {"type": "postgresql", "service": "shop"}, [{"name": "public.good"}, {"name": "public.bad"}])

    def write_service(database):
        place = {"host": "127.0.0.1", "port": database.server.port, "user": "postgres", "dbname": database.name}
        text = "".join(f"{key}={value}\n" for key, value in place.items())
        job.environment = {"PGSERVICEFILE": str(headrace.write("services.conf", "[shop]\n" + text))}

    write_service(first)
    job.run(expect=1)
    write_service(second)
    said(job.run(expect=2), first.name, second.name)
    assert count(job, "bad") == 0
