/** One request of the script that is sent to both sides. Names are sentences and unique; they are quoted in reports. */

/** Who sends it; each is signed in once on each side. `nobody` sends no token. */
export type Sender = 'tester' | 'plain' | 'other' | 'reseller' | 'nobody'

export interface Step {
  readonly name: string
  /** `tester`, the administrator of the account `AUTH_test`, if not given. */
  readonly as?: Sender
  readonly method: string
  /** As it goes over the wire. A leading `~` stands for the path of the account `AUTH_test`; for the rest see `headers`. */
  readonly path: string
  /** `{header NAME of STEP}` in a value stands for what the same side answered to an earlier step. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** `length` sends Content-Length (the default with a body), `chunked` one chunk, `none` nothing at all. */
  readonly framing?: 'length' | 'chunked' | 'none'
  /** The whole request, when it is not even one. `{host}`, `{token}` and `~` are replaced. */
  readonly raw?: string
}

export type Request = Omit<Step, 'name'>

/** Steps from a table of name and request; `group` is put before each name. */
export function steps(group: string, table: Readonly<Record<string, Request>>): readonly Step[] {
  return Object.entries(table).map(([name, request]) => ({ name: `${group}: ${name}`, ...request }))
}

export function get(path: string, headers: Readonly<Record<string, string>> = {}): Request {
  return { method: 'GET', path, headers }
}

export function head(path: string, headers: Readonly<Record<string, string>> = {}): Request {
  return { method: 'HEAD', path, headers }
}

export function put(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body: string | Buffer = '',
): Request {
  return { method: 'PUT', path, headers, body }
}

export function post(path: string, headers: Readonly<Record<string, string>> = {}): Request {
  return { method: 'POST', path, headers, body: '' }
}

export function remove(path: string, headers: Readonly<Record<string, string>> = {}): Request {
  return { method: 'DELETE', path, headers }
}

export function options(path: string, headers: Readonly<Record<string, string>> = {}): Request {
  return { method: 'OPTIONS', path, headers }
}

/** The same request sent by somebody else. */
export function by(as: Sender, request: Request): Request {
  return { ...request, as }
}

/** Bytes that are no request a client library would send. */
export function raw(text: string): Request {
  return { method: text.split(' ', 1)[0] ?? '', path: '', raw: text }
}
