/*
 * Module hooks for contract folders anywhere on the disk: `#contract` and `zod` are Tidemark's own there, and a `.ts`
 * file is a module whatever package.json is above it. Runs on Node's loader thread, before TypeScript is known.
 */
let parentURL = ''
let folder = ''
/* The instance that the commands have, where they are bundled. */
let language

export function initialize(data) {
  parentURL = data.parentURL
  folder = data.folder
  language = data.language
}

export async function resolve(specifier, context, next) {
  const isOurs = context.parentURL?.startsWith(folder) && /^(#contract|zod(\/.*)?)$/.test(specifier)
  if (isOurs && language !== undefined && specifier === '#contract')
    return { url: language, format: 'module', shortCircuit: true }
  const resolved = await next(specifier, isOurs ? { ...context, parentURL } : context)
  const isContract = resolved.url.startsWith(folder) && /\.ts(\?|$)/.test(resolved.url)
  return isContract ? { ...resolved, format: 'module' } : resolved
}
