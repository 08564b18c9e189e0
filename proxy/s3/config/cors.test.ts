import t from 'tap'
import { elementIn, s3Door } from '../../testing/s3-door.ts'
import { signedS3Door } from '../../testing/signed-s3-door.ts'

const { s3, s3As } = s3Door()
const rule = (inner: string): string => `<CORSRule>${inner}</CORSRule>`
const CONFIGURATION = `<CORSConfiguration>${rule(
  '<AllowedOrigin>https://*.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds>',
)}${rule('<AllowedOrigin>*</AllowedOrigin><AllowedMethod>HEAD</AllowedMethod>')}</CORSConfiguration>`

await s3('PUT', '/shared')
await s3('PUT', '/shared?cors', { body: CONFIGURATION })
await s3('PUT', '/closed')
const ORIGIN = { origin: 'https://a.example' }

const preflight = (path: string, headers: Readonly<Record<string, string>>) =>
  s3As(undefined, 'OPTIONS', path, { headers })

await t.test('a preflight is answered by the first rule that fits', async (t) => {
  const asked = { ...ORIGIN, 'access-control-request-method': 'PUT' }
  t.match(await preflight('/shared/o?acl', asked), {
    status: 200,
    headers: {
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-expose-headers': 'ETag',
      'access-control-max-age': '60',
      'access-control-allow-credentials': 'true',
      vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
    },
  })
  const headers = { ...asked, 'access-control-request-headers': 'X-Amz-Date, x-amz-acl' }
  t.match((await preflight('/shared', headers)).headers, {
    'access-control-allow-headers': 'x-amz-date, x-amz-acl',
  })
  const anybody = await preflight('/shared/o', {
    origin: 'http://elsewhere',
    'access-control-request-method': 'HEAD',
  })
  t.match(anybody.headers, { 'access-control-allow-origin': '*' })
  t.notOk('access-control-allow-credentials' in anybody.headers)
})

await t.test('what no rule allows is forbidden, and says why', async (t) => {
  const asked = async (path: string, headers: Readonly<Record<string, string>>) => {
    const answer = await preflight(path, headers)
    return [answer.status, elementIn(answer, 'Code'), elementIn(answer, 'Message')?.slice(0, 40)]
  }
  const put = { ...ORIGIN, 'access-control-request-method': 'PUT' }
  const refused = [403, 'AccessForbidden', 'CORSResponse: This CORS request is not a']
  t.same(await asked('/shared/o', { ...put, 'access-control-request-method': 'DELETE' }), refused)
  t.same(await asked('/shared/o', { ...put, 'access-control-request-headers': 'x-other' }), refused)
  t.same(await asked('/shared/o', { ...put, origin: 'https://a.example.org' }), refused)
  t.same(await asked('/closed/o', put), [403, 'AccessForbidden', 'CORSResponse: CORS is not enabled for th'])
  t.same(await asked('/nowhere/o', put), [403, 'AccessForbidden', 'CORSResponse: Bucket not found'])
  t.same(await asked('/shared/o', { 'access-control-request-method': 'PUT' }), [
    400,
    'BadRequest',
    'Insufficient information. Origin request',
  ])
  t.same(await asked('/shared/o', ORIGIN), [400, 'BadRequest', 'Invalid Access-Control-Request-Method: n'])
})

await t.test('every answer tells the browser, errors too', async (t) => {
  const put = await s3('PUT', '/shared/o', { body: 'x', headers: ORIGIN })
  t.match(put, { status: 200, headers: { 'access-control-allow-origin': 'https://a.example' } })
  const denied = await s3As(undefined, 'GET', '/shared/o', { headers: ORIGIN })
  t.match(denied, { status: 403, headers: { 'access-control-allow-origin': 'https://a.example' } })
  const removed = await s3('DELETE', '/shared/o', { headers: ORIGIN })
  t.notOk('access-control-allow-origin' in removed.headers, 'no rule allows that')
  t.notOk('access-control-allow-origin' in (await s3('GET', '/shared')).headers, 'nobody asked')
})

await t.test('the signature in a link is that of the request to come', async (t) => {
  const { signed, unsigned } = signedS3Door()
  await signed({ method: 'PUT', target: '/linked' })
  const rule = '<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod></CORSRule>'
  await signed({
    method: 'PUT',
    target: '/linked?cors',
    body: `<CORSConfiguration>${rule}</CORSConfiguration>`,
  })
  const target = '/linked/o?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00&X-Amz-Credential=x'
  const headers = { origin: 'https://a.example', 'access-control-request-method': 'PUT' }
  t.match(await unsigned({ method: 'OPTIONS', target, headers }), {
    status: 200,
    headers: { 'access-control-allow-origin': '*' },
  })
})
