/**
 * The second pair of clusters of the differential test: rates, rules for names and read-only mode are switched on in both,
 * and some accounts are exempt from them. Swift's second proxy stands before the storage servers of the first.
 */
import { type ReferenceSwift, startReferenceSwift } from '#bench/reference-swift.ts'
import { WEB_PIPELINE } from '#bench/reference-swift-config.ts'
import type { Place } from '#test/place.ts'
import { type RunningSide, resellerToken, startMartletWith, USERS_SETTING } from './clusters.ts'

/** What is set for single accounts, by Swift's names of it. */
const ACCOUNT_SETTINGS: readonly (readonly [account: string, setting: string, value: string])[] = [
  ...['rated', 'black', 'white', 'slow', 'names'].map(
    (name) => [`AUTH_${name}`, 'Read-Only', 'false'] as const,
  ),
  ['AUTH_locked', 'Read-Only', 'true'],
  ['AUTH_black', 'Global-Write-Ratelimit', 'BLACKLIST'],
  ['AUTH_white', 'Global-Write-Ratelimit', 'WHITELIST'],
  ['AUTH_slow', 'Global-Write-Ratelimit', '0.01'],
]

/** Slow enough that the second request of a kind is refused at once, however loaded the machine. */
const SECONDS_MAX = 3
const RATE = 0.01

const SWIFT_FILTERS = {
  ratelimit: [
    'use = egg:swift#ratelimit',
    `account_ratelimit = ${RATE}`,
    `max_sleep_time_seconds = ${SECONDS_MAX}`,
    `container_ratelimit_1 = ${RATE}`,
    `container_listing_ratelimit_1 = ${RATE}`,
  ],
  read_only: ['use = egg:swift#read_only', 'read_only = true'],
}

const OUR_SETTINGS = `
[ratelimit]
account_ratelimit = ${RATE}
max_sleep_time = "${SECONDS_MAX}s"
container_ratelimits = ["1:${RATE}"]
container_listing_ratelimits = ["1:${RATE}"]

[read_only]
read_only = true

[name_check]
enabled = true
${USERS_SETTING}`

/** Where Swift's sample configuration says that they belong. */
const PIPELINE = WEB_PIPELINE.flatMap((name) => {
  if (name === 'cache') return ['name_check', name]
  return name === 'ratelimit' ? [name, 'read_only'] : [name]
})

/** Sets system metadata of accounts, which no client of Swift's proxy may. */
const SET_METADATA = `
import sys
from swift.common.internal_client import InternalClient
client = InternalClient('/etc/swift/internal-client.conf', 'differential test', 1)
for account, setting, value in (line.split() for line in sys.argv[1:]):
    client.set_account_metadata(account, {setting: value}, 'X-Account-Sysmeta-')
`

/** Another proxy before the storage servers of a running Swift. */
export async function startSwitchedSwift(place: Place, storage: ReferenceSwift): Promise<RunningSide> {
  const { home, port, backendPort } = place
  const swift = await startReferenceSwift({
    home,
    port,
    backendPort,
    workers: 1,
    servers: 'proxy',
    rings: storage.etcFolder,
    pipeline: PIPELINE,
    filters: SWIFT_FILTERS,
  })
  try {
    await swift.run('/usr/bin/python3', [
      '-c',
      SET_METADATA,
      ...ACCOUNT_SETTINGS.map((line) => line.join(' ')),
    ])
    return swift
  } catch (error) {
    await swift.stop()
    throw error
  }
}

export async function startSwitchedMartlet(place: Place): Promise<RunningSide> {
  const martlet = await startMartletWith(place, OUR_SETTINGS)
  try {
    await setAccounts(martlet.url)
    return martlet
  } catch (error) {
    await martlet.stop()
    throw error
  }
}

async function setAccounts(url: string): Promise<void> {
  const token = await resellerToken(url)
  for (const [account, setting, value] of ACCOUNT_SETTINGS) {
    const headers = { 'x-auth-token': token, [`x-account-${setting}`]: value }
    const { status } = await fetch(`${url}/v1/${account}`, { method: 'POST', headers })
    if (status !== 204) throw new Error(`setting ${setting} of ${account} was answered with ${status}`)
  }
}
