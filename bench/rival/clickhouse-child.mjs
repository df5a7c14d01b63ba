/*
 * ClickHouse in a process of its own: statements come as lines of JSON on standard input, answers go as lines to standard
 * output. It is given where the package is installed and a folder for its data.
 */
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const [, , installed, folder] = process.argv
const { Session } = createRequire(`${installed}/package.json`)('chdb')
const session = new Session(folder)

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const rows = session.query(JSON.parse(line), 'TSV')
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
    const cpuMs = (userCPUTime + systemCPUTime) / 1_000
    process.stdout.write(
      `${JSON.stringify({ rows: String(rows), cpuMs, peakMb: Math.round(maxRSS / 1_024) })}\n`,
    )
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: String(error).slice(0, 400) })}\n`)
  }
}
process.exit(0)
