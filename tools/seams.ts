/**
 * The seams: what production code may not reach for by itself, what it uses instead, and the few files that stand
 * behind a seam and so may (`docs/architecture.md`, "Seams").
 */

export interface Seam {
  /** What is forbidden, as a person says it. */
  readonly what: string
  readonly pattern: RegExp
  readonly instead: string
  /** File → why it may. */
  readonly allowed: Readonly<Record<string, string>>
}

const REAL_CLOCK = { 'base/real-clock.ts': 'the real clock' }

export const SEAMS: readonly Seam[] = [
  {
    what: 'the wall clock',
    pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)/,
    instead: 'environment.clock.wallMs()',
    allowed: REAL_CLOCK,
  },
  {
    what: 'the monotonic clock',
    pattern: /\bperformance\.(?:now|timeOrigin)\b|\bprocess\.hrtime\b|node:perf_hooks/,
    instead: 'environment.clock.monotonicMs()',
    allowed: REAL_CLOCK,
  },
  {
    what: 'timers',
    // A socket's own `setTimeout` is a method and not meant.
    pattern: /(?<![.\w])set(?:Timeout|Interval)\(|node:timers|\bAbortSignal\.timeout\b/,
    instead: 'environment.clock.setTimer() or sleep()',
    allowed: REAL_CLOCK,
  },
  {
    what: 'chance',
    pattern: /\bMath\.random\b|\brandom(?:Bytes|Int|UUID|FillSync|Fill)\b|\bgetRandomValues\b/,
    instead: 'environment.random',
    allowed: REAL_CLOCK,
  },
  {
    what: 'the filesystem',
    pattern: /'node:fs(?:\/promises)?'|'fs-xattr'/,
    instead: 'environment.disk',
    allowed: {
      'disk/real-disk.ts': 'the real disk',
      'disk/many-files-task.ts': 'the thread of the real disk',
    },
  },
  {
    what: 'other programs',
    pattern: /'node:child_process'/,
    instead: 'the RunProgram that was given',
    allowed: {
      'node/fork-process.ts': 'the processes of a cluster',
      'node/run-program.ts': 'programs that convert images, under limits',
    },
  },
  {
    what: 'the network',
    // Types of sockets open none.
    pattern:
      /^(?!\s*import type\b).*(?:'node:(?:net|http|https|http2|tls|dgram|dns)(?:\/promises)?'|'(?:\.\/|#http\/)node-http\.ts'|'undici(?:\/[^']*)?'|(?<![.\w])fetch\((?:['"`]|url\b|new\b))/,
    instead: 'http/server.ts to listen, a Transport to send',
    allowed: {
      'http/canonical-names.ts': 'the domain name system',
      'http/node-http.ts': 'what the files below use',
      'http/server.ts': 'the listening socket',
      'http/header-lines.ts': 'the names of statuses',
      'http/link-client.ts': 'the remote transport: offers links',
      'http/pooled-client.ts': 'the remote transport',
      'http/streaming-client.ts': 'the remote transport',
      'http/outside-client.ts': 'requests to servers outside of the cluster',
      'http/tcp-client.ts': 'connections to memcached',
      'node/ports.ts': 'looks for ports that nobody uses before a cluster is started',
      'node/public-port.ts': 'the port that the processes of a machine share',
    },
  },
]
