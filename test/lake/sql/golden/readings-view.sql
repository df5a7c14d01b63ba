WITH fresh AS (SELECT * FROM (SELECT * FROM "meters"."readings_v3_history" WHERE _revision IN (0, 2) AND ingest_date >= DATE '2026-03-02' AND "$path" NOT IN ('s3://acme-lake/lake/meters/readings_v3_history/ingest_date=2026-03-02/a.parquet', 's3://acme-lake/lake/meters/readings_v3_history/ingest_date=2026-03-02/b.parquet')) WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000'),
changes AS (SELECT *, 1 AS _rank FROM (SELECT * FROM "meters"."readings_v3_history" WHERE _revision IN (0, 2)) WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000'),
newest AS (
  SELECT * FROM (
    SELECT r.*,
      row_number() OVER (PARTITION BY "meter", "taken_at", "taken_at_micros" ORDER BY CASE WHEN _op <> 'refused' THEN 0 ELSE 1 END, _position DESC, _revision DESC, coalesce(cardinality(_absent), 0)) AS _nth,
      min(_position) OVER (PARTITION BY "meter", "taken_at", "taken_at_micros") AS _first
    FROM fresh r
  ) n
  WHERE _nth = 1
),
tainted AS (
  SELECT "meter", "taken_at", "taken_at_micros" FROM newest WHERE _first <= '0001-00000000000000ff-0000000001'
  UNION
  SELECT n."meter", n."taken_at", n."taken_at_micros" FROM changes n CROSS JOIN (SELECT 1 AS _on FROM newest WHERE _first <= '0001-00000000000000ff-0000000001' LIMIT 1) g
  WHERE substr(n._position, 32, 1) = '1' AND n._op <> 'delete'
),
touched AS (SELECT "meter", "taken_at", "taken_at_micros" FROM newest WHERE _op <> 'refused' UNION SELECT "meter", "taken_at", "taken_at_micros" FROM tainted),
quick_rows AS (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "meter", "taken_at", "taken_at_micros", "level", "place", 1 AS _rank FROM fresh UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "meter", "taken_at", "taken_at_micros", "level", "place", 2 FROM "meters"."readings_v3_base_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000' UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "meter", "taken_at", "taken_at_micros", NULL, NULL, 2 FROM "meters"."readings_v3_deleted_000042" WHERE _op = 'refused' AND _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000'),
slow_rows AS (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "meter", "taken_at", "taken_at_micros", "level", "place", _rank FROM changes UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "meter", "taken_at", "taken_at_micros", "level", "place", 0 FROM "meters"."readings_v3_base_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000' UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "meter", "taken_at", "taken_at_micros", NULL, NULL, 0 FROM "meters"."readings_v3_deleted_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000'),
quick_latest AS (
  SELECT n.* FROM newest n LEFT JOIN tainted t ON t."meter" = n."meter" AND t."taken_at" = n."taken_at" AND t."taken_at_micros" = n."taken_at_micros"
  WHERE t."meter" IS NULL AND n._op <> 'refused'
),
quick_scope AS (
  SELECT "meter", "taken_at", "taken_at_micros" FROM (SELECT "meter", "taken_at", "taken_at_micros" FROM newest WHERE _op <> 'delete' AND coalesce(cardinality(_absent), 0) > 0) c
  UNION
  SELECT "meter", "taken_at", "taken_at_micros" FROM (
    SELECT r."meter", r."taken_at", r."taken_at_micros", r._op, r._position,
      max(r._position) OVER (PARTITION BY substr(r._position, 1, 31)) AS _pair
    FROM fresh r
    WHERE r._op = 'delete' OR substr(r._position, 32, 1) = '1'
  ) m
  WHERE _op = 'delete' AND _pair = substr(_position, 1, 31) || '1' AND _pair <> _position
),
quick_lives AS (
  SELECT _op, _position, _revision, _absent, "meter", "taken_at", "taken_at_micros", _life, _last, CAST(length(CAST("meter" AS varchar)) AS varchar) || ':' || CAST("meter" AS varchar) || CAST(length(CAST("taken_at" AS varchar)) AS varchar) || ':' || CAST("taken_at" AS varchar) || CAST(length(CAST("taken_at_micros" AS varchar)) AS varchar) || ':' || CAST("taken_at_micros" AS varchar) || coalesce(_life, '') AS _id, CAST(length(CAST("meter" AS varchar)) AS varchar) || ':' || CAST("meter" AS varchar) || CAST(length(CAST("taken_at" AS varchar)) AS varchar) || ':' || CAST("taken_at" AS varchar) || CAST(length(CAST("taken_at_micros" AS varchar)) AS varchar) || ':' || CAST("taken_at_micros" AS varchar) || coalesce(_life_before, '') AS _id_before
  FROM (
    SELECT _op, _position, _revision, _absent, "meter", "taken_at", "taken_at_micros", max(CASE WHEN _op <> 'refused' THEN _position END) OVER (PARTITION BY "meter", "taken_at", "taken_at_micros") AS _last,
      max(CASE WHEN _op IN ('insert', 'load', 'delete', 'refused') OR (_rank <> 1 AND NOT coalesce(cardinality(_absent), 0) > 0) THEN _position END) OVER (PARTITION BY "meter", "taken_at", "taken_at_micros" ORDER BY _position ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _life,
      max(CASE WHEN _op IN ('insert', 'load', 'delete', 'refused') OR (_rank <> 1 AND NOT coalesce(cardinality(_absent), 0) > 0) THEN _position END) OVER (PARTITION BY "meter", "taken_at", "taken_at_micros" ORDER BY _position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _life_before
    FROM (
      SELECT r._op, r._position, r._revision, r._absent, r."meter", r."taken_at", r."taken_at_micros", r._rank,
        row_number() OVER (PARTITION BY r."meter", r."taken_at", r."taken_at_micros", r._position ORDER BY CASE WHEN r._op <> 'refused' THEN 0 ELSE 1 END, r._revision DESC, r._rank DESC, coalesce(cardinality(r._absent), 0)) AS _nth
      FROM quick_rows r JOIN quick_scope s ON s."meter" = r."meter" AND s."taken_at" = r."taken_at" AND s."taken_at_micros" = r."taken_at_micros"
    ) n
    WHERE _nth = 1
  ) w
),
quick_moves AS (
  SELECT n._from, n._to FROM (
    SELECT _id AS _from, _op, _position, _life,
      lag(_id_before) OVER (PARTITION BY substr(_position, 1, 31) ORDER BY _position) AS _to
    FROM quick_lives
    WHERE substr(_position, 32, 1) = '1' OR _op = 'delete'
  ) n
  WHERE n._to IS NOT NULL AND n._life = n._position AND substr(n._position, 32, 1) = '1' AND n._op NOT IN ('delete', 'refused')
),
quick_seeds AS (
  SELECT "meter" AS _winner_0, "taken_at" AS _winner_1, "taken_at_micros" AS _winner_2, _id
  FROM quick_lives WHERE _position = _last AND _op <> 'delete' AND coalesce(cardinality(_absent), 0) > 0
),
quick_chain AS (
  SELECT s._winner_0, s._winner_1, s._winner_2, u._id
  FROM (SELECT _winner_0, _winner_1, _winner_2, _id AS _start FROM quick_seeds) s
  CROSS JOIN (SELECT map_agg(_from, _to) AS _links FROM quick_moves) m
  CROSS JOIN UNNEST(reduce(sequence(1, 16), ARRAY[s._start],
    (way, step) -> if(element_at(m._links, element_at(way, -1)) IS NULL, way,
      way || element_at(m._links, element_at(way, -1))),
    way -> way)) AS u (_id)
),
quick_ways AS (SELECT _winner_0, _winner_1, _winner_2, "meter", "taken_at", "taken_at_micros", _p, _r, _a FROM (SELECT c._winner_0, c._winner_1, c._winner_2, r."meter", r."taken_at", r."taken_at_micros", r._position AS _p, r._revision AS _r, coalesce(r._absent, CAST(ARRAY[] AS array(varchar))) AS _a
    FROM quick_chain c JOIN quick_lives r ON r._id = c._id AND r._op NOT IN ('delete', 'refused'))),
quick_healed AS (
  SELECT _winner_0 AS "meter", _winner_1 AS "taken_at", _winner_2 AS "taken_at_micros", reduce(array_agg(_a), element_at(array_agg(_a), 1), (a, b) -> array_intersect(a, b), a -> a) AS _lacking,
    max_by("level", _p) FILTER (WHERE NOT contains(_a, 'level')) AS "level",
    max_by("place", _p) FILTER (WHERE NOT contains(_a, 'place')) AS "place"
  FROM quick_ways w JOIN quick_rows r ON r."meter" = w."meter" AND r."taken_at" = w."taken_at" AND r."taken_at_micros" = w."taken_at_micros" AND r._position = _p AND r._revision = _r AND r._op <> 'refused' AND coalesce(r._absent, CAST(ARRAY[] AS array(varchar))) = _a
  GROUP BY _winner_0, _winner_1, _winner_2
),
slow_latest AS (
  SELECT * FROM (
    SELECT r.*, row_number() OVER (PARTITION BY r."meter", r."taken_at", r."taken_at_micros" ORDER BY r._position DESC, CASE WHEN r._op <> 'refused' THEN 0 ELSE 1 END, r._revision DESC, r._rank DESC, coalesce(cardinality(r._absent), 0)) AS _nth
    FROM slow_rows r JOIN tainted t ON t."meter" = r."meter" AND t."taken_at" = r."taken_at" AND t."taken_at_micros" = r."taken_at_micros"
    WHERE r._op <> 'refused'
  ) n
  WHERE _nth = 1
),
slow_lives AS (
  SELECT _op, _position, _revision, _absent, "meter", "taken_at", "taken_at_micros", _life, _last, CAST(length(CAST("meter" AS varchar)) AS varchar) || ':' || CAST("meter" AS varchar) || CAST(length(CAST("taken_at" AS varchar)) AS varchar) || ':' || CAST("taken_at" AS varchar) || CAST(length(CAST("taken_at_micros" AS varchar)) AS varchar) || ':' || CAST("taken_at_micros" AS varchar) || coalesce(_life, '') AS _id, CAST(length(CAST("meter" AS varchar)) AS varchar) || ':' || CAST("meter" AS varchar) || CAST(length(CAST("taken_at" AS varchar)) AS varchar) || ':' || CAST("taken_at" AS varchar) || CAST(length(CAST("taken_at_micros" AS varchar)) AS varchar) || ':' || CAST("taken_at_micros" AS varchar) || coalesce(_life_before, '') AS _id_before
  FROM (
    SELECT _op, _position, _revision, _absent, "meter", "taken_at", "taken_at_micros", max(CASE WHEN _op <> 'refused' THEN _position END) OVER (PARTITION BY "meter", "taken_at", "taken_at_micros") AS _last,
      max(CASE WHEN _op IN ('insert', 'load', 'delete', 'refused') OR (_rank <> 1 AND NOT coalesce(cardinality(_absent), 0) > 0) THEN _position END) OVER (PARTITION BY "meter", "taken_at", "taken_at_micros" ORDER BY _position ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _life,
      max(CASE WHEN _op IN ('insert', 'load', 'delete', 'refused') OR (_rank <> 1 AND NOT coalesce(cardinality(_absent), 0) > 0) THEN _position END) OVER (PARTITION BY "meter", "taken_at", "taken_at_micros" ORDER BY _position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _life_before
    FROM (
      SELECT r._op, r._position, r._revision, r._absent, r."meter", r."taken_at", r."taken_at_micros", r._rank,
        row_number() OVER (PARTITION BY r."meter", r."taken_at", r."taken_at_micros", r._position ORDER BY CASE WHEN r._op <> 'refused' THEN 0 ELSE 1 END, r._revision DESC, r._rank DESC, coalesce(cardinality(r._absent), 0)) AS _nth
      FROM (SELECT r.* FROM slow_rows r CROSS JOIN (SELECT 1 AS _on FROM newest WHERE _first <= '0001-00000000000000ff-0000000001' LIMIT 1) g) r
    ) n
    WHERE _nth = 1
  ) w
),
slow_moves AS (
  SELECT n._from, n._to FROM (
    SELECT _id AS _from, _op, _position, _life,
      lag(_id_before) OVER (PARTITION BY substr(_position, 1, 31) ORDER BY _position) AS _to
    FROM slow_lives
    WHERE substr(_position, 32, 1) = '1' OR _op = 'delete'
  ) n
  WHERE n._to IS NOT NULL AND n._life = n._position AND substr(n._position, 32, 1) = '1' AND n._op NOT IN ('delete', 'refused')
),
slow_seeds AS (
  SELECT "meter" AS _winner_0, "taken_at" AS _winner_1, "taken_at_micros" AS _winner_2, _id
  FROM slow_lives WHERE _position = _last AND _op <> 'delete' AND coalesce(cardinality(_absent), 0) > 0
),
slow_chain AS (
  SELECT s._winner_0, s._winner_1, s._winner_2, u._id
  FROM (SELECT _winner_0, _winner_1, _winner_2, _id AS _start FROM slow_seeds) s
  CROSS JOIN (SELECT map_agg(_from, _to) AS _links FROM slow_moves) m
  CROSS JOIN UNNEST(reduce(sequence(1, 16), ARRAY[s._start],
    (way, step) -> if(element_at(m._links, element_at(way, -1)) IS NULL, way,
      way || element_at(m._links, element_at(way, -1))),
    way -> way)) AS u (_id)
),
slow_ways AS (SELECT _winner_0, _winner_1, _winner_2, "meter", "taken_at", "taken_at_micros", _p, _r, _a FROM (SELECT c._winner_0, c._winner_1, c._winner_2, r."meter", r."taken_at", r."taken_at_micros", r._position AS _p, r._revision AS _r, coalesce(r._absent, CAST(ARRAY[] AS array(varchar))) AS _a
    FROM slow_chain c JOIN slow_lives r ON r._id = c._id AND r._op NOT IN ('delete', 'refused'))),
slow_healed AS (
  SELECT _winner_0 AS "meter", _winner_1 AS "taken_at", _winner_2 AS "taken_at_micros", reduce(array_agg(_a), element_at(array_agg(_a), 1), (a, b) -> array_intersect(a, b), a -> a) AS _lacking,
    max_by("level", _p) FILTER (WHERE NOT contains(_a, 'level')) AS "level",
    max_by("place", _p) FILTER (WHERE NOT contains(_a, 'place')) AS "place"
  FROM slow_ways w JOIN (SELECT r.* FROM slow_rows r CROSS JOIN (SELECT 1 AS _on FROM newest WHERE _first <= '0001-00000000000000ff-0000000001' LIMIT 1) g) r ON r."meter" = w."meter" AND r."taken_at" = w."taken_at" AND r."taken_at_micros" = w."taken_at_micros" AND r._position = _p AND r._revision = _r AND r._op <> 'refused' AND coalesce(r._absent, CAST(ARRAY[] AS array(varchar))) = _a
  GROUP BY _winner_0, _winner_1, _winner_2
)
SELECT b."meter", b."taken_at", b."taken_at_micros", b."level", b."place", b."taken_at_month", b."_position", b."_committed_at", b."_extra"
FROM (SELECT * FROM "meters"."readings_v3_base_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000') b
LEFT JOIN touched t ON t."meter" = b."meter" AND t."taken_at" = b."taken_at" AND t."taken_at_micros" = b."taken_at_micros"
WHERE t."meter" IS NULL AND NOT coalesce(cardinality(b._absent), 0) > 0
UNION ALL
SELECT l."meter", l."taken_at", l."taken_at_micros", l."level", l."place", substr(CAST(CAST(l."taken_at" AS date) AS varchar), 1, 7) AS "taken_at_month", l."_position", l."_committed_at", l."_extra"
FROM quick_latest l
WHERE l._op <> 'delete' AND NOT (l._op <> 'delete' AND coalesce(cardinality(l._absent), 0) > 0)
UNION ALL
SELECT h."meter", h."taken_at", h."taken_at_micros", h."level", h."place", substr(CAST(CAST(h."taken_at" AS date) AS varchar), 1, 7) AS "taken_at_month", l."_position", l."_committed_at", l."_extra"
FROM quick_latest l JOIN quick_healed h ON h."meter" = l."meter" AND h."taken_at" = l."taken_at" AND h."taken_at_micros" = l."taken_at_micros"
WHERE (l._op <> 'delete' AND coalesce(cardinality(l._absent), 0) > 0) AND NOT coalesce(cardinality(h._lacking), 0) > 0
UNION ALL
SELECT l."meter", l."taken_at", l."taken_at_micros", l."level", l."place", substr(CAST(CAST(l."taken_at" AS date) AS varchar), 1, 7) AS "taken_at_month", l."_position", l."_committed_at", l."_extra"
FROM slow_latest l
WHERE l._op <> 'delete' AND NOT (l._op <> 'delete' AND coalesce(cardinality(l._absent), 0) > 0)
UNION ALL
SELECT h."meter", h."taken_at", h."taken_at_micros", h."level", h."place", substr(CAST(CAST(h."taken_at" AS date) AS varchar), 1, 7) AS "taken_at_month", l."_position", l."_committed_at", l."_extra"
FROM slow_latest l JOIN slow_healed h ON h."meter" = l."meter" AND h."taken_at" = l."taken_at" AND h."taken_at_micros" = l."taken_at_micros"
WHERE (l._op <> 'delete' AND coalesce(cardinality(l._absent), 0) > 0) AND NOT coalesce(cardinality(h._lacking), 0) > 0;
