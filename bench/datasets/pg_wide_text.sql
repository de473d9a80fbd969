-- Few rows, much text: eight text columns from a handful of bytes to several kilobytes.
SELECT setseed(0.42);

CREATE TABLE wide_text (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    slug text NOT NULL,
    author text,
    language text NOT NULL,
    summary text,
    body text NOT NULL,
    raw text NOT NULL,
    checked_at timestamptz
);

-- The long columns are stored as they are: what is measured is the copy, not the server's decompression.
ALTER TABLE wide_text ALTER COLUMN body SET STORAGE EXTERNAL, ALTER COLUMN raw SET STORAGE EXTERNAL;

INSERT INTO wide_text
SELECT
    i,
    'Article number ' || i || ' of the collection',
    md5(i::text) || '-' || i,
    CASE WHEN random() < 0.9 THEN 'author ' || floor(random() * 5000)::integer END,
    (ARRAY['en', 'de', 'fr', 'ja'])[1 + floor(random() * 4)::integer],
    CASE WHEN random() < 0.8 THEN repeat(md5((i * 3)::text) || ' ', 4) END,
    repeat('The quick brown fox jumps over the lazy dog. ', 10 + floor(random() * 30)::integer),
    md5((i * 5)::text) || md5((i * 7)::text) || md5((i * 11)::text) || md5((i * 13)::text),
    CASE WHEN random() < 0.7 THEN timestamptz '2024-01-01 00:00:00+00' + i * interval '1 second' END
FROM generate_series(1, :rows) AS i;
