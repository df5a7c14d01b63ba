interface Rule {
  readonly name: string
  readonly pattern: RegExp
  readonly text: string
}

/*
 * What differs from run to run, by name and only where the command line writes it. Everything else of an output,
 * counts and names and texts, is compared as it is.
 */
const rules: readonly Rule[] = [
  {
    name: 'line that a run prints about itself every few seconds',
    pattern: /^captured [\d,]+\/s · formatted [\d,]+\/s · landed .* · memory [\d,]+ MB.*\n/gm,
    text: '',
  },
  {
    name: 'progress of an operation that takes more than a second',
    pattern:
      /^(considered [\d,]+|done \d+ · pages \d+ · rows \d+ · refused \d+|compared \S+: [\d,]+ rows in .*\/s)\n/gm,
    text: '',
  },
  { name: 'seconds since the start', pattern: /^✔ +\d+\.\d s {2}/gm, text: '✔ <seconds> ' },
  { name: 'time a check took', pattern: /, \d+\.\d s$/gm, text: ', <seconds>' },
  { name: 'port of the server', pattern: /(?<=on 127\.0\.0\.1:)\d+/g, text: '<port>' },
  {
    name: 'instant of an event of the run',
    pattern: /(?<=as of |since |"committed-at":")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?/g,
    text: '<instant>',
  },
  {
    name: 'first seen, last seen and example of a cause',
    pattern: / \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d {2}[0-9a-f]{10}$/gm,
    text: ' <instant> <instant> <entry>',
  },
  {
    name: 'position',
    pattern: /\b[0-9a-f]{4}-[0-9a-f]{16}-[0-9a-f]{10}\b/g,
    text: '<position>',
  },
  { name: 'pages that batches made', pattern: /(?<=changes of )\d+ pages?(?=:)/g, text: '<pages>' },
  { name: 'rate', pattern: /(?<=captured |formatted |landed )[\d,]+(?=\/s)/g, text: '<rate>' },
  { name: 'freshness', pattern: /, fresh after [\d,]+ ms \(p99 [\d,]+ ms\)/g, text: '' },
  { name: 'age of a proof', pattern: /(?<=(?:equal|differ) )\d+ (?:s|min|h)(?= ago)/g, text: '<age>' },
  { name: 'memory', pattern: /(?<=; )[\d,]+(?= MB$)/gm, text: '<memory>' },
]

/** An output with what varies replaced by its name. */
export function steady(output: string): string {
  return rules.reduce((text, { pattern, text: name }) => text.replace(pattern, name), output)
}
