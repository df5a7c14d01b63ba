/** The name that GitHub gives a heading for links to it: small letters, what is neither letter, digit, `_` nor `-` left out. */
export function anchorOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-')
}

/** The places in a page that a link can lead to; a heading that comes again gets a number. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutBlocks(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const name = anchorOf(heading)
    let free = name
    for (let again = 1; anchors.has(free); again += 1) free = `${name}-${again}`
    anchors.add(free)
  }
  return anchors
}

/** Where the links of a page lead, those to other sites left out: file (empty for the page itself) and place. */
export function linksOf(page: string): readonly { readonly file: string; readonly anchor: string }[] {
  const inline = [...page.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)]
  const references = [...page.matchAll(/^\[[^\]]+\]: (?!https?:)([^#\s]*)(?:#(\S*))?$/gm)]
  return [...inline, ...references].map(([, file = '', anchor = '']) => ({ file, anchor }))
}

/* A line of shell that begins with # is no heading. */
function withoutBlocks(page: string): string {
  return page.replace(/^ *```[\s\S]*?^ *```$/gm, '')
}
