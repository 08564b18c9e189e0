import t from 'tap'
import { SECTIONS } from '#node/options.ts'
import { greeting } from './greeting.ts'

t.test('users for trying things out are shown with their keys', async (t) => {
  const text = greeting('http://127.0.0.1:8080', SECTIONS.auth.users.default ?? [])
  t.match(text, /ready at http:\/\/127\.0\.0\.1:8080/)
  t.match(text, /test:tester +testing +\.admin/)
  t.match(text, /curl -i .*'X-Auth-User: test:tester' -H 'X-Auth-Key: testing'/)
})

t.test('keys that somebody chose are not shown', async (t) => {
  const text = greeting('http://127.0.0.1:8080', ['acme:jo correct-horse .admin'])
  t.match(text, /acme:jo/)
  t.notMatch(text, /correct-horse/)
})
