/** Of a function's memory: for Node, its buffers and the SDK. */
const OTHERS_MIB = 320
const LEAST_MB = 256

/** Memory of DuckDB in a function of so many MiB, as DuckDB writes it; it may pass it by a fifth. */
export function engineMemory(functionMib: number): string {
  return `${Math.max(LEAST_MB, Math.floor((functionMib - OTHERS_MIB) * 0.75))}MB`
}
