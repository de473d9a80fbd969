-- Eight columns in the usual types of an application's SQLite file.
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    amount DECIMAL(12, 2) NOT NULL,
    weight REAL,
    gift BOOLEAN NOT NULL,
    ordered_at TIMESTAMP NOT NULL,
    note TEXT
);

WITH RECURSIVE numbered(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbered WHERE i < :rows)
INSERT INTO orders
SELECT
    i,
    (i * 2654435761) % 100003,
    CASE (i * 2654435761) % 4 WHEN 0 THEN 'new' WHEN 1 THEN 'paid' WHEN 2 THEN 'sent' ELSE 'done' END,
    ((i * 2654435761) % 1000000) / 100.0,
    CASE WHEN i % 11 THEN ((i * 40503) % 65536) / 7.0 END,
    i % 9 = 0,
    datetime(1704067200 + i * 30, 'unixepoch'),
    CASE WHEN i % 5 = 0 THEN 'note ' || ((i * 2654435761) % 1000003) END
FROM numbered;
