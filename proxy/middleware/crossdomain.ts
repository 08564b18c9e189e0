/**
 * `/crossdomain.xml`: which sites' plug-ins may use this cluster (OpenStack Swift, `common/middleware/crossdomain.py`;
 * the format is Adobe's cross-domain policy file). No token, no work.
 */
import type { ProxyLayer } from '../transaction.ts'

const PATH = '/crossdomain.xml'
const HEAD = `<?xml version="1.0"?>
<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/xml/dtds/cross-domain-policy.dtd" >
<cross-domain-policy>
`
const END = '\n</cross-domain-policy>'

/** `policy` is what stands inside the root element. */
export function crossdomain(policy: string): ProxyLayer {
  const body = Buffer.from(`${HEAD}${policy}${END}`)
  const headers = { 'content-type': 'application/xml', 'content-length': String(body.length) }
  return (inner) => async (transaction) => {
    const { path, method } = transaction.request
    return path === PATH && method === 'GET' ? { status: 200, headers, body } : inner(transaction)
  }
}
