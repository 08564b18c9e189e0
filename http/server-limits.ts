/** What one client may ask of a server before it is refused. */
import { MAX_HEADER_COUNT, MAX_HEADER_LINE_BYTES, MAX_HEADERS_BYTES } from '#base/limits.ts'

export interface ServerLimits {
  /** Longest request target, bytes; longer is 414. */
  readonly requestLineBytes: number
  /** Longest header line, bytes; longer is 400. */
  readonly headerLineBytes: number
  /** All header lines of a request together, bytes; more is 400. */
  readonly headersBytes: number
  /** Header lines of a request; more is 431. */
  readonly headerCount: number
  /** Longest silence of a client in the middle of a request, milliseconds; then 408. */
  readonly clientTimeoutMs: number
  /** How long an idle connection is kept, milliseconds. */
  readonly keepAliveMs: number
  /** Connections at a time; more are closed at once. */
  readonly maxConnections: number
  /** Requests that a client may send ahead on one connection. */
  readonly pipelinedRequests: number
  /** An unread request body of at most this many bytes is read and forgotten to keep the connection. */
  readonly drainBytes: number
  /** A longer one is read for at most this many bytes and milliseconds while the answer travels; then it is cut. */
  readonly lingerBytes: number
  readonly lingerMs: number
}

const KIB = 1024
const MIB = 1024 * KIB

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  requestLineBytes: MAX_HEADER_LINE_BYTES,
  headerLineBytes: MAX_HEADER_LINE_BYTES,
  headersBytes: MAX_HEADERS_BYTES,
  headerCount: MAX_HEADER_COUNT,
  // OpenStack Swift `client_timeout`.
  clientTimeoutMs: 60_000,
  keepAliveMs: 65_000,
  maxConnections: 16_384,
  pipelinedRequests: 64,
  drainBytes: 64 * KIB,
  lingerBytes: 8 * MIB,
  lingerMs: 2_000,
}
