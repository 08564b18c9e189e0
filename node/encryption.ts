/** Encryption at rest as the configuration says; `undefined` when it names no root secret. */
import type { Disk } from '#base/environment.ts'
import { DerivedKeys } from '#store/encryption/derived-keys.ts'
import type { EncryptionOptions } from '#store/encryption/encryption-layer.ts'
import { type ActiveSecrets, parseKeymasterFile, parseSecretList } from '#store/encryption/root-secrets.ts'
import { codeOf } from './durable-file.ts'
import type { Settings } from './options.ts'

/** Rejects with an `Error` that names what is wrong, and shows nothing secret. */
export async function openEncryption(
  disk: Disk,
  settings: Settings['encryption'],
): Promise<Omit<EncryptionOptions, 'random'> | undefined> {
  const given = await secretsOf(disk, settings)
  if (given === undefined) return undefined
  const { secrets, active } = given
  const writes = settings.disableEncryption ? 'off' : 'encrypted'
  return { keys: new DerivedKeys(secrets, active), writes }
}

async function secretsOf(disk: Disk, settings: Settings['encryption']): Promise<ActiveSecrets | undefined> {
  const { keymasterFile, rootSecrets, activeRootSecretId: active } = settings
  if (keymasterFile === undefined) {
    return rootSecrets.length === 0
      ? undefined
      : { secrets: named('root_secrets', () => parseSecretList(rootSecrets)), active }
  }
  if (rootSecrets.length > 0 || active !== '') {
    throw new Error('encryption: the root secrets are in keymaster_config_path or here, not in both')
  }
  const text = await disk.readFile(keymasterFile).catch((error: unknown) => {
    throw new Error(`encryption: ${keymasterFile} cannot be read (${codeOf(error)})`, { cause: error })
  })
  return named(keymasterFile, () => parseKeymasterFile(text.toString('utf8')))
}

function named<Result>(where: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw new Error(`encryption: ${where}: ${(error as Error).message}`, { cause: error })
  }
}
