import t from 'tap'
import { pythonJson } from './python-json.ts'

t.test('JSON is written as Python writes it', (t) => {
  const value = {
    name: '/c/\u00fcber "x"\n',
    bytes: 3,
    gone: undefined,
    sub_slo: true,
    list: [null, '\u{1f600}', '\u007f'],
  }
  t.equal(
    pythonJson(value),
    '{"name": "/c/\\u00fcber \\"x\\"\\n", "bytes": 3, "sub_slo": true, "list": [null, "\\ud83d\\ude00", "\\u007f"]}',
  )
  t.equal(pythonJson([]), '[]')
  t.equal(pythonJson({}), '{}')
  t.end()
})
