/** Real caches before a cluster, as `docs/websites.md` sets them up; each runs in the foreground and ends with the test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { portListens } from '#bench/child-processes.ts'
import { temporaryDirectory } from '#test/running-cluster.ts'

export interface Cache {
  /** Where visitors come. */
  readonly url: string
}

const READY_WITHIN_MS = 60_000
const POLL_MS = 50

/** What is asked of the cache is asked of the site at `origin`, an address with its path and a slash at the end. */
type StartCache = (t: Test, origin: string) => Promise<Cache>

const startNginx: StartCache = async (t, origin) => {
  const folder = temporaryDirectory(t)
  const port = await freePort()
  writeFileSync(join(folder, 'nginx.conf'), nginxConfiguration(folder, port, origin))
  return start(t, 'nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], port)
}

function nginxConfiguration(folder: string, port: number, origin: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${folder}/${kind};`,
  )
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
${temporary.join('\n')}
  proxy_cache_path ${folder}/cache keys_zone=site:1m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass ${origin};
      proxy_cache site;
      proxy_cache_revalidate on;
    }
  }
}
`
}

const startTrafficServer: StartCache = async (t, origin) => {
  const folder = temporaryDirectory(t)
  const port = await freePort()
  for (const name of ['etc', 'log', 'run', 'cache']) mkdirSync(join(folder, name))
  for (const [name, text] of Object.entries(trafficServerConfiguration(folder, port, origin))) {
    writeFileSync(join(folder, name), text)
  }
  return start(t, 'traffic_server', [`--run-root=${join(folder, 'runroot.yaml')}`], port)
}

function trafficServerConfiguration(folder: string, port: number, origin: string): Record<string, string> {
  const places = {
    prefix: '/usr',
    exec_prefix: '/usr',
    bindir: '/usr/bin',
    sbindir: '/usr/sbin',
    sysconfdir: `${folder}/etc`,
    datadir: '/usr/share/trafficserver',
    includedir: '/usr/include',
    libdir: '/usr/lib/trafficserver',
    libexecdir: '/usr/lib/trafficserver/modules',
    localstatedir: folder,
    runtimedir: `${folder}/run`,
    logdir: `${folder}/log`,
    mandir: '/usr/share/man',
    infodir: '/usr/share/info',
    cachedir: `${folder}/cache`,
  }
  const site = `http://127.0.0.1:${port}/`
  return {
    'runroot.yaml': Object.entries(places)
      .map(([name, path]) => `${name}: ${path}\n`)
      .join(''),
    'etc/storage.config': `${folder}/cache 16M\n`,
    'etc/remap.config': `map ${site} ${origin}\nreverse_map ${origin} ${site}\n`,
    'etc/ip_allow.yaml': 'ip_allow: [{ apply: in, ip_addrs: 127.0.0.1, action: allow, methods: ALL }]\n',
    'etc/records.config': `CONFIG proxy.config.http.server_ports STRING ${port}
CONFIG proxy.config.http.wait_for_cache INT 1
CONFIG proxy.config.admin.user_id STRING #-1
CONFIG proxy.config.crash_log_helper STRING NULL
CONFIG proxy.config.exec_thread.autoconfig INT 0
CONFIG proxy.config.exec_thread.limit INT 1
CONFIG proxy.config.log.logging_enabled INT 0
CONFIG proxy.config.url_remap.pristine_host_hdr INT 0
`,
  }
}

/** By the name of their program. */
export const CACHES: Readonly<Record<string, StartCache>> = {
  nginx: startNginx,
  traffic_server: startTrafficServer,
}

async function start(t: Test, program: string, args: readonly string[], port: number): Promise<Cache> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += String(chunk)
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  child.once('error', (error) => {
    complaint += error.message
  })
  t.teardown(async () => {
    if (isRunning(child)) child.kill('SIGKILL')
    await ended
  })
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS && isRunning(child); waitedMs += POLL_MS) {
    if (await portListens(port)) return { url: `http://127.0.0.1:${port}` }
    await sleep(POLL_MS)
  }
  throw new Error(`${program} did not start: ${complaint}`)
}

function isRunning({ exitCode, signalCode, pid }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null
}

/** A port that nobody listens on just now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port)
        else reject(new Error('no port'))
      })
    })
  })
}
