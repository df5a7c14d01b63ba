CREATE OR REPLACE VIEW "tests"."members" AS
WITH fresh AS (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person" FROM (SELECT * FROM "tests"."members_v1_history" WHERE _revision IN (0, 2) AND ingest_date >= DATE '2026-03-02' AND "$path" NOT IN ('s3://acme-lake/lake/tests/members_v1_history/ingest_date=2026-03-02/a.parquet', 's3://acme-lake/lake/tests/members_v1_history/ingest_date=2026-03-02/b.parquet')) WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000'),
newest AS (
  SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person", _first FROM (
    SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person",
      row_number() OVER (PARTITION BY "day", "person" ORDER BY _position DESC, _revision DESC) AS _nth,
      min(_position) OVER (PARTITION BY "day", "person") AS _first
    FROM fresh
  ) n
  WHERE _nth = 1
),
tainted AS (
  SELECT "day", "person" FROM newest WHERE _first <= '0001-00000000000000ff-0000000001'
  UNION
  SELECT n."day", n."person" FROM (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person", 1 AS _rank FROM (SELECT * FROM "tests"."members_v1_history" WHERE _revision IN (0, 2)) WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000') n CROSS JOIN (SELECT 1 AS _on FROM newest WHERE _first <= '0001-00000000000000ff-0000000001' LIMIT 1) g
  WHERE substr(n._position, 32, 1) = '1' AND n._op <> 'delete'
),
touched AS (SELECT "day", "person" FROM newest UNION SELECT "day", "person" FROM tainted),
quick_latest AS (
  SELECT n."_op", n."_position", n."_revision", n."_committed_at", n."_absent", n."_extra", n."day", n."person" FROM newest n LEFT JOIN tainted t ON t."day" = n."day" AND t."person" = n."person"
  WHERE t."day" IS NULL
),
slow_latest AS (
  SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person" FROM (
    SELECT r."_op", r."_position", r."_revision", r."_committed_at", r."_absent", r."_extra", r."day", r."person", row_number() OVER (PARTITION BY r."day", r."person" ORDER BY r._position DESC, r._revision DESC, r._rank DESC) AS _nth
    FROM (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person", 1 AS _rank FROM (SELECT * FROM "tests"."members_v1_history" WHERE _revision IN (0, 2)) WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000' UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person", 0 AS _rank FROM "tests"."members_v1_base_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000' UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person", 0 AS _rank FROM "tests"."members_v1_deleted_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000') r JOIN tainted t ON t."day" = r."day" AND t."person" = r."person"
  ) n
  WHERE _nth = 1
)
SELECT b."day", b."person", b."_position", b."_committed_at", b."_extra"
FROM (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person" FROM "tests"."members_v1_base_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000') b
LEFT JOIN touched t ON t."day" = b."day" AND t."person" = b."person"
WHERE t."day" IS NULL
UNION ALL
SELECT l."day" AS "day",
  l."person" AS "person",
  l."_position",
  l."_committed_at",
  l."_extra"
FROM quick_latest l
WHERE l._op <> 'delete'
UNION ALL
SELECT l."day" AS "day",
  l."person" AS "person",
  l."_position",
  l."_committed_at",
  l."_extra"
FROM slow_latest l
WHERE l._op <> 'delete';
