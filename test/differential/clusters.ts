/** The two clusters of the differential test, each on ports and in a folder of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startMartlet } from '#bench/martlet-cluster.ts'
import { type ReferenceSwift, startReferenceSwift } from '#bench/reference-swift.ts'
import { WEB_PIPELINE } from '#bench/reference-swift-config.ts'
import type { Place } from '#test/place.ts'

export interface RunningSide {
  readonly url: string
  stop(): Promise<void>
}

const GIB = 1024 ** 3

/** A real Swift. Throws one sentence when there is none here. */
export function startSwiftSide({ home, port, backendPort }: Place): Promise<ReferenceSwift> {
  return startReferenceSwift({
    home,
    port,
    backendPort,
    deviceBytes: 2 * GIB,
    workers: 1,
    // Nothing that is asked depends on them, and each takes seconds to start.
    daemons: 'none',
    pipeline: WEB_PIPELINE,
    filters: { slo: ['use = egg:swift#slo', 'allow_async_delete = true'] },
  })
}

/** The users that the real Swift has too. */
export const USERS_SETTING = `
[auth]
users = [
  "admin:admin admin .admin .reseller_admin",
  "test:tester testing .admin",
  "test2:tester2 testing2 .admin",
  "test:tester3 testing3",
  "test5:tester5 testing5 service",
]
service_prefixes = ["SERVICE_ service"]
`

/** The storage policies that the real Swift has too. */
export const POLICIES_SETTING = `
[[policy]]
index = 0
name = "Policy-0"
default = true

[[policy]]
index = 1
name = "silver"
`

/** And the domain that its `domain_remap` serves by default. */
const SETTINGS = `
[websites]
storage_domain = ["example.com"]
${POLICIES_SETTING}
${USERS_SETTING}
[crossdomain]
cross_domain_policy = '<allow-access-from domain="*" secure="false" />'
`

/** `martlet start` on an empty folder, with the settings that the comparison needs. */
export function startMartletSide(place: Place): Promise<RunningSide> {
  return startMartletWith(place, SETTINGS)
}

/** The same with other settings, as they stand in a configuration file. */
export async function startMartletWith({ ourPort }: Place, settings: string): Promise<RunningSide> {
  const home = mkdtempSync(path.join(tmpdir(), 'martlet-differential-ours-'))
  const clean = (): void => rmSync(home, { recursive: true, force: true })
  const config = path.join(home, 'martlet.toml')
  writeFileSync(config, settings)
  try {
    const martlet = await startMartlet({ port: ourPort, args: ['--config', config] })
    return { url: martlet.url, stop: () => martlet.stop().finally(clean) }
  } catch (error) {
    clean()
    throw error
  }
}

/** Signs the reseller administrator in, who may set what belongs to accounts. */
export async function resellerToken(url: string): Promise<string> {
  const signIn = { 'x-auth-user': 'admin:admin', 'x-auth-key': 'admin' }
  const signedIn = await fetch(`${url}/auth/v1.0`, { headers: signIn })
  await signedIn.arrayBuffer()
  return signedIn.headers.get('x-auth-token') ?? ''
}
