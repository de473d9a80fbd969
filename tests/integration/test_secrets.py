"""A password is used and never shown."""

import pytest
from harness.job import Job, said
from servers.postgres import PostgresServer

SECRET = "hunter2-correct-horse"
HBA = "local all postgres trust\nhost all postgres 127.0.0.1/32 trust\nhost all etl 127.0.0.1/32 scram-sha-256\n"


@pytest.fixture
def guarded(headrace, postgres_servers):
    """A server that asks the role etl for a password."""
    with PostgresServer("15") as server:
        database = postgres_servers.make_database(server)
        database.execute(f"CREATE ROLE etl LOGIN PASSWORD '{SECRET}'; CREATE TABLE t (id int); GRANT SELECT ON t TO etl")
        (server.data / "pg_hba.conf").write_text(HBA)
        database.execute("SELECT pg_reload_conf()")
        yield server, database


# How the job is given the password, and what it puts into the environment or a file.
WAYS = {
    "environment": {"password": "${SHOP_PASSWORD}"},
    "file": {"password": "${file:secret.txt}"},
    "in_the_uri": {"uri": "postgresql://etl:{secret}@127.0.0.1:{port}/{database}"},
}


def traces(folder, secret: str) -> list[str]:
    return [str(file) for file in folder.rglob("*")
            if file.is_file() and file.name not in ("job.yaml", "secret.txt") and secret.encode() in file.read_bytes()]


@pytest.mark.parametrize("right", [True, False], ids=["right_password", "wrong_password"])
@pytest.mark.parametrize("way", WAYS)
def test_no_output_and_no_file_shows_it(guarded, headrace, way, right):
    server, database = guarded
    secret = SECRET if right else "wrong-" + SECRET
    source = {"type": "postgresql", "uri": server.uri(database.name, "etl")} | WAYS[way]
    source["uri"] = source["uri"].replace("{secret}", secret).replace("{port}", str(server.port)).replace("{database}", database.name)
    headrace.write("secret.txt", secret + "\n")
    job = Job(headrace, source, [{"name": "public.t"}])
    job.environment = {"SHOP_PASSWORD": secret}
    for command in ("check", "plan", "run"):
        finished = headrace(command, "job.yaml", "--log-level", "debug", env=job.environment)
        said(finished, *([] if right else ["password authentication failed", "next: ", "etl", f"etl@127.0.0.1:{server.port}/{database.name}"]))
        assert secret not in finished.stdout + finished.stderr
        assert (finished.returncode == 0) == right, finished.stdout + finished.stderr
    assert traces(headrace.folder, secret) == []


@pytest.mark.parametrize("uri", ["{uri}&user=etl&password={secret}", "{uri};password={secret}", "host=127.0.0.1;port=1;user=etl;password={secret};dbname=d",
                                 "postgresql://etl;{secret}@127.0.0.1/d", "postgresql://etl/{secret}@127.0.0.1/d"])
def test_a_password_in_the_place_of_another_part_is_neither_shown_nor_kept(database, headrace, uri):
    job = Job(headrace, {"type": "postgresql", "uri": uri.format(uri=database.uri, secret=SECRET)}, [{"name": "public.t"}])
    for command in ("check", "plan", "run"):
        finished = headrace(command, job.file, "--log-level", "debug", expect=2)
        said(finished, "source.uri", "nothing is repeated")
        assert SECRET not in finished.stdout + finished.stderr
    assert traces(headrace.folder, SECRET) == []


def test_inspect_says_who_was_refused_where_and_what_next(guarded, headrace):
    server, database = guarded
    uri = server.uri(database.name, "etl").replace("etl@", "etl:wrong-one@")
    finished = headrace("inspect", uri, expect=2)
    said(finished,
         f'password authentication failed for user "etl" (at postgresql://etl@127.0.0.1:{server.port}/{database.name})',
         "next: change user or password of the source, then run the same command again")
    assert "wrong-one" not in finished.stdout + finished.stderr


def test_sql_takes_no_file_and_shows_a_variable(database, headrace):
    """Plans and logs print where and query: what they take from elsewhere is no secret."""
    database.execute("CREATE TABLE t AS SELECT 'a' AS v")
    headrace.write("secret.txt", SECRET + "\n")
    job = Job(headrace, {"type": "postgresql", "uri": database.uri},
              [{"name": "public.t", "where": "v <> '${file:secret.txt}'"}])
    for command in ("check", "plan", "run"):
        finished = headrace(command, "job.yaml", "--log-level", "debug", expect=2)
        said(finished, "where", "${file:…} is for secrets")
        assert SECRET not in finished.stdout + finished.stderr
    job.document["tables"][0]["where"] = "v <> '${SHOWN}'"
    job.write()
    said(headrace("plan", "job.yaml", env={"SHOWN": "an-open-word"}), "an-open-word")
    assert traces(headrace.folder, SECRET) == []
