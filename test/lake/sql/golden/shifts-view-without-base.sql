CREATE OR REPLACE VIEW "workforce"."shifts" AS
WITH latest AS (
  SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros" FROM (
    SELECT r."_op", r."_position", r."_revision", r."_committed_at", r."_absent", r."_extra", r."shift_id", r."shop_id", r."employee_id", r."starts_at", r."ends_at", r."break_minutes", r."status", r."labour_cost", r."tags", r."plan", r."notes", r."updated_at", r."updated_at_micros", row_number() OVER (PARTITION BY r."shift_id" ORDER BY r._position DESC, r._revision DESC, r._rank DESC) AS _nth
    FROM (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", 1 AS _rank FROM (SELECT * FROM "workforce"."shifts_v1_history" WHERE _revision IN (0)) WHERE _op <> 'truncate') r
  ) n
  WHERE _nth = 1
),
scope AS (
  SELECT "shift_id" FROM (SELECT "shift_id" FROM latest WHERE _op <> 'delete' AND cardinality(_absent) > 0) c
  UNION
  SELECT "shift_id" FROM (
    SELECT r."shift_id", r._op, r._position,
      max(r._position) OVER (PARTITION BY substr(r._position, 1, 31)) AS _pair
    FROM (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", 1 AS _rank FROM (SELECT * FROM "workforce"."shifts_v1_history" WHERE _revision IN (0)) WHERE _op <> 'truncate') r
    WHERE r._op = 'delete' OR substr(r._position, 32, 1) = '1'
  ) m
  WHERE _op = 'delete' AND _pair = substr(_position, 1, 31) || '1' AND _pair <> _position
),
lives AS (
  SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", _life, _last, CAST(length(CAST("shift_id" AS varchar)) AS varchar) || ':' || CAST("shift_id" AS varchar) || coalesce(_life, '') AS _id, CAST(length(CAST("shift_id" AS varchar)) AS varchar) || ':' || CAST("shift_id" AS varchar) || coalesce(_life_before, '') AS _id_before
  FROM (
    SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", _rank, max(_position) OVER (PARTITION BY "shift_id") AS _last,
      max(CASE WHEN _op IN ('insert', 'load', 'delete') OR _rank <> 1 THEN _position END) OVER (PARTITION BY "shift_id" ORDER BY _position ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _life,
      max(CASE WHEN _op IN ('insert', 'load', 'delete') OR _rank <> 1 THEN _position END) OVER (PARTITION BY "shift_id" ORDER BY _position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _life_before
    FROM (
      SELECT r."_op", r."_position", r."_revision", r."_committed_at", r."_absent", r."_extra", r."shift_id", r."shop_id", r."employee_id", r."starts_at", r."ends_at", r."break_minutes", r."status", r."labour_cost", r."tags", r."plan", r."notes", r."updated_at", r."updated_at_micros", r._rank,
        row_number() OVER (PARTITION BY r."shift_id", r._position ORDER BY r._revision DESC, r._rank DESC) AS _nth
      FROM (SELECT "_op", "_position", "_revision", "_committed_at", "_absent", "_extra", "shift_id", "shop_id", "employee_id", "starts_at", "ends_at", "break_minutes", "status", "labour_cost", "tags", "plan", "notes", "updated_at", "updated_at_micros", 1 AS _rank FROM (SELECT * FROM "workforce"."shifts_v1_history" WHERE _revision IN (0)) WHERE _op <> 'truncate') r JOIN scope s ON s."shift_id" = r."shift_id"
    ) n
    WHERE _nth = 1
  ) w
),
moves AS (
  SELECT n._from, n._to FROM (
    SELECT _id AS _from, _op, _position, _life,
      lag(_id_before) OVER (PARTITION BY substr(_position, 1, 31) ORDER BY _position) AS _to
    FROM lives
    WHERE substr(_position, 32, 1) = '1' OR _op = 'delete'
  ) n
  WHERE n._to IS NOT NULL AND n._life = n._position AND substr(n._position, 32, 1) = '1' AND n._op <> 'delete'
),
seeds AS (
  SELECT "shift_id" AS _winner_0, _id
  FROM lives WHERE _position = _last AND _op <> 'delete' AND cardinality(_absent) > 0
),
chain AS (
  SELECT s._winner_0, u._id
  FROM (SELECT _winner_0, _id AS _start FROM seeds) s
  CROSS JOIN (SELECT map_agg(_from, _to) AS _links FROM moves) m
  CROSS JOIN UNNEST(reduce(sequence(1, 16), ARRAY[s._start],
    (way, step) -> if(element_at(m._links, element_at(way, -1)) IS NULL, way,
      way || element_at(m._links, element_at(way, -1))),
    way -> way)) AS u (_id)
),
healed AS (
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
  FROM chain c JOIN lives r ON r._id = c._id AND r._op <> 'delete'
  GROUP BY c._winner_0
)
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
FROM latest l LEFT JOIN healed h ON h."shift_id" = l."shift_id"
WHERE l._op <> 'delete';
