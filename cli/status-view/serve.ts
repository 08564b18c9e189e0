/**
 * `martlet status --serve`: the state of the cluster as a page in a browser, for as long as the command runs. It listens on
 * this machine only; whoever sits elsewhere comes through a tunnel (`ssh -L`). Nothing can be changed through it.
 */
import { performance } from 'node:perf_hooks'
import { silentLogger } from '#base/log.ts'
import { codeOf } from '#disk/disk-error.ts'
import type { Handler, Request, Response } from '#http/message.ts'
import { type Listener, listen } from '#http/server.ts'
import { realEnvironment } from '#node/environment.ts'
import { complain, say } from '../report.ts'
import type { ClusterStatus } from '../status-summary.ts'
import { aborted, stopSignal } from '../stop-signal.ts'
import { SCRIPT, STYLE } from './assets.ts'
import { StatusBoard } from './board.ts'
import { documentOf, viewOf } from './view.ts'

const HOST = '127.0.0.1'
export const DEFAULT_VIEW_PORT = 8090
const CLOSE_GRACE_MS = 1_000

const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:"

/** Serves until the process is told to stop. A port that cannot be had is said in a sentence. */
export async function serveStatus(ask: () => Promise<ClusterStatus>, port: number): Promise<void> {
  const board = new StatusBoard(ask, () => performance.now())
  let listener: Listener
  try {
    const { clock } = realEnvironment()
    listener = await listen({ host: HOST, port, handler: pagesOf(board), clock, log: silentLogger })
  } catch (error) {
    return complain(
      codeOf(error) === 'EADDRINUSE'
        ? `port ${port} is in use by another program; choose another one with --serve PORT`
        : `cannot listen on port ${port} (${codeOf(error) ?? String(error)})`,
    )
  }
  say(
    `The state of the cluster is at http://${HOST}:${listener.address.port}/ until this command is stopped.`,
  )
  await aborted(stopSignal())
  await listener.close({ graceMs: CLOSE_GRACE_MS })
}

/** The pages: the document, its style and script, the part that changes, and the state as JSON. */
export function pagesOf(board: StatusBoard): Handler {
  return async (request) => {
    if (!isForThisMachine(request)) return page(421, 'text/plain', 'This page is for this machine only.')
    if (request.method !== 'GET' && request.method !== 'HEAD') return page(405, 'text/plain', 'Only GET.')
    switch (request.path) {
      case '/style.css':
        return page(200, 'text/css', STYLE)
      case '/script.js':
        return page(200, 'text/javascript', SCRIPT)
      case '/':
        return page(200, 'text/html', documentOf(await board.current()))
      case '/view':
        return page(200, 'text/html', viewOf(await board.current()))
      case '/status.json':
        return page(200, 'application/json', JSON.stringify((await board.current()).status))
      default:
        return page(404, 'text/plain', 'There is no such page.')
    }
  }
}

/** A page of elsewhere whose name was made to lead here (DNS rebinding) must not read the state of the cluster. */
function isForThisMachine({ headers }: Request): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(headers['host'] ?? '')
}

function page(status: number, type: string, text: string): Response {
  const headers = {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-store',
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
  }
  return { status, headers, body: Buffer.from(text) }
}
