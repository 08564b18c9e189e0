/**
 * Many large uploads at the same time take memory that does not depend on their size: each waits for the slowest of its
 * three devices. 200 uploads of 64 MiB, as promised, are 38 GB on disk:
 *
 *     MARTLET_UPLOAD_MIB=64 node test/isolation/parallel-uploads.alone.test.ts
 *
 * Without it they are smaller, which shows the same, because every one of them is larger than what it may hold.
 */
import { createHash } from 'node:crypto'
import t from 'tap'
import { memoryGrowth } from '#test/memory-growth.ts'
import { startCluster } from '#test/running-cluster.ts'
import { inParallel, Session, TESTER } from '#test/session.ts'

const MIB = 1024 * 1024
const UPLOADS = 200
const UPLOAD_BYTES = Number(process.env['MARTLET_UPLOAD_MIB'] ?? 4) * MIB
const PIECE = Buffer.alloc(256 * 1024, 'martlet ')
/** What a process may take for it. */
const GROWTH_MAX = 256 * MIB
t.setTimeout(900_000)

/** The same piece again and again. */
async function* body(): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < UPLOAD_BYTES; sent += PIECE.length) yield PIECE
}

function etagOf(): string {
  const hash = createHash('md5')
  for (let sent = 0; sent < UPLOAD_BYTES; sent += PIECE.length) hash.update(PIECE)
  return hash.digest('hex')
}

t.test(`${UPLOADS} uploads of ${UPLOAD_BYTES / MIB} MiB at once take bounded memory`, async (t) => {
  const cluster = await startCluster(t)
  const session = await Session.signIn(cluster.url, TESTER)
  await session.request('PUT', '/box')
  const headers = { 'content-length': String(UPLOAD_BYTES) }
  const upload = (index: number) => session.request('PUT', `/box/upload-${index}`, { body: body(), headers })
  await inParallel(32, 16, async (index) => void (await upload(index)))
  const wrong: string[] = []
  const etag = etagOf()
  const begunMs = performance.now()
  const grown = await memoryGrowth(cluster, () =>
    inParallel(UPLOADS, UPLOADS, async (index) => {
      const answer = await upload(index)
      if (answer.status !== 201 || answer.headers['etag'] !== etag) wrong.push(`${index}: ${answer.status}`)
    }),
  )
  // A machine that cannot write as fast as 200 clients send may refuse some of them; it must not store anything else.
  t.same(
    wrong.filter((text) => !text.endsWith(': 503')),
    [],
  )
  t.ok(wrong.length < UPLOADS / 2, `${wrong.length} of ${UPLOADS} refused`)
  const figures = [...grown].map(([name, bytes]) => `${name} ${Math.round(bytes / MIB)} MiB`)
  t.comment(`${Math.round(performance.now() - begunMs)} ms; memory grew by: ${figures.join(', ')}`)
  for (const [name, bytes] of grown) t.ok(bytes < GROWTH_MAX, `${name}: ${Math.round(bytes / MIB)} MiB`)
})
