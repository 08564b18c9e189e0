/**
 * A dashboard's page uploads an image from the browser to the registry itself, as Horizon does it (`external_upload`): the
 * server of the dashboard makes the image, the page PUTs the file a person chose with XMLHttpRequest, across origins, and
 * shows progress. A page of another origin may not.
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { havePrograms } from '#test/programs.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { Session, TESTER } from '#test/session.ts'
import { CHROMIUM, type Page, startBrowser } from '#test/web/browser.ts'
import { ImageClient, seededBytes } from './image-client.ts'

t.setTimeout(600_000)

const MEBIBYTES = 24

/** What the page's script does with the chosen file; the value is what came of it. */
const PAGE = `<!doctype html><input type="file" id="file"><script>
function upload(url, token) {
  const heard = []
  return new Promise((resolve) => {
    const request = new XMLHttpRequest()
    request.open('PUT', url)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.setRequestHeader('X-Auth-Token', token)
    request.upload.onprogress = ({ loaded, total }) => heard.push([loaded, total])
    request.onloadend = () => resolve({ status: request.status, heard })
    request.send(document.getElementById('file').files[0])
  })
}
</script>`

interface Uploaded {
  /** 0: the browser kept the answer from the page. */
  readonly status: number
  readonly heard: readonly (readonly [loaded: number, total: number])[]
}

/** Serves the page; its origin. */
function dashboard(t: Test): Promise<string> {
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'content-type': 'text/html' })
    answer.end(PAGE)
  })
  t.teardown(() => void server.close())
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`)
    })
  })
}

async function uploadFrom(
  page: Page,
  origin: string,
  file: string,
  args: readonly string[],
): Promise<Uploaded> {
  await page.open(`${origin}/`)
  await page.chooseFiles('#file', [file])
  const words = args.map((one) => JSON.stringify(one)).join(', ')
  return (await page.evaluate(`upload(${words})`)) as Uploaded
}

t.test('a browser uploads an image', async (t) => {
  if (!havePrograms(t, CHROMIUM)) return
  const [allowed, other] = [await dashboard(t), await dashboard(t)]
  const cluster = await startCluster(t, { config: `[images]\ncors_allow_origin = ["${allowed}"]\n` })
  const { token } = await Session.signIn(cluster.url, TESTER)
  const client = new ImageClient(cluster.url, token)
  const bytes = Buffer.concat([...seededBytes(MEBIBYTES)])
  const file = join(temporaryDirectory(t), 'disk.raw')
  writeFileSync(file, bytes)
  const page = await startBrowser(t).page()

  await t.test('from the page that may, with progress', async (t) => {
    const id = await client.create({ name: 'from a browser' })
    const { status, heard } = await uploadFrom(page, allowed, file, [
      `${client.url}/images/${id}/file`,
      token,
    ])
    t.equal(status, 204)
    t.ok(heard.length > 1, `${heard.length} signs of progress`)
    t.same(heard.at(-1), [bytes.length, bytes.length])
    t.match((await client.ask('GET', `/images/${id}`)).json, {
      status: 'active',
      size: bytes.length,
      os_hash_value: createHash('sha512').update(bytes).digest('hex'),
    })
  })

  await t.test('not from a page of somebody else', async (t) => {
    const id = await client.create({ name: 'from elsewhere' })
    const { status } = await uploadFrom(page, other, file, [`${client.url}/images/${id}/file`, token])
    t.equal(status, 0)
    t.match((await client.ask('GET', `/images/${id}`)).json, { status: 'queued' })
  })
})
