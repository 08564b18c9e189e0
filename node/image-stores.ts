/** The stores of images besides the cluster, as the configuration names them. */
import type { KeystoneCredentials } from '#auth/keystone/own-token.ts'
import type { Environment } from '#base/environment.ts'
import type { OptionsOf } from '#base/options.ts'
import { RemoteTransport } from '#http/remote-transport.ts'
import { FileStore } from '#images/data/file-store.ts'
import type { ImageStore } from '#images/data/image-store.ts'
import type { GlanceRegion } from '#images/import/glance-source.ts'
import { S3Bucket } from '#images/remote/s3-bucket.ts'
import { S3Store } from '#images/remote/s3-store.ts'
import type { RemoteNetwork } from '#images/remote/site.ts'
import { SwiftAccount } from '#images/remote/swift-account.ts'
import { firstSignIn, HeldSession, keystoneSignIn, type SignIn } from '#images/remote/swift-sign-in.ts'
import { SwiftStore } from '#images/remote/swift-store.ts'
import type { glanceRegion, remoteUser, s3Store, swiftStore } from './image-store-options.ts'
import type { Settings } from './options.ts'
import { readPem } from './tls-files.ts'

/** Longest wait for a connection to a server elsewhere, milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000

/** Rejects with a sentence when the file of the authority cannot be read. */
export async function networkOf(
  { clock, disk }: Environment,
  { storeTlsAuthority, storeTimeoutMs }: Settings['images'],
): Promise<RemoteNetwork> {
  const authority = storeTlsAuthority === undefined ? undefined : await readPem(disk, storeTlsAuthority)
  // Not the cluster's own: nothing of what the processes show each other goes elsewhere.
  const plain = new RemoteTransport({ clock })
  const secure = new RemoteTransport({ clock, tls: { authority } })
  return {
    clock,
    transport: (isSecure) => (isSecure ? secure : plain),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    responseTimeoutMs: storeTimeoutMs,
  }
}

/** Throws an `Error` that names what is missing. */
export function configuredStores(
  { disk }: Environment,
  network: RemoteNetwork,
  { fileStores, swiftStores, s3Stores }: Settings['images'],
): readonly ImageStore[] {
  return [
    ...fileStores.map((written) => {
      const equals = written.indexOf('=')
      return new FileStore(disk, written.slice(0, equals), written.slice(equals + 1))
    }),
    ...swiftStores.map((options) => swiftStoreOf(network, options)),
    ...s3Stores.map((options) => s3StoreOf(network, options)),
  ]
}

function swiftStoreOf(network: RemoteNetwork, options: OptionsOf<typeof swiftStore>): SwiftStore {
  const { name: id, authUrl, description } = options
  return new SwiftStore({
    ...options,
    id,
    description: description === '' ? `The container ${options.container} of ${authUrl}` : description,
    account: new SwiftAccount(network, signInOf(network, options, authUrl, 'object-store')),
  })
}

function s3StoreOf(network: RemoteNetwork, options: OptionsOf<typeof s3Store>): S3Store {
  const { name: id, url, description } = options
  return new S3Store({
    ...options,
    id,
    description: description === '' ? `The bucket ${options.bucket} of ${url}` : description,
    address: url,
    bucket: new S3Bucket(network, { ...options, credentials: options }),
  })
}

/** Registries for `glance-download`. Throws an `Error` that names what is missing. */
export function configuredRegions(
  network: RemoteNetwork,
  { glanceRegions }: Settings['images'],
): readonly GlanceRegion[] {
  return glanceRegions.map((options) => regionOf(network, options))
}

function regionOf(network: RemoteNetwork, options: OptionsOf<typeof glanceRegion>): GlanceRegion {
  const { name, url, authUrl, authVersion } = options
  if (url === undefined && (authUrl === undefined || authVersion === 1)) {
    throw new Error(`images: region ${name} needs url, or an auth_url whose catalogue tells of it`)
  }
  const session =
    authUrl === undefined
      ? undefined
      : new HeldSession(network.clock, signInOf(network, options, authUrl, 'image'))
  return { name, url, session }
}

/** How a user signs in elsewhere. Throws an `Error` that says what is missing. */
function signInOf(
  network: RemoteNetwork,
  options: OptionsOf<typeof remoteUser> & { readonly name: string },
  authUrl: string,
  service: 'object-store' | 'image',
): SignIn {
  const { authVersion, region, interface: face } = options
  if (authVersion === 1) {
    const { user, key } = options
    if (user === undefined || key === undefined) throw new Error(`images: ${options.name} needs user and key`)
    return firstSignIn(network, { authUrl, user, key })
  }
  return keystoneSignIn(network, {
    authUrl,
    credentials: credentialsOf(options),
    service,
    region,
    interface: face,
  })
}

function credentialsOf(
  options: OptionsOf<typeof remoteUser> & { readonly name: string },
): KeystoneCredentials {
  const { applicationCredentialId: id, applicationCredentialSecret: secret } = options
  if (id !== undefined && secret !== undefined) return { kind: 'application_credential', id, secret }
  const { user, key: password, userDomain, project, projectDomain } = options
  if (user === undefined || password === undefined || project === undefined) {
    throw new Error(
      `images: ${options.name} needs user, key and project_name, or an application credential with its secret`,
    )
  }
  return { kind: 'password', user, userDomain, password, project, projectDomain }
}
