/** The administration of users for a command: over the cluster's own servers, with the cluster's own secrets. */
import { keyRingOf } from '#auth/key-ring.ts'
import { parseUserEntry } from '#auth/users.ts'
import { silentLogger } from '#base/log.ts'
import { Administration, type Problem } from '#identity/administration.ts'
import { Credentials } from '#identity/credentials.ts'
import { Passwords } from '#identity/passwords.ts'
import { openPeople } from '#identity/people.ts'
import { recordKeysOf } from '#node/cluster-file.ts'
import { realEnvironment } from '#node/environment.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { SecretSeal } from '#store/records/secret-seal.ts'
import { ClusterAccess, type ClusterArguments } from './cluster-access.ts'
import { complain } from './report.ts'

export async function administrationOf(access: ClusterAccess): Promise<Administration> {
  const environment = realEnvironment()
  const { clock, random } = environment
  const records = new ClusterRecords({
    store: await access.store(environment),
    clock,
    invalidations: access.invalidations(environment),
  })
  const seal = new SecretSeal(keyRingOf(recordKeysOf(access.cluster), 'martlet record seal v1'), random)
  return new Administration({
    people: openPeople(records, access.users.map(parseUserEntry)),
    credentials: new Credentials(records, seal, random),
    passwords: new Passwords(random),
    clock,
    random,
    context: { txId: 'martlet', signal: undefined, log: silentLogger },
  })
}

/** Does something with it, and says what is wrong; the exit code is 1 then. */
export async function administer(
  args: ClusterArguments,
  work: (administration: Administration) => Promise<Problem | undefined>,
): Promise<void> {
  const access = await ClusterAccess.open(args)
  if ('problem' in access) return complain(access.problem)
  try {
    const outcome = await work(await administrationOf(access))
    if (outcome !== undefined) complain(outcome.problem)
  } finally {
    await access.close()
  }
}
