/**
 * SELECT of `now`, `key`, `begins`, `ends`: for each row of `rows` (`key`, `position`) its life on the way back, and where that
 * began with a change of the key, the life of the key before, and so on. A life begins with a delete, with a refused
 * change or with a change of the key, whatever is the last; `begins` is null where nothing says so. `turns` selects
 * `key`, `_position`, `_op` of such changes, and may have others.
 */
export function livesSelect(turns: string, rows: string): string {
  return `WITH RECURSIVE
    turns AS MATERIALIZED (${turns}),
    starts AS MATERIALIZED (SELECT key, _position FROM turns WHERE _op IN ('delete', 'refused') OR right(_position, 1) = '1'),
    moves AS MATERIALIZED (
      SELECT n.key AS entered_key, n._position AS entered, o.key AS left_key, o._position AS left_at
      FROM turns n JOIN turns o ON o._op = 'delete' AND o._position = left(n._position, 31) || '0'
      WHERE right(n._position, 1) = '1' AND n._op NOT IN ('delete', 'refused')),
    way AS (
      SELECT now, key, ends, begins FROM (
        SELECT g.key AS now, g.key, g.position AS ends, max(s._position) AS begins
        FROM ${rows} g LEFT JOIN starts s ON s.key = g.key AND s._position <= g.position
        GROUP BY g.key, g.position)
      UNION
      SELECT w.now, m.left_key, m.left_at,
        (SELECT max(s._position) FROM starts s WHERE s.key = m.left_key AND s._position < m.left_at)
      FROM way w JOIN moves m ON m.entered_key = w.key AND m.entered = w.begins
    )
    SELECT now, key, begins, ends FROM way`
}
