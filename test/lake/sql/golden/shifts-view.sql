CREATE OR REPLACE VIEW "workforce"."shifts" AS
WITH fresh AS (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros" FROM (SELECT * FROM "workforce"."shifts_v1_history" WHERE _revision IN (0, 2) AND ingest_date >= DATE '2026-03-02' AND "$path" NOT IN ('s3://acme-lake/lake/workforce/shifts_v1_history/ingest_date=2026-03-02/a.parquet', 's3://acme-lake/lake/workforce/shifts_v1_history/ingest_date=2026-03-02/b.parquet')) WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000'),
newest AS (
  SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", _first FROM (
    SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros",
      row_number() OVER (PARTITION BY "shift_id" ORDER BY _position DESC, _revision DESC) AS _nth,
      min(_position) OVER (PARTITION BY "shift_id") AS _first
    FROM fresh
  ) n
  WHERE _nth = 1
),
tainted AS (
  SELECT "shift_id" FROM newest WHERE _first <= '0001-00000000000000ff-0000000001'
  UNION
  SELECT n."shift_id" FROM (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", 1 AS _rank FROM (SELECT * FROM "workforce"."shifts_v1_history" WHERE _revision IN (0, 2)) WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000') n CROSS JOIN (SELECT 1 AS _on FROM newest WHERE _first <= '0001-00000000000000ff-0000000001' LIMIT 1) g
  WHERE substr(n._position, 32, 1) = '1' AND n._op <> 'delete'
),
touched AS (SELECT "shift_id" FROM newest UNION SELECT "shift_id" FROM tainted),
quick_latest AS (
  SELECT n."_op", n."_position", n."_revision", n."_committed_at", n."_absent", n."_extra", n."shift_id", n."shop_id", n."employee_id", n."starts_at", n."ends_at", n."break_minutes", n."status", n."labour_cost", n."tags", n."plan", n."notes", n."updated_at", n."updated_at_micros" FROM newest n LEFT JOIN tainted t ON t."shift_id" = n."shift_id"
  WHERE t."shift_id" IS NULL
),
quick_scope AS (
  SELECT "shift_id" FROM (SELECT "shift_id" FROM newest WHERE _op <> 'delete' AND cardinality(_absent) > 0) c
  UNION
  SELECT "shift_id" FROM (
    SELECT r."shift_id", r._op, r._position,
      max(r._position) OVER (PARTITION BY substr(r._position, 1, 31)) AS _pair
    FROM fresh r
    WHERE r._op = 'delete' OR substr(r._position, 32, 1) = '1'
  ) m
  WHERE _op = 'delete' AND _pair = substr(_position, 1, 31) || '1' AND _pair <> _position
),
quick_lives AS (
  SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", _life, _last, CAST(length(CAST("shift_id" AS varchar)) AS varchar) || ':' || CAST("shift_id" AS varchar) || coalesce(_life, '') AS _id, CAST(length(CAST("shift_id" AS varchar)) AS varchar) || ':' || CAST("shift_id" AS varchar) || coalesce(_life_before, '') AS _id_before
  FROM (
    SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", _rank, max(_position) OVER (PARTITION BY "shift_id") AS _last,
      max(CASE WHEN _op IN ('insert', 'load', 'delete') OR _rank <> 1 THEN _position END) OVER (PARTITION BY "shift_id" ORDER BY _position ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _life,
      max(CASE WHEN _op IN ('insert', 'load', 'delete') OR _rank <> 1 THEN _position END) OVER (PARTITION BY "shift_id" ORDER BY _position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _life_before
    FROM (
      SELECT r."_op", r."_position", r."_revision", r."_committed_at", r."_absent", r."_extra", r."shift_id", r."shop_id", r."employee_id", r."starts_at", r."ends_at", r."break_minutes", r."status", r."labour_cost", r."tags", r."plan", r."notes", r."updated_at", r."updated_at_micros", r._rank,
        row_number() OVER (PARTITION BY r."shift_id", r._position ORDER BY r._revision DESC, r._rank DESC) AS _nth
      FROM (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", 1 AS _rank FROM fresh UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", 2 AS _rank FROM "workforce"."shifts_v1_base_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000') r JOIN quick_scope s ON s."shift_id" = r."shift_id"
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
  WHERE n._to IS NOT NULL AND n._life = n._position AND substr(n._position, 32, 1) = '1' AND n._op <> 'delete'
),
quick_seeds AS (
  SELECT "shift_id" AS _winner_0, _id
  FROM quick_lives WHERE _position = _last AND _op <> 'delete' AND cardinality(_absent) > 0
),
quick_chain AS (
  SELECT s._winner_0, u._id
  FROM (SELECT _winner_0, _id AS _start FROM quick_seeds) s
  CROSS JOIN (SELECT map_agg(_from, _to) AS _links FROM quick_moves) m
  CROSS JOIN UNNEST(reduce(sequence(1, 16), ARRAY[s._start],
    (way, step) -> if(element_at(m._links, element_at(way, -1)) IS NULL, way,
      way || element_at(m._links, element_at(way, -1))),
    way -> way)) AS u (_id)
),
quick_healed AS (
  SELECT c._winner_0 AS "shift_id",
    max_by(r."shop_id", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'shop_id')) AS "shop_id",
    max_by(r."employee_id", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'employee_id')) AS "employee_id",
    max_by(r."starts_at", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'starts_at')) AS "starts_at",
    max_by(r."ends_at", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'ends_at')) AS "ends_at",
    max_by(r."break_minutes", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'break_minutes')) AS "break_minutes",
    max_by(r."status", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'status')) AS "status",
    max_by(r."labour_cost", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'labour_cost')) AS "labour_cost",
    max_by(r."tags", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'tags')) AS "tags",
    max_by(r."plan", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'plan')) AS "plan",
    max_by(r."notes", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'notes')) AS "notes",
    max_by(r."updated_at", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'updated_at')) AS "updated_at",
    max_by(r."updated_at_micros", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'updated_at')) AS "updated_at_micros"
  FROM quick_chain c JOIN quick_lives r ON r._id = c._id AND r._op <> 'delete'
  GROUP BY c._winner_0
),
slow_latest AS (
  SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros" FROM (
    SELECT r."_op", r."_position", r."_revision", r."_committed_at", r."_absent", r."_extra", r."shift_id", r."shop_id", r."employee_id", r."starts_at", r."ends_at", r."break_minutes", r."status", r."labour_cost", r."tags", r."plan", r."notes", r."updated_at", r."updated_at_micros", row_number() OVER (PARTITION BY r."shift_id" ORDER BY r._position DESC, r._revision DESC, r._rank DESC) AS _nth
    FROM (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", 1 AS _rank FROM (SELECT * FROM "workforce"."shifts_v1_history" WHERE _revision IN (0, 2)) WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000' UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", 0 AS _rank FROM "workforce"."shifts_v1_base_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000' UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", NULL AS "shop_id", NULL AS "employee_id", NULL AS "starts_at", NULL AS "ends_at", NULL AS "break_minutes", NULL AS "status", NULL AS "labour_cost", NULL AS "tags", NULL AS "plan", NULL AS "notes", NULL AS "updated_at", NULL AS "updated_at_micros", 0 AS _rank FROM "workforce"."shifts_v1_deleted_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000') r JOIN tainted t ON t."shift_id" = r."shift_id"
  ) n
  WHERE _nth = 1
),
slow_lives AS (
  SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", _life, _last, CAST(length(CAST("shift_id" AS varchar)) AS varchar) || ':' || CAST("shift_id" AS varchar) || coalesce(_life, '') AS _id, CAST(length(CAST("shift_id" AS varchar)) AS varchar) || ':' || CAST("shift_id" AS varchar) || coalesce(_life_before, '') AS _id_before
  FROM (
    SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", _rank, max(_position) OVER (PARTITION BY "shift_id") AS _last,
      max(CASE WHEN _op IN ('insert', 'load', 'delete') OR _rank <> 1 THEN _position END) OVER (PARTITION BY "shift_id" ORDER BY _position ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _life,
      max(CASE WHEN _op IN ('insert', 'load', 'delete') OR _rank <> 1 THEN _position END) OVER (PARTITION BY "shift_id" ORDER BY _position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _life_before
    FROM (
      SELECT r."_op", r."_position", r."_revision", r."_committed_at", r."_absent", r."_extra", r."shift_id", r."shop_id", r."employee_id", r."starts_at", r."ends_at", r."break_minutes", r."status", r."labour_cost", r."tags", r."plan", r."notes", r."updated_at", r."updated_at_micros", r._rank,
        row_number() OVER (PARTITION BY r."shift_id", r._position ORDER BY r._revision DESC, r._rank DESC) AS _nth
      FROM (SELECT r.* FROM (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", 1 AS _rank FROM (SELECT * FROM "workforce"."shifts_v1_history" WHERE _revision IN (0, 2)) WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000' UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", 0 AS _rank FROM "workforce"."shifts_v1_base_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000' UNION ALL SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", NULL AS "shop_id", NULL AS "employee_id", NULL AS "starts_at", NULL AS "ends_at", NULL AS "break_minutes", NULL AS "status", NULL AS "labour_cost", NULL AS "tags", NULL AS "plan", NULL AS "notes", NULL AS "updated_at", NULL AS "updated_at_micros", 0 AS _rank FROM "workforce"."shifts_v1_deleted_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000') r CROSS JOIN (SELECT 1 AS _on FROM newest WHERE _first <= '0001-00000000000000ff-0000000001' LIMIT 1) g) r
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
  WHERE n._to IS NOT NULL AND n._life = n._position AND substr(n._position, 32, 1) = '1' AND n._op <> 'delete'
),
slow_seeds AS (
  SELECT "shift_id" AS _winner_0, _id
  FROM slow_lives WHERE _position = _last AND _op <> 'delete' AND cardinality(_absent) > 0
),
slow_chain AS (
  SELECT s._winner_0, u._id
  FROM (SELECT _winner_0, _id AS _start FROM slow_seeds) s
  CROSS JOIN (SELECT map_agg(_from, _to) AS _links FROM slow_moves) m
  CROSS JOIN UNNEST(reduce(sequence(1, 16), ARRAY[s._start],
    (way, step) -> if(element_at(m._links, element_at(way, -1)) IS NULL, way,
      way || element_at(m._links, element_at(way, -1))),
    way -> way)) AS u (_id)
),
slow_healed AS (
  SELECT c._winner_0 AS "shift_id",
    max_by(r."shop_id", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'shop_id')) AS "shop_id",
    max_by(r."employee_id", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'employee_id')) AS "employee_id",
    max_by(r."starts_at", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'starts_at')) AS "starts_at",
    max_by(r."ends_at", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'ends_at')) AS "ends_at",
    max_by(r."break_minutes", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'break_minutes')) AS "break_minutes",
    max_by(r."status", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'status')) AS "status",
    max_by(r."labour_cost", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'labour_cost')) AS "labour_cost",
    max_by(r."tags", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'tags')) AS "tags",
    max_by(r."plan", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'plan')) AS "plan",
    max_by(r."notes", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'notes')) AS "notes",
    max_by(r."updated_at", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'updated_at')) AS "updated_at",
    max_by(r."updated_at_micros", r._position) FILTER (WHERE r._absent IS NULL OR NOT contains(r._absent, 'updated_at')) AS "updated_at_micros"
  FROM slow_chain c JOIN slow_lives r ON r._id = c._id AND r._op <> 'delete'
  GROUP BY c._winner_0
)
SELECT b."shift_id", b."shop_id", b."employee_id", b."starts_at", b."ends_at", b."break_minutes", b."status", b."labour_cost", b."tags", b."plan", b."notes", b."updated_at", b."updated_at_micros", b."starts_at_day", b."_position", b."_committed_at", b."_extra"
FROM (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", "starts_at_day" FROM "workforce"."shifts_v1_base_000042" WHERE _op <> 'truncate' AND _position >= '0001-0000000000000001-0000000000') b
LEFT JOIN touched t ON t."shift_id" = b."shift_id"
WHERE t."shift_id" IS NULL
UNION ALL
SELECT l."shift_id" AS "shift_id",
  CASE WHEN contains(l._absent, 'shop_id') THEN h."shop_id" ELSE l."shop_id" END AS "shop_id",
  CASE WHEN contains(l._absent, 'employee_id') THEN h."employee_id" ELSE l."employee_id" END AS "employee_id",
  CASE WHEN contains(l._absent, 'starts_at') THEN h."starts_at" ELSE l."starts_at" END AS "starts_at",
  CASE WHEN contains(l._absent, 'ends_at') THEN h."ends_at" ELSE l."ends_at" END AS "ends_at",
  CASE WHEN contains(l._absent, 'break_minutes') THEN h."break_minutes" ELSE l."break_minutes" END AS "break_minutes",
  CASE WHEN contains(l._absent, 'status') THEN h."status" ELSE l."status" END AS "status",
  CASE WHEN contains(l._absent, 'labour_cost') THEN h."labour_cost" ELSE l."labour_cost" END AS "labour_cost",
  CASE WHEN contains(l._absent, 'tags') THEN h."tags" ELSE l."tags" END AS "tags",
  CASE WHEN contains(l._absent, 'plan') THEN h."plan" ELSE l."plan" END AS "plan",
  CASE WHEN contains(l._absent, 'notes') THEN h."notes" ELSE l."notes" END AS "notes",
  CASE WHEN contains(l._absent, 'updated_at') THEN h."updated_at" ELSE l."updated_at" END AS "updated_at",
  CASE WHEN contains(l._absent, 'updated_at') THEN h."updated_at_micros" ELSE l."updated_at_micros" END AS "updated_at_micros",
  CAST(CAST(CASE WHEN contains(l._absent, 'starts_at') THEN h."starts_at" ELSE l."starts_at" END AS date) AS varchar) AS "starts_at_day",
  l."_position",
  l."_committed_at",
  l."_extra"
FROM quick_latest l LEFT JOIN quick_healed h ON h."shift_id" = l."shift_id"
WHERE l._op <> 'delete'
UNION ALL
SELECT l."shift_id" AS "shift_id",
  CASE WHEN contains(l._absent, 'shop_id') THEN h."shop_id" ELSE l."shop_id" END AS "shop_id",
  CASE WHEN contains(l._absent, 'employee_id') THEN h."employee_id" ELSE l."employee_id" END AS "employee_id",
  CASE WHEN contains(l._absent, 'starts_at') THEN h."starts_at" ELSE l."starts_at" END AS "starts_at",
  CASE WHEN contains(l._absent, 'ends_at') THEN h."ends_at" ELSE l."ends_at" END AS "ends_at",
  CASE WHEN contains(l._absent, 'break_minutes') THEN h."break_minutes" ELSE l."break_minutes" END AS "break_minutes",
  CASE WHEN contains(l._absent, 'status') THEN h."status" ELSE l."status" END AS "status",
  CASE WHEN contains(l._absent, 'labour_cost') THEN h."labour_cost" ELSE l."labour_cost" END AS "labour_cost",
  CASE WHEN contains(l._absent, 'tags') THEN h."tags" ELSE l."tags" END AS "tags",
  CASE WHEN contains(l._absent, 'plan') THEN h."plan" ELSE l."plan" END AS "plan",
  CASE WHEN contains(l._absent, 'notes') THEN h."notes" ELSE l."notes" END AS "notes",
  CASE WHEN contains(l._absent, 'updated_at') THEN h."updated_at" ELSE l."updated_at" END AS "updated_at",
  CASE WHEN contains(l._absent, 'updated_at') THEN h."updated_at_micros" ELSE l."updated_at_micros" END AS "updated_at_micros",
  CAST(CAST(CASE WHEN contains(l._absent, 'starts_at') THEN h."starts_at" ELSE l."starts_at" END AS date) AS varchar) AS "starts_at_day",
  l."_position",
  l."_committed_at",
  l."_extra"
FROM slow_latest l LEFT JOIN slow_healed h ON h."shift_id" = l."shift_id"
WHERE l._op <> 'delete';
