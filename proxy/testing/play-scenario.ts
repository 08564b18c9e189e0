/**
 * Sends the scenario to a running cluster and notes what it answers. Every request goes over a connection of its own,
 * written byte by byte, so that what no HTTP library would send can be sent.
 */
import { connect } from 'node:net'
import { type NormalAnswer, normalAnswer } from './normal-answer.ts'
import { CALLERS, type Caller, type Step } from './scenario/step.ts'
import { SCENARIO } from './scenario.ts'

/** Where a cluster answers. */
export interface Target {
  readonly host: string
  readonly port: number
  /** Rest between two requests, milliseconds: what Swift stores in the same instant, it mixes up. */
  readonly pauseMs: number
}

interface RawAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

function requestText(step: Step, token: string | undefined): string {
  const framing = step.framing ?? (step.body === undefined ? 'none' : 'length')
  const lines = [`${step.method} ${step.target} HTTP/1.1`, 'Host: door.example', 'Connection: close']
  if (token !== undefined) lines.push(`X-Auth-Token: ${token}`)
  for (const [name, value] of Object.entries(step.headers ?? {})) lines.push(`${name}: ${value}`)
  const body = step.body ?? ''
  if (framing === 'length') lines.push(`Content-Length: ${body.length}`)
  if (framing === 'chunked') lines.push('Transfer-Encoding: chunked')
  const sent = framing === 'chunked' ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body
  return `${lines.join('\r\n')}\r\n\r\n${sent}`
}

function exchange({ host, port }: Target, text: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, host, () => socket.write(Buffer.from(text, 'latin1')))
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to ${text.slice(0, 200)}`)))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(parsed(Buffer.concat(chunks).toString('latin1'))))
  })
}

function parsed(text: string): RawAnswer {
  const headEnd = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  const raw = text.slice(headEnd + 4)
  const body = headers['transfer-encoding'] === 'chunked' ? unchunked(raw) : raw
  return {
    status: Number(statusLine.split(' ')[1]),
    headers,
    body: Buffer.from(body, 'latin1').toString('utf8'),
  }
}

function unchunked(raw: string): string {
  let body = ''
  let at = 0
  for (;;) {
    const lineEnd = raw.indexOf('\r\n', at)
    const size = Number.parseInt(raw.slice(at, lineEnd), 16)
    if (!(size > 0)) return body
    body += raw.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
  }
}

async function tokens(target: Target): Promise<Record<Caller, string>> {
  const issued: Partial<Record<Caller, string>> = {}
  for (const [caller, { user, key }] of Object.entries(CALLERS)) {
    const headers = { 'X-Auth-User': user, 'X-Auth-Key': key }
    const answer = await exchange(
      target,
      requestText({ name: 'auth', method: 'GET', target: '/auth/v1.0', headers }, undefined),
    )
    issued[caller as Caller] = answer.headers['x-auth-token'] ?? ''
  }
  return issued as Record<Caller, string>
}

/** The answers by name of step. */
export async function playScenario(target: Target): Promise<Record<string, NormalAnswer>> {
  const issued = await tokens(target)
  const answers: Record<string, NormalAnswer> = {}
  for (const step of SCENARIO) {
    if (step.name in answers) throw new Error(`two steps are called ${step.name}`)
    const answer = await exchange(
      target,
      requestText(step, step.as === undefined ? undefined : issued[step.as]),
    )
    answers[step.name] = normalAnswer(answer.status, answer.headers, answer.body)
    if (target.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, target.pauseMs))
  }
  return answers
}
