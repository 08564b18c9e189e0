/** Encryption at rest as the configuration says; `undefined` when it names no root secret. */
import { hkdfSync } from 'node:crypto'
import type { KeySecret } from '#auth/key-ring.ts'
import type { Disk, Environment } from '#base/environment.ts'
import { KEY_BYTES } from '#store/encryption/cipher.ts'
import { DerivedKeys } from '#store/encryption/derived-keys.ts'
import type { EncryptionOptions } from '#store/encryption/encryption-layer.ts'
import type { ActiveSecrets, RootSecretSource } from '#store/encryption/key-manager.ts'
import { parseKeymasterFile, parseSecretList } from '#store/encryption/root-secrets.ts'
import { codeOf } from './durable-file.ts'
import { openKeyManager } from './key-manager.ts'
import type { Settings } from './options.ts'

type Encryption = Omit<EncryptionOptions, 'random'>
type EncryptionSettings = Pick<Settings, 'encryption' | 'key_manager'>
type Surroundings = Pick<Environment, 'clock' | 'disk'>

/** The root secrets that are configured. Rejects with an `Error` that names what is wrong, and shows nothing secret. */
export async function openRootSecrets(
  environment: Surroundings,
  settings: EncryptionSettings,
): Promise<ActiveSecrets | undefined> {
  const source = await sourceOf(environment, settings)
  return await source?.fetch().catch((error: unknown) => {
    throw new Error(`encryption: ${(error as Error).message}`, { cause: error })
  })
}

/** For a process that reads and writes as the configuration says, and no further. Rejects as above. */
export async function openEncryption(
  environment: Surroundings,
  settings: EncryptionSettings,
): Promise<Encryption | undefined> {
  return encryptionUnder(await openRootSecrets(environment, settings), settings)
}

/** Under these secrets; `undefined` without any. */
export function encryptionUnder(
  rootSecrets: ActiveSecrets | undefined,
  settings: EncryptionSettings,
): Encryption | undefined {
  if (rootSecrets === undefined) return undefined
  const { secrets, active } = rootSecrets
  return { keys: new DerivedKeys(secrets, active), writes: writesOf(settings) }
}

const SERVER_SIDE_PURPOSE = 'martlet server-side encryption v1'

/**
 * The keys for those who ask for encryption, derived from secrets of the cluster; what is encrypted under the configured
 * root secrets is read and, where everything is encrypted, written under these.
 */
export function keysFor(
  rootSecrets: ActiveSecrets | undefined,
  settings: EncryptionSettings,
  clusterSecrets: readonly KeySecret[],
): Encryption {
  const own = clusterSecrets.map(({ id, secret }) => {
    const root = Buffer.from(hkdfSync('sha256', secret, '', SERVER_SIDE_PURPOSE, KEY_BYTES))
    return [`cluster-${id}`, root] as const
  })
  const [first] = own
  if (rootSecrets === undefined) {
    return { keys: new DerivedKeys(new Map(own), first?.[0] ?? ''), writes: 'off' }
  }
  const { secrets, active } = rootSecrets
  return { keys: new DerivedKeys(new Map([...secrets, ...own]), active), writes: writesOf(settings) }
}

function writesOf({ encryption }: EncryptionSettings): Encryption['writes'] {
  return encryption.disableEncryption ? 'off' : 'encrypted'
}

/** Where the root secrets come from: one place only. */
async function sourceOf(
  environment: Surroundings,
  { encryption, key_manager: keyManager }: EncryptionSettings,
): Promise<RootSecretSource | undefined> {
  const sources = [
    inFile(environment.disk, encryption),
    inConfiguration(encryption),
    await openKeyManager(environment, keyManager),
  ].filter((source) => source !== undefined)
  const isDisordered = encryption.activeRootSecretId !== '' && inConfiguration(encryption) === undefined
  if (sources.length > 1 || (isDisordered && sources.length > 0)) {
    throw new Error(
      'encryption: the root secrets are in keymaster_config_path, in root_secrets or in a key manager, not in several',
    )
  }
  return sources[0]
}

function inFile(
  disk: Disk,
  { keymasterFile: path }: EncryptionSettings['encryption'],
): RootSecretSource | undefined {
  if (path === undefined) return undefined
  return {
    fetch: async () => {
      const text = await disk.readFile(path).catch((error: unknown) => {
        throw new Error(`${path} cannot be read (${codeOf(error)})`, { cause: error })
      })
      return named(path, () => parseKeymasterFile(text.toString('utf8')))
    },
  }
}

function inConfiguration({
  rootSecrets,
  activeRootSecretId: active,
}: EncryptionSettings['encryption']): RootSecretSource | undefined {
  if (rootSecrets.length === 0) return undefined
  return {
    fetch: async () => ({ secrets: named('root_secrets', () => parseSecretList(rootSecrets)), active }),
  }
}

function named<Result>(where: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`, { cause: error })
  }
}
