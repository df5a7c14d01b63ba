/** A reader, what npm installs for it, and how the page names it. */
export interface Reader {
  /** As `read-with.mjs` knows it. */
  readonly id: string
  readonly title: string
  readonly packages: readonly string[]
}

/* By its name: npm leaves it out where it cannot tell which libc there is. */
const POLARS_LIBRARY = process.platform === 'linux' ? [`nodejs-polars-linux-${process.arch}-gnu@0.26.1`] : []

export const readers: readonly Reader[] = [
  { id: 'duckdb', title: 'DuckDB 1.5.6', packages: ['@duckdb/node-api@1.5.6-r.1'] },
  { id: 'hyparquet', title: 'hyparquet 1.33.0', packages: ['hyparquet@1.33.0'] },
  { id: 'hyparquet-old', title: 'hyparquet 1.31.5', packages: ['hyparquet-old@npm:hyparquet@1.31.5'] },
  {
    id: 'arrow',
    title: 'arrow-rs (parquet-wasm 0.8.0)',
    packages: ['parquet-wasm@0.8.0', 'apache-arrow@21.2.0'],
  },
  { id: 'polars', title: 'nodejs-polars 0.26.1', packages: ['nodejs-polars@0.26.1', ...POLARS_LIBRARY] },
  { id: 'clickhouse', title: 'ClickHouse (chdb 3.4.0)', packages: ['chdb@3.4.0'] },
  { id: 'parquetjs-lite', title: 'parquetjs-lite 0.8.7', packages: ['parquetjs-lite@0.8.7'] },
  { id: 'dsnp', title: '@dsnp/parquetjs 1.8.8', packages: ['@dsnp/parquetjs@1.8.8'] },
]
