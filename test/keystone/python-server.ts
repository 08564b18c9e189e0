/** Programs of OpenStack that are written for a Python web server, served by uWSGI on a loopback port. */
import { join } from 'node:path'
import { type StartedProcess, startProcess, waitForPort } from '#bench/child-processes.ts'

const UP_WITHIN_MS = 60_000
/** Its HTTP socket keeps no connection, and must say so. */
const CONNECTION = ['--add-header', 'Connection: close']
const UWSGI = `--master --processes 1 --threads 1
  --enable-threads --lazy-apps --need-app --buffer-size 65535 --die-on-term --disable-logging`

export interface PythonServer {
  readonly name: string
  /** File that makes the application. */
  readonly program: string
  /** Where it runs, and logs to `uwsgi.log`. */
  readonly home: string
  readonly port: number
  readonly environment: Readonly<Record<string, string>>
}

/** Resolves when it takes connections. Whoever starts it stops it. */
export async function startPython({
  name,
  program,
  home,
  port,
  environment,
}: PythonServer): Promise<StartedProcess> {
  const where = ['--http-socket', `127.0.0.1:${port}`, '--plugins', 'python3', '--wsgi-file', program]
  const server = await startProcess({
    name,
    program: 'uwsgi',
    args: [...where, ...UWSGI.split(/\s+/), ...CONNECTION],
    environment,
    logFile: join(home, 'uwsgi.log'),
    directory: home,
  })
  await waitForPort(port, server, UP_WITHIN_MS)
  return server
}
