/**
 * JSON lines, one schema: `time`, `level`, `msg`, and the fields of the child logger (`room`, `device`, `txId`…).
 * Rooms take a `Logger`; only `createLogger` knows the library behind it.
 */
import pino from 'pino'
import type { Clock } from './environment.ts'

export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  child(fields: LogFields): Logger
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** A logger writing to file descriptor `fd` (2 = standard error) with times from the given clock. */
export function createLogger(options: {
  readonly level: LogLevel
  readonly clock: Clock
  readonly fd?: number
}): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date(options.clock.wallMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: ['authorization', 'x-auth-token', 'x-auth-key', 'x-storage-pass', 'x-storage-token'],
    },
    pino.destination({ fd: options.fd ?? 2, sync: true }),
  )
}

/** Says nothing; for tests. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
