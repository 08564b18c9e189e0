/** A memcached of a test's own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Test } from 'tap'

/** A port that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Ended with the test, if not before. */
export async function startMemcached(
  t: Test,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const port = await freePort()
  const child = spawn('memcached', ['-l', '127.0.0.1', '-p', String(port), '-U', '0', '-u', 'nobody'], {
    stdio: 'ignore',
  })
  t.teardown(() => child.kill('SIGKILL'))
  return { child, port }
}
