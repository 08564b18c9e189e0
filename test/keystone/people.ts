/** Projects and users of the tests, and the tokens they bring. */
import { type IdentityApi, type Login } from './identity-api.ts'
import { PASSWORD } from './real-keystone.ts'

export interface People {
  /** Ids. */
  readonly demo: string
  readonly other: string
  readonly elsewhere: string
  readonly stranger: string
  /** By what they may do. */
  readonly tokens: Readonly<Record<Who, string>>
}

export const WHO = [
  'operator',
  'member',
  'reader',
  'stranger',
  'foreigner',
  'reseller',
  'service',
  'nobody',
] as const

export type Who = (typeof WHO)[number]

/** The login of an operator of the project `demo`. */
export const OPERATOR: Login = { user: 'operator', project: 'demo', password: PASSWORD }
/** Who validates tokens for the object store. */
export const SWIFT: Login = { user: 'swift', project: 'service', password: PASSWORD }

/** Makes them all. */
export async function makePeople(api: IdentityApi): Promise<People> {
  const roles = new Map(await api.idsOf('roles'))
  for (const name of ['SwiftOperator', 'ResellerAdmin', 'service']) {
    if (!roles.has(name)) roles.set(name, await api.make('role', name))
  }
  const demo = await api.make('project', 'demo')
  const other = await api.make('project', 'other')
  const services = await api.make('project', 'service')
  const domain = await api.make('domain', 'elsewhere')
  const elsewhere = await api.make('project', 'other', domain)
  const user = async (name: string, project: string, names: readonly string[], domainId?: string) => {
    const id = await api.makeUser(name, domainId)
    await api.grant(
      project,
      id,
      names.map((name) => roles.get(name) ?? ''),
    )
    return id
  }
  await user('operator', demo, ['SwiftOperator'])
  await user('member', demo, ['member'])
  await user('reader', demo, ['reader'])
  const stranger = await user('stranger', other, ['SwiftOperator'])
  await user('stranger', elsewhere, ['SwiftOperator'], domain)
  await user('reseller', services, ['ResellerAdmin'])
  await user('swift', services, ['admin', 'service'])
  return { demo, other, elsewhere, stranger, tokens: await tokensOf(api) }
}

async function tokensOf(api: IdentityApi): Promise<People['tokens']> {
  const of = (user: string, project: string, domain = 'Default'): Promise<string> =>
    api.tokenOf({ user, project, domain, password: PASSWORD })
  return {
    operator: await of('operator', 'demo'),
    member: await of('member', 'demo'),
    reader: await of('reader', 'demo'),
    stranger: await of('stranger', 'other'),
    foreigner: await of('stranger', 'other', 'elsewhere'),
    reseller: await of('reseller', 'service'),
    service: await of('swift', 'service'),
    nobody: 'gAAAAABnotatoken',
  }
}
