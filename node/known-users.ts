/** Which users of the configuration are let in: those for development, which everybody knows, only where nobody decided otherwise. */
import type { ClusterFile } from './cluster-file.ts'
import { DEVELOPMENT_USERS, type Settings } from './options.ts'

/** As they are written. Where Keystone says who is who, or the cluster has administrators of its own, none for development. */
export function knownUsers(
  { auth, keystone }: Pick<Settings, 'auth' | 'keystone'>,
  { developmentUsers }: Pick<ClusterFile, 'developmentUsers'>,
): readonly string[] {
  const areForDevelopment = auth.users.join('\n') === DEVELOPMENT_USERS.join('\n')
  const areUnwanted = keystone.url !== undefined || developmentUsers === 'none'
  return areForDevelopment && areUnwanted ? [] : auth.users
}
