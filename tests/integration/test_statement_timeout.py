"""source.statement_timeout shorter than the wait for a lock."""

from harness.job import postgres_job, said


def test_a_condition_whose_table_cannot_be_read_in_time_fails_the_table(database, headrace):
    """A TRUNCATE of what the condition reads, not yet committed: a snapshot that is taken while it is waited for would show it
    empty once it is."""
    database.execute("CREATE TABLE a AS SELECT i AS id FROM generate_series(1, 10) AS i; CREATE TABLE b AS SELECT * FROM a")
    job = postgres_job(headrace, database, {"name": "public.a", "where": "id IN (SELECT id FROM b)"}, limits={"retries": 0})
    job.document["source"] |= {"statement_timeout": "300ms", "lock_timeout": "0"}
    job.write()
    with database.connect() as connection:
        connection.execute("BEGIN; TRUNCATE b")
        failed = job.run("--log-format", "json", "--log-level", "debug", expect=1)
        connection.rollback()
    said(failed, "table_failed", "statement_timeout")
    assert '"event":"unit_' not in failed.stderr, "the snapshot was taken all the same"
    assert not (job.lake / "public.a").exists()
