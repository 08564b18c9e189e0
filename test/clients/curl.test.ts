/** The README's first upload and download with curl. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { havePrograms, run, runWell } from '#test/programs.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { TESTER } from '#test/session.ts'

t.test('curl', async (t) => {
  if (!havePrograms(t, 'curl')) return
  const { url } = await startCluster(t)
  const directory = temporaryDirectory(t)
  const curl = (...args: string[]): Promise<string> => runWell('curl', ['-sS', ...args], { directory })
  const status = (...args: string[]): Promise<string> => curl('-o', 'answer', '-w', '%{http_code}', ...args)
  const signedIn = await curl(
    '-i',
    `${url}/auth/v1.0`,
    '-H',
    `X-Auth-User: ${TESTER.user}`,
    '-H',
    `X-Auth-Key: ${TESTER.key}`,
  )
  const token = `X-Auth-Token: ${/^X-Auth-Token: (\S+)/m.exec(signedIn)?.[1]}`
  const account = String(/^X-Storage-Url: (\S+)/m.exec(signedIn)?.[1])
  t.equal(account, `${url}/v1/AUTH_test`)
  const bird = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 31) % 251))
  writeFileSync(join(directory, 'bird.jpg'), bird)

  t.equal(await status('-X', 'PUT', '-H', token, `${account}/photos`), '201')
  t.equal(await status('-T', 'bird.jpg', '-H', token, `${account}/photos/`), '201', 'curl adds the file name')
  t.equal(await status('-H', token, `${account}/photos/bird.jpg`), '200')
  t.same(readFileSync(join(directory, 'answer')), bird)

  t.equal(await status('-r', '100-199', '-H', token, `${account}/photos/bird.jpg`), '206')
  t.same(readFileSync(join(directory, 'answer')), bird.subarray(100, 200))

  const chunked = ['-T', '-', '-H', token, '-H', 'Transfer-Encoding: chunked', `${account}/photos/chunked`]
  const sent = await run('curl', ['-sS', '-w', '%{http_code}', '-o', 'answer', ...chunked], {
    directory,
    input: bird,
  })
  t.equal(sent.stdout, '201')
  t.match(await curl('-I', '-H', token, `${account}/photos/chunked`), /^Content-Length: 300000\r$/m)

  const expecting = ['-v', '-H', 'Expect: 100-continue', '--expect100-timeout', '30', '-H', token]
  const asked = await run('curl', ['-sS', ...expecting, '-T', 'bird.jpg', `${account}/photos/asked`], {
    directory,
  })
  t.match(asked.stderr, /< HTTP\/1\.1 100 Continue[^]*< HTTP\/1\.1 201 Created/, 'the body is asked for')
  const refused = await run('curl', ['-sS', ...expecting, '-T', 'bird.jpg', `${account}/nowhere/asked`], {
    directory,
  })
  t.match(refused.stderr, /< HTTP\/1\.1 404 Not Found/)
  t.notMatch(refused.stderr, /100 Continue/, 'a body that is not wanted is not asked for')

  t.equal(await status(`${account}/photos/bird.jpg`), '401', 'nobody in particular may not read')
  t.equal(await status('-X', 'POST', '-H', token, '-H', 'X-Container-Read: .r:*', `${account}/photos`), '204')
  t.equal(await status(`${account}/photos/bird.jpg`), '200', 'until the container is public')

  t.equal(await status('-X', 'DELETE', '-H', token, `${account}/photos`), '409')
  t.equal(await status('-X', 'DELETE', '-H', token, `${account}/photos/bird.jpg`), '204')
  t.equal(await status('-X', 'DELETE', '-H', token, `${account}/photos/bird.jpg`), '404')
})
