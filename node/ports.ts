/** Ports for the storage servers of a cluster on one machine. */
import { createServer } from 'node:net'

const LAST_PORT = 65_535

/** The lowest `count` ports from `first` upward that nothing listens on now, `avoid` left out. */
export async function pickFreePorts(options: {
  readonly host: string
  readonly first: number
  readonly count: number
  readonly avoid: ReadonlySet<number>
}): Promise<readonly number[]> {
  const free: number[] = []
  for (let port = options.first; port <= LAST_PORT && free.length < options.count; port += 1) {
    if (!options.avoid.has(port) && (await isFreePort(options.host, port))) free.push(port)
  }
  if (free.length < options.count)
    throw new Error(`no ${options.count} free ports from ${options.first} upward`)
  return free
}

/** Can the port be listened on now? */
export function isFreePort(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
