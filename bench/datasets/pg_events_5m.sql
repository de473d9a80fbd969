-- Ten mixed columns: keys, low-cardinality text, money, measurements, times, a hash that no encoding shrinks. Values are
-- random, not arithmetic, so that no encoding is flattered; the seed makes them the same every time.
SELECT setseed(0.42);

CREATE TABLE events (
    id bigint PRIMARY KEY,
    user_id integer NOT NULL,
    country varchar(2) NOT NULL,
    device text,
    amount numeric(12, 2),
    price double precision,
    ok boolean NOT NULL,
    created_at timestamptz NOT NULL,
    day date NOT NULL,
    payload text NOT NULL
);

INSERT INTO events
SELECT
    i,
    (random() * 200000)::integer,
    (ARRAY['DE', 'FR', 'US', 'GB', 'ES', 'IT', 'PL', 'NL', 'SE', 'JP', 'BR', 'IN'])[1 + floor(random() * random() * 12)::integer],
    CASE WHEN random() < 0.95 THEN (ARRAY['phone', 'desktop', 'tablet', 'tv'])[1 + floor(random() * 4)::integer] END,
    CASE WHEN random() < 0.98 THEN (random() * 100000)::numeric(12, 2) END,
    CASE WHEN random() < 0.98 THEN random() * 1000 END,
    random() < 0.9,
    moment,
    moment::date,
    md5(i::text)
FROM (
    SELECT i, timestamptz '2024-01-01 00:00:00+00' + i * interval '6 seconds' + random() * interval '1 hour' AS moment
    FROM generate_series(1, :rows) AS i
) AS numbered;

CREATE INDEX ON events (created_at);
