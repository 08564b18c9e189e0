/** Continuation tokens: where a listing goes on, in a form that clients hand back and do not read. */

const VERSION = '1'

/** A token that holds the text. */
export function encodeToken(text: string): string {
  return VERSION + Buffer.from(text).toString('base64url')
}

/** The text in a token; `undefined` when it is none of ours. */
export function decodeToken(token: string): string | undefined {
  const written = token.slice(VERSION.length)
  if (!token.startsWith(VERSION) || !/^[A-Za-z0-9_-]*$/.test(written)) return undefined
  const bytes = Buffer.from(written, 'base64url')
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) && !text.includes('\0') ? text : undefined
}
