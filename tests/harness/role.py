"""A role of a job that has no right but to log in, and jobs that run as it."""

import contextlib

from psycopg import sql

from harness.job import Job, postgres_job


@contextlib.contextmanager
def role(database, options: str = ""):
    """The quoted name of a role that has to be quoted; dropped at the end, with all its rights."""
    name = f"Etl's of {database.name}".replace("'", "´") + options[:1]
    quoted = sql.Identifier(name).as_string()
    database.execute(f"CREATE ROLE {quoted} LOGIN {options}")
    try:
        yield quoted
    finally:
        database.execute(f"DROP OWNED BY {quoted} CASCADE; DROP ROLE {quoted}")


def job_of(role: str, headrace, database, *tables: dict, **source) -> Job:
    """A job whose source logs in as `role`, a quoted name."""
    job = postgres_job(headrace, database, *tables)
    job.document["source"] |= {"user": role.strip('"')} | source
    job.write()
    return job
