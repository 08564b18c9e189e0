/** The image registry with tokens of a real Keystone: its roles say who sees, changes and offers images. */
import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { ImageClient } from '#test/images/image-client.ts'
import type { People, Who } from './people.ts'

const BYTES = randomBytes(100_000)

export async function keepImages(t: Test, url: string, { demo, other, tokens }: People): Promise<void> {
  const as = (who: Who): ImageClient => new ImageClient(url, tokens[who])
  const member = as('member')
  const id = await member.create({ name: 'of a member' })
  const path = `/images/${id}`
  t.equal(await member.upload(id, [BYTES]), 204)
  t.match((await member.ask('GET', path)).json, { status: 'active', owner: demo, visibility: 'shared' })

  const statusOf = async (who: Who, asked: Parameters<ImageClient['ask']>): Promise<number> =>
    (await as(who).ask(...asked)).status
  const rename = ['PATCH', path, [{ op: 'replace', path: '/name', value: 'renamed' }]] as const
  const publish = ['PATCH', path, [{ op: 'replace', path: '/visibility', value: 'public' }]] as const
  const share = ['POST', `${path}/members`, { member: other }] as const

  await t.test('the project’s readers see it, others do not', async (t) => {
    for (const [who, status] of [
      ['member', 200],
      ['reader', 200],
      ['service', 200],
      ['stranger', 404],
      ['foreigner', 404],
      ['nobody', 401],
    ] as const) {
      t.equal(await statusOf(who, ['GET', path]), status, who)
    }
    t.equal(await statusOf('reader', [...rename]), 403)
    t.equal(await statusOf('stranger', [...rename]), 404)
    t.equal(await statusOf('member', [...rename]), 200)
    t.equal(await statusOf('member', [...publish]), 403, 'for everybody is the administrator’s to offer')
  })

  await t.test('it is shared with a project, which accepts it', async (t) => {
    const strangers = await as('service').create({ name: 'of another project', owner: other })
    t.match((await as('service').ask('GET', `/images/${strangers}`)).json, { owner: other })
    t.equal(await statusOf('member', ['GET', `/images/${strangers}`]), 404)
    t.equal(await statusOf('member', [...share]), 200)
    t.match((await member.ask('GET', `${path}/members`)).json, {
      members: [{ member_id: other, status: 'pending' }],
    })
  })

  await t.test('an administrator offers it to everybody', async (t) => {
    t.equal(await statusOf('service', [...publish]), 200)
    t.equal(await statusOf('reader', ['GET', path]), 200)
    t.equal(await statusOf('member', ['DELETE', path]), 204)
  })
}
