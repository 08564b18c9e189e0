/** Percent-encoding as Python's `urllib.parse.quote` does it, which is how OpenStack Swift writes names into answers. */

/** Everything but letters, digits, `_.-~` and what `safe` lists (ASCII) is encoded as UTF-8. */
export function quotedText(text: string, safe = '/'): string {
  let quoted = ''
  for (const character of text) {
    quoted += isUnreserved(character) || safe.includes(character) ? character : encoded(character)
  }
  return quoted
}

function isUnreserved(character: string): boolean {
  return /^[A-Za-z0-9_.~-]$/.test(character)
}

function encoded(character: string): string {
  const bytes = [...Buffer.from(character)]
  return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
}
