/** Uploads from HTML forms. */
import { createHmac } from 'node:crypto'
import { by, get, put, type Request, type Step, steps } from '../step.ts'

const EXPIRES = '4039372800'
const ACCOUNT = '/v1/AUTH_test'
const LIMITS = { redirect: '', max_file_size: '10', max_file_count: '2', expires: EXPIRES }

interface Part {
  readonly name: string
  readonly value: string
  readonly filename?: string
  readonly type?: string
}

function signedFields(limits: Partial<typeof LIMITS> = {}, path = `${ACCOUNT}/form/in-`): readonly Part[] {
  const signed = { ...LIMITS, ...limits }
  const text = [path, signed.redirect, signed.max_file_size, signed.max_file_count, signed.expires].join('\n')
  const signature = createHmac('sha256', 'form-key').update(text).digest('hex')
  return fields({ ...signed, signature })
}

function fields(values: Readonly<Record<string, string>>): readonly Part[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }))
}

function file(filename: string, value: string, type = 'text/plain'): Part {
  return { name: 'file', filename, value, type }
}

function encode(parts: readonly Part[]): string {
  const written = parts.map(({ name, value, filename, type }) => {
    const ofFile = filename === undefined ? '' : `; filename="${filename}"`
    const typed = type === undefined ? '' : `Content-Type: ${type}\r\n`
    return `--XX\r\nContent-Disposition: form-data; name="${name}"${ofFile}\r\n${typed}\r\n${value}\r\n`
  })
  return `${written.join('')}--XX--\r\n`
}

function submit(parts: readonly Part[], path = '~/form/in-'): Request {
  return form(encode(parts), path)
}

function form(body: string, path = '~/form/in-', type = 'multipart/form-data; boundary=XX'): Request {
  return by('nobody', { method: 'POST', path, headers: { 'Content-Type': type }, body })
}

const redirect = { redirect: 'http://site.example/done' }
const evil = fields({ redirect: 'http://evil.example/' })

export const formPostRequests: readonly Step[] = steps('formpost', {
  container: put('~/form', { 'X-Container-Meta-Temp-URL-Key': 'form-key' }),
  'two files': submit([...signedFields(), file('a', 'one'), file('b', 'two', 'image/png')]),
  'first file': get('~/form/in-a'),
  'second file': get('~/form/in-b'),
  'into the container': submit([...signedFields({}, `${ACCOUNT}/form`), file('whole', 'x')], '~/form'),
  'into the container, the file': get('~/form/whole'),
  'without type': submit([...signedFields(), { name: 'file', filename: 'untyped', value: 'x' }]),
  'without type, the file': get('~/form/in-untyped'),
  'with redirect': submit([...signedFields(redirect), file('c', 'x')]),
  'with redirect that has a query': submit([
    ...signedFields({ redirect: 'http://site.example/?a=b' }),
    file('c', 'x'),
  ]),
  'with redirect and too many files': submit([
    ...signedFields({ ...redirect, max_file_count: '1' }),
    file('d', 'x'),
    file('e', 'x'),
  ]),
  'too many files': submit([...signedFields({ max_file_count: '1' }), file('d', 'x'), file('e', 'x')]),
  'file beyond the count is not there': get('~/form/in-e'),
  'too large a file': submit([...signedFields(), file('large', '12345678901')]),
  'too large a file is not there': get('~/form/in-large'),
  'as large as may be': submit([...signedFields(), file('just', '1234567890')]),
  'no file': submit(signedFields()),
  'no file and a redirect that nobody signed': submit(evil),
  'a file and a redirect that nobody signed': submit([...evil, file('f', 'x')]),
  'a wrong signature': submit([...signedFields(), ...fields({ signature: 'x' }), file('f', 'x')]),
  'changed after it was signed': submit([
    ...signedFields(),
    ...fields({ max_file_size: '99' }),
    file('f', 'x'),
  ]),
  'for another path': submit([...signedFields(), file('f', 'x')], '~/form/out-'),
  'for an account': submit([...signedFields(), file('f', 'x')], '~'),
  expired: submit([...signedFields({ expires: '1' }), file('f', 'x')]),
  'count no number': submit([...signedFields({ max_file_count: 'x' }), file('f', 'x')]),
  'size no number': submit([...signedFields({ max_file_size: 'x' }), file('f', 'x')]),
  'time no number': submit([...signedFields({ expires: 'x' }), file('f', 'x')]),
  'delete at no number': submit([...signedFields(), ...fields({ x_delete_at: 'x' }), file('f', 'x')]),
  'delete after no number': submit([...signedFields(), ...fields({ x_delete_after: 'x' }), file('f', 'x')]),
  'delete at': submit([...signedFields(), ...fields({ x_delete_at: EXPIRES }), file('dying', 'x')]),
  'delete at, the file': get('~/form/in-dying'),
  'type and coding by fields': submit([
    ...signedFields(),
    ...fields({ 'content-type': 'text/x-own', 'content-encoding': 'gzip' }),
    file('typed', 'x'),
  ]),
  'type and coding by fields, the file': get('~/form/in-typed'),
  'fields behind the file': submit([
    ...signedFields(),
    file('late', 'x'),
    ...fields({ 'content-type': 'a/b' }),
  ]),
  'fields behind the file, the file': get('~/form/in-late'),
  'names in UTF-8': submit([...signedFields(), file('\u00fc \'"x', 'x')]),
  'names in UTF-8, the file': get(`~/form/in-${encodeURIComponent('\u00fc \'"x')}`),
  'no boundary in the type': form(encode(signedFields()), '~/form/in-', 'multipart/form-data'),
  'another boundary than in the type': form('--YY\r\n\r\n--YY--\r\n'),
  'nothing at all': form(''),
  'another type': form('x', '~/form/in-', 'text/plain'),
  'to another container': submit([...signedFields(), file('f', 'x')], '~/temp/in-'),
  'with an origin': {
    ...submit([...signedFields(), file('g', 'x')]),
    headers: { 'Content-Type': 'multipart/form-data; boundary=XX', Origin: 'http://anywhere.example' },
  },
})
