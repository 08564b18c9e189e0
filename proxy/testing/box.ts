/** A user of a proxy over the store in memory: requests to the account `AUTH_test`, signed in. */
import { type Received, type Sent, send, testProxy, tokenFor } from './test-proxy.ts'

export type Ask = (method: string, path: string, sending?: Partial<Sent>) => Promise<Received>

export interface Asked {
  /** Paths are below the account. Without a body an empty one is sent. */
  readonly ask: Ask
  /** Somebody of another account; paths are whole. */
  readonly askAsOther: (method: string, target: string) => Promise<Received>
}

export async function askedProxy(): Promise<Asked> {
  const { handler } = testProxy()
  const token = await tokenFor(handler, 'test:tester', 'testing')
  const other = await tokenFor(handler, 'test2:tester2', 'testing2')
  return {
    ask: (method, path, { headers, body = '' } = {}) =>
      send(handler, {
        method,
        target: `/v1/AUTH_test${path}`,
        body,
        headers: { 'X-Auth-Token': token, ...headers },
      }),
    askAsOther: (method, target) => send(handler, { method, target, headers: { 'X-Auth-Token': other } }),
  }
}

/** The rows of a JSON listing. */
export async function rowsAt(ask: Ask, path: string): Promise<readonly Record<string, unknown>[]> {
  const { body } = await ask('GET', path)
  return JSON.parse(body) as readonly Record<string, unknown>[]
}
