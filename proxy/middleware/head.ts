/** HEAD is answered like GET, without the body; its length stays where it was given. */
import type { ProxyLayer } from '../transaction.ts'

export const head: ProxyLayer = (inner) => async (transaction) => {
  const response = await inner(transaction)
  if (transaction.request.method !== 'HEAD') return response
  const { body } = response
  if (body !== undefined && !Buffer.isBuffer(body)) await body.cancel()
  const length = response.headers['content-length'] ?? '0'
  return {
    status: response.status,
    headers: { ...response.headers, 'content-length': length },
    body: undefined,
  }
}
