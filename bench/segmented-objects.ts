/** A plain object and large objects of the same bytes: how they are made, and how one of them is read and compared. */
import { type Answer, Connection } from './connection.ts'
import { matches, type Payload, payloadOf } from './payload.ts'
import { usageOf } from './process-usage.ts'
import type { SwiftSession } from './swift-session.ts'

const MIB = 1024 * 1024
/** Objects that are sent at the same time. */
const FILLERS = 4
/** A plain object is on three devices of four, and near to most processes or far from one: its segments are spread. */
const PLAIN_COPIES = 4

export interface LargeObject {
  readonly label: string
  /** Paths below the account: of the same bytes at several places, where one place would be luck. */
  readonly paths: readonly string[]
  readonly payload: Payload
  /** `undefined`: it is a plain one. */
  readonly segmentMib: number | undefined
}

export interface Reading {
  readonly bytes: number
  readonly seconds: number
  /** Of the servers. */
  readonly cpuSeconds: number
  /** Until the first byte of the first body, milliseconds. */
  readonly firstByteMs: number
}

/** The plain object first. Throws when the cluster refuses one of them. */
export async function makeObjects(
  session: SwiftSession,
  mib: number,
  segmentSizes: readonly number[],
): Promise<readonly LargeObject[]> {
  const payload = payloadOf(0, mib * MIB)
  await session.makeContainer('segmented')
  const paths = Array.from({ length: PLAIN_COPIES }, (_, number) => `/segmented/plain-${number}`)
  for (const path of paths) await put(session, path, payload)
  const objects: LargeObject[] = [{ label: 'plain', paths, payload, segmentMib: undefined }]
  for (const segmentMib of segmentSizes) {
    const segments = await makeSegments(session, mib, segmentMib)
    const manifests = { SLO: `/segmented/static-${segmentMib}`, DLO: `/segmented/dynamic-${segmentMib}` }
    await send(session, 'PUT', `${manifests.SLO}?multipart-manifest=put`, {}, JSON.stringify(segments))
    await send(session, 'PUT', manifests.DLO, { 'X-Object-Manifest': `segments-${segmentMib}/s` })
    for (const [kind, path] of Object.entries(manifests)) {
      objects.push({ label: `${kind}, segments of ${segmentMib} MiB`, paths: [path], payload, segmentMib })
    }
  }
  return objects
}

interface ManifestEntry {
  readonly path: string
  readonly size_bytes: number
  readonly etag: string
}

async function makeSegments(
  session: SwiftSession,
  mib: number,
  segmentMib: number,
): Promise<readonly ManifestEntry[]> {
  const container = `segments-${segmentMib}`
  await session.makeContainer(container)
  const payload = payloadOf(0, segmentMib * MIB)
  const entries = Array.from({ length: mib / segmentMib }, (_, index) => ({
    path: `/${container}/s${String(index).padStart(6, '0')}`,
    size_bytes: payload.sizeBytes,
    etag: payload.md5,
  }))
  const waiting = [...entries]
  const filler = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await put(session, next.path, payload)
    }
  }
  await Promise.all(Array.from({ length: FILLERS }, filler))
  return entries
}

/** Reads the whole object on each connection at once; `round` picks its place. Throws when a byte differs. */
export async function readObject(
  session: SwiftSession,
  { paths, payload }: LargeObject,
  how: { readonly round: number; readonly connections: number; readonly pids: readonly number[] },
): Promise<Reading> {
  const path = paths[how.round % paths.length] ?? ''
  const before = usageOf(how.pids)
  const begunMs = performance.now()
  const firsts = await Promise.all(
    Array.from({ length: how.connections }, () => readOnce(session, path, payload)),
  )
  return {
    bytes: how.connections * payload.sizeBytes,
    seconds: (performance.now() - begunMs) / 1000,
    cpuSeconds: usageOf(how.pids).cpuSeconds - before.cpuSeconds,
    firstByteMs: (firsts[0] ?? Number.NaN) - begunMs,
  }
}

async function readOnce(session: SwiftSession, path: string, payload: Payload): Promise<number> {
  let [firstMs, same] = [0, true]
  const answer = await exchange(session, {
    head: headOf(session, 'GET', path, {}),
    method: 'GET',
    sink: (piece, position) => {
      if (position === 0) firstMs = performance.now()
      same &&= matches(payload, piece, position)
    },
  })
  if (answer.status !== 200 || answer.bodyBytes !== payload.sizeBytes || !same) {
    throw new Error(
      `GET of ${path}: ${answer.status}, ${answer.bodyBytes} bytes, ${same ? 'as sent' : 'others'}`,
    )
  }
  return firstMs
}

async function put(session: SwiftSession, path: string, payload: Payload): Promise<void> {
  const headers = { 'Content-Length': String(payload.sizeBytes) }
  const outgoing = { body: payload.block, times: payload.times }
  await stored(
    path,
    exchange(session, { ...outgoing, head: headOf(session, 'PUT', path, headers), method: 'PUT' }),
  )
}

async function send(
  session: SwiftSession,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  text = '',
): Promise<void> {
  const body = Buffer.from(text)
  const head = headOf(session, method, path, { ...headers, 'Content-Length': String(body.length) })
  await stored(path, exchange(session, { head, method, ...(body.length === 0 ? {} : { body }) }))
}

async function stored(path: string, answering: Promise<Answer>): Promise<void> {
  const { status } = await answering
  if (status !== 201) throw new Error(`PUT of ${path} was answered with ${status}`)
}

async function exchange(
  { host, port }: SwiftSession,
  outgoing: Parameters<Connection['exchange']>[0],
): Promise<Answer> {
  const connection = new Connection(host, port)
  try {
    return await connection.exchange(outgoing)
  } finally {
    connection.close()
  }
}

function headOf(
  { host, port, token, accountPath }: SwiftSession,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): string {
  const all = { Host: `${host}:${port}`, 'X-Auth-Token': token, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${accountPath}${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}
