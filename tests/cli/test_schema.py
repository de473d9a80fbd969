"""The JSON Schema of the job file, by a validator that is not ours: what editors do with it."""

import jsonschema
import pytest

JOB = {
    "name": "shop",
    "source": {"type": "postgresql", "uri": "postgresql://etl@127.0.0.1:5432/shop", "snapshot": "require"},
    "tables": ["public.orders", {"name": "public.events", "mode": "transactional", "cursor": "created_at", "partition": {"target_rows": 1000}},
               {"query": "SELECT 1 AS one", "as": "daily"}, {"name": "public.dim_*", "exclude": ["public.dim_tmp"]}],
    "destination": {"type": "parquet", "path": "./lake", "write": "append"},
    "engine": {"workers": {"max": 4}},
    "verify": "checksum",
}
WRONG = {
    "an unknown key": {"engin": {}},
    "a value that is none of the choices": {"verify": "everything"},
    "a misspelt key of a table": {"tables": [{"nam": "public.orders"}]},
    "no destination": {"destination": None},
    "a key of another source": {"source": {"type": "sqlite", "path": "shop.db", "snapshot": "require", "lock_timeout": "1s"}},
    "rows that are no number": {"partition": {"target_rows": "many"}},
}


@pytest.fixture
def validator(headrace):
    schema = headrace("schema", expect=0).json()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_it_takes_a_job_that_headrace_takes(validator, headrace):
    validator.validate(JOB)
    headrace.write_job(JOB)
    told = headrace("plan", "job.yaml", expect=None)
    assert "job.yaml:" not in told.stderr + told.stdout, "what a job file is refused for is told with its place"


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_it_refuses_what_headrace_refuses(validator, headrace, change):
    job = {key: value for key, value in (JOB | change).items() if value is not None}
    assert not validator.is_valid(job)
    headrace.write_job(job)
    assert "job.yaml" in headrace("check", "job.yaml", expect=2).stderr
