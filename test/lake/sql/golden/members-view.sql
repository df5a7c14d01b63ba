WITH fresh AS (SELECT * FROM (SELECT * FROM "tests"."members_v1_history" WHERE _revision IN (0, 2) AND ingest_date >= DATE '2026-03-02' AND "$path" NOT IN ('s3://acme-lake/lake/tests/members_v1_history/ingest_date=2026-03-02/a.parquet', 's3://acme-lake/lake/tests/members_v1_history/ingest_date=2026-03-02/b.parquet')) WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000'),
changes AS (SELECT *, 1 AS _rank FROM (SELECT * FROM "tests"."members_v1_history" WHERE _revision IN (0, 2)) WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000'),
newest AS (
  SELECT * FROM (
    SELECT r.*,
      row_number() OVER (PARTITION BY "day", "person" ORDER BY CASE WHEN _op <> 'refused' THEN 0 ELSE 1 END, _position DESC, _revision DESC, coalesce(cardinality(_absent), 0)) AS _nth,
      min(_position) OVER (PARTITION BY "day", "person") AS _first
    FROM fresh r
  ) n
  WHERE _nth = 1
),
tainted AS (
  SELECT "day", "person" FROM newest WHERE _first <= '0001-00000000000000ff-0000000001'
  UNION
  SELECT n."day", n."person" FROM changes n CROSS JOIN (SELECT 1 AS _on FROM newest WHERE _first <= '0001-00000000000000ff-0000000001' LIMIT 1) g
  WHERE substr(n._position, 32, 1) = '1' AND n._op <> 'delete'
),
touched AS (SELECT "day", "person" FROM newest WHERE _op <> 'refused' UNION SELECT "day", "person" FROM tainted),
quick_rows AS (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person", 1 AS _rank FROM fresh UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person", 2 FROM "tests"."members_v1_base_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000' UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person", 2 FROM "tests"."members_v1_deleted_000042" WHERE _op = 'refused' AND _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000'),
slow_rows AS (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person", _rank FROM changes UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person", 0 FROM "tests"."members_v1_base_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000' UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "day", "person", 0 FROM "tests"."members_v1_deleted_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000'),
quick_latest AS (
  SELECT n.* FROM newest n LEFT JOIN tainted t ON t."day" = n."day" AND t."person" = n."person"
  WHERE t."day" IS NULL AND n._op <> 'refused'
),
slow_latest AS (
  SELECT * FROM (
    SELECT r.*, row_number() OVER (PARTITION BY r."day", r."person" ORDER BY r._position DESC, CASE WHEN r._op <> 'refused' THEN 0 ELSE 1 END, r._revision DESC, r._rank DESC, coalesce(cardinality(r._absent), 0)) AS _nth
    FROM slow_rows r JOIN tainted t ON t."day" = r."day" AND t."person" = r."person"
    WHERE r._op <> 'refused'
  ) n
  WHERE _nth = 1
)
SELECT b."day", b."person", b."_position", b."_committed_at", b."_extra"
FROM (SELECT * FROM "tests"."members_v1_base_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000') b
LEFT JOIN touched t ON t."day" = b."day" AND t."person" = b."person"
WHERE t."day" IS NULL AND NOT coalesce(cardinality(b._absent), 0) > 0
UNION ALL
SELECT l."day", l."person", l."_position", l."_committed_at", l."_extra"
FROM quick_latest l
WHERE l._op <> 'delete'
UNION ALL
SELECT l."day", l."person", l."_position", l."_committed_at", l."_extra"
FROM slow_latest l
WHERE l._op <> 'delete';
