/**
 * A record as it is stored: one line of JSON that says what it is, so that it is understood when its kind has grown, and
 * by whoever finds it without us.
 *
 *     {"martlet":"users","version":1,"value":{…}}
 */
import { strict as assert } from 'node:assert'
import { RECORD_BYTES_MAX, type RecordKind } from './contract.ts'

export const RECORD_CONTENT_TYPE = 'application/json'

/** Throws when it is longer than a record may be: whoever makes records bounds them. */
export function encodeRecord<Value>({ name, version }: RecordKind<Value>, value: Value): Buffer {
  const bytes = Buffer.from(`${JSON.stringify({ martlet: name, version, value })}\n`)
  assert(bytes.length <= RECORD_BYTES_MAX, `a record of ${name} has ${bytes.length} bytes`)
  return bytes
}

export type Decoded<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'unreadable'; readonly reason: string }

export function decodeRecord<Value>(kind: RecordKind<Value>, bytes: Buffer): Decoded<Value> {
  const written = objectIn(bytes)
  if (written === undefined || written['martlet'] !== kind.name) {
    return unreadable(`it is no record of ${kind.name}`)
  }
  const { version } = written
  if (typeof version !== 'number') return unreadable('it has no version')
  if (version > kind.version) {
    return unreadable(`it is of version ${version}; this Martlet knows version ${kind.version}`)
  }
  const value = kind.parse(written['value'], version)
  return value === undefined ? unreadable('its value is damaged') : { kind: 'value', value }
}

function unreadable(reason: string): Decoded<never> {
  return { kind: 'unreadable', reason }
}

function objectIn(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
