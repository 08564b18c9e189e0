/** Addresses in options, `host:port`; IPv6 addresses in brackets. */
import type { ValueParser } from '#base/option-values.ts'
import type { Endpoint } from '#http/transport.ts'

const WRITTEN = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/
const PORT_MAX = 65_535

/** The kind of option that takes one address; it stays a text, so that it can be printed and sent as it was written. */
export const address: ValueParser<string> = (written) => {
  const match = typeof written === 'string' ? WRITTEN.exec(written) : null
  if (match === null || Number(match[3]) > PORT_MAX)
    return { kind: 'expected', expected: 'an address, host:port' }
  return { kind: 'value', value: written as string }
}

/** The parts of an address that the option accepted. */
export function parseEndpoint(written: string): Endpoint {
  const [, bracketed, plain, port] = WRITTEN.exec(written) ?? []
  return { host: bracketed ?? plain ?? '', port: Number(port) }
}
