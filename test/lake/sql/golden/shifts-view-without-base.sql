WITH changes AS (SELECT *, 1 AS _rank FROM (SELECT * FROM "workforce"."shifts_v1_history" WHERE _revision IN (0)) WHERE _op <> 'truncate'),
latest AS (
  SELECT * FROM (
    SELECT r.*, row_number() OVER (PARTITION BY r."shift_id" ORDER BY r._position DESC, CASE WHEN r._op <> 'refused' THEN 0 ELSE 1 END, r._revision DESC, r._rank DESC, coalesce(cardinality(r._absent), 0)) AS _nth
    FROM changes r
    WHERE r._op <> 'refused'
  ) n
  WHERE _nth = 1
),
scope AS (
  SELECT "shift_id" FROM (SELECT "shift_id" FROM latest WHERE _op <> 'delete' AND coalesce(cardinality(_absent), 0) > 0) c
  UNION
  SELECT "shift_id" FROM (
    SELECT r."shift_id", r._op, r._position,
      max(r._position) OVER (PARTITION BY substr(r._position, 1, 31)) AS _pair
    FROM changes r
    WHERE r._op = 'delete' OR substr(r._position, 32, 1) = '1'
  ) m
  WHERE _op = 'delete' AND _pair = substr(_position, 1, 31) || '1' AND _pair <> _position
),
lives AS (
  SELECT _op, _position, _revision, _absent, "shift_id", _life, _last, CAST(length(CAST("shift_id" AS varchar)) AS varchar) || ':' || CAST("shift_id" AS varchar) || coalesce(_life, '') AS _id, CAST(length(CAST("shift_id" AS varchar)) AS varchar) || ':' || CAST("shift_id" AS varchar) || coalesce(_life_before, '') AS _id_before
  FROM (
    SELECT _op, _position, _revision, _absent, "shift_id", max(CASE WHEN _op <> 'refused' THEN _position END) OVER (PARTITION BY "shift_id") AS _last,
      max(CASE WHEN _op IN ('insert', 'load', 'delete', 'refused') OR (_rank <> 1 AND NOT coalesce(cardinality(_absent), 0) > 0) THEN _position END) OVER (PARTITION BY "shift_id" ORDER BY _position ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _life,
      max(CASE WHEN _op IN ('insert', 'load', 'delete', 'refused') OR (_rank <> 1 AND NOT coalesce(cardinality(_absent), 0) > 0) THEN _position END) OVER (PARTITION BY "shift_id" ORDER BY _position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _life_before
    FROM (
      SELECT r._op, r._position, r._revision, r._absent, r."shift_id", r._rank,
        row_number() OVER (PARTITION BY r."shift_id", r._position ORDER BY CASE WHEN r._op <> 'refused' THEN 0 ELSE 1 END, r._revision DESC, r._rank DESC, coalesce(cardinality(r._absent), 0)) AS _nth
      FROM changes r JOIN scope s ON s."shift_id" = r."shift_id"
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
  WHERE n._to IS NOT NULL AND n._life = n._position AND substr(n._position, 32, 1) = '1' AND n._op NOT IN ('delete', 'refused')
),
seeds AS (
  SELECT "shift_id" AS _winner_0, _id
  FROM lives WHERE _position = _last AND _op <> 'delete' AND coalesce(cardinality(_absent), 0) > 0
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
ways AS (SELECT _winner_0, "shift_id", _p, _r, _a FROM (SELECT c._winner_0, r."shift_id", r._position AS _p, r._revision AS _r, coalesce(r._absent, CAST(ARRAY[] AS array(varchar))) AS _a
    FROM chain c JOIN lives r ON r._id = c._id AND r._op NOT IN ('delete', 'refused'))),
healed AS (
  SELECT _winner_0 AS "shift_id", reduce(array_agg(_a), element_at(array_agg(_a), 1), (a, b) -> array_intersect(a, b), a -> a) AS _lacking,
    max_by("shop_id", _p) FILTER (WHERE NOT contains(_a, 'shop_id')) AS "shop_id",
    max_by("employee_id", _p) FILTER (WHERE NOT contains(_a, 'employee_id')) AS "employee_id",
    max_by("starts_at", _p) FILTER (WHERE NOT contains(_a, 'starts_at')) AS "starts_at",
    max_by("ends_at", _p) FILTER (WHERE NOT contains(_a, 'ends_at')) AS "ends_at",
    max_by("break_minutes", _p) FILTER (WHERE NOT contains(_a, 'break_minutes')) AS "break_minutes",
    max_by("status", _p) FILTER (WHERE NOT contains(_a, 'status')) AS "status",
    max_by("labour_cost", _p) FILTER (WHERE NOT contains(_a, 'labour_cost')) AS "labour_cost",
    max_by("tags", _p) FILTER (WHERE NOT contains(_a, 'tags')) AS "tags",
    max_by("plan", _p) FILTER (WHERE NOT contains(_a, 'plan')) AS "plan",
    max_by("notes", _p) FILTER (WHERE NOT contains(_a, 'notes')) AS "notes",
    max_by("updated_at", _p) FILTER (WHERE NOT contains(_a, 'updated_at')) AS "updated_at",
    max_by("updated_at_micros", _p) FILTER (WHERE NOT contains(_a, 'updated_at')) AS "updated_at_micros"
  FROM ways w JOIN changes r ON r."shift_id" = w."shift_id" AND r._position = _p AND r._revision = _r AND r._op <> 'refused' AND coalesce(r._absent, CAST(ARRAY[] AS array(varchar))) = _a
  GROUP BY _winner_0
)
SELECT l."shift_id", l."shop_id", l."employee_id", l."starts_at", l."ends_at", l."break_minutes", l."status", l."labour_cost", l."tags", l."plan", l."notes", l."updated_at", l."updated_at_micros", CAST(CAST(l."starts_at" AS date) AS varchar) AS "starts_at_day", l."_position", l."_committed_at", l."_extra"
FROM latest l
WHERE l._op <> 'delete' AND NOT (l._op <> 'delete' AND coalesce(cardinality(l._absent), 0) > 0)
UNION ALL
SELECT h."shift_id", h."shop_id", h."employee_id", h."starts_at", h."ends_at", h."break_minutes", h."status", h."labour_cost", h."tags", h."plan", h."notes", h."updated_at", h."updated_at_micros", CAST(CAST(h."starts_at" AS date) AS varchar) AS "starts_at_day", l."_position", l."_committed_at", l."_extra"
FROM latest l JOIN healed h ON h."shift_id" = l."shift_id"
WHERE (l._op <> 'delete' AND coalesce(cardinality(l._absent), 0) > 0) AND NOT coalesce(cardinality(h._lacking), 0) > 0;
