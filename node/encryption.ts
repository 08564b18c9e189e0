/** Encryption at rest as the configuration says; `undefined` when it names no root secret. */
import { hkdfSync } from 'node:crypto'
import type { KeySecret } from '#auth/key-ring.ts'
import type { Disk } from '#base/environment.ts'
import { KEY_BYTES } from '#store/encryption/cipher.ts'
import { DerivedKeys } from '#store/encryption/derived-keys.ts'
import type { EncryptionOptions } from '#store/encryption/encryption-layer.ts'
import type { ActiveSecrets, RootSecretSource } from '#store/encryption/key-manager.ts'
import { parseKeymasterFile, parseSecretList } from '#store/encryption/root-secrets.ts'
import { codeOf } from './durable-file.ts'
import type { Settings } from './options.ts'

/** Rejects with an `Error` that names what is wrong, and shows nothing secret. */
export async function openEncryption(
  disk: Disk,
  settings: Settings['encryption'],
): Promise<Omit<EncryptionOptions, 'random'> | undefined> {
  const source = sourceOf(disk, settings)
  if (source === undefined) return undefined
  const { secrets, active } = await source.fetch()
  const writes = settings.disableEncryption ? 'off' : 'encrypted'
  return { keys: new DerivedKeys(secrets, active), writes }
}

const SERVER_SIDE_PURPOSE = 'martlet server-side encryption v1'

/**
 * The keys for those who ask for encryption, derived from secrets of the cluster; what is encrypted under the configured
 * root secrets is read and, where everything is encrypted, written under these.
 */
export async function openKeys(
  disk: Disk,
  settings: Settings['encryption'],
  clusterSecrets: readonly KeySecret[],
): Promise<Omit<EncryptionOptions, 'random'>> {
  const own = clusterSecrets.map(({ id, secret }) => {
    const root = Buffer.from(hkdfSync('sha256', secret, '', SERVER_SIDE_PURPOSE, KEY_BYTES))
    return [`cluster-${id}`, root] as const
  })
  const [first] = own
  const source = sourceOf(disk, settings)
  if (source === undefined) return { keys: new DerivedKeys(new Map(own), first?.[0] ?? ''), writes: 'off' }
  const { secrets, active } = await source.fetch()
  const writes = settings.disableEncryption ? 'off' : 'encrypted'
  return { keys: new DerivedKeys(new Map([...secrets, ...own]), active), writes }
}

/** Where the root secrets come from. */
function sourceOf(disk: Disk, settings: Settings['encryption']): RootSecretSource | undefined {
  const { keymasterFile, rootSecrets, activeRootSecretId: active } = settings
  if (keymasterFile === undefined) {
    if (rootSecrets.length === 0) return undefined
    return {
      fetch: async () => ({ secrets: named('root_secrets', () => parseSecretList(rootSecrets)), active }),
    }
  }
  if (rootSecrets.length > 0 || active !== '') {
    throw new Error('encryption: the root secrets are in keymaster_config_path or here, not in both')
  }
  return { fetch: () => secretsInFile(disk, keymasterFile) }
}

async function secretsInFile(disk: Disk, path: string): Promise<ActiveSecrets> {
  const text = await disk.readFile(path).catch((error: unknown) => {
    throw new Error(`encryption: ${path} cannot be read (${codeOf(error)})`, { cause: error })
  })
  return named(path, () => parseKeymasterFile(text.toString('utf8')))
}

function named<Result>(where: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw new Error(`encryption: ${where}: ${(error as Error).message}`, { cause: error })
  }
}
