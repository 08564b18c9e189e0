/** Options of container sync with other clusters, `[container_sync]`. */
import type { ValueParser } from '#base/option-values.ts'
import { duration, path } from '#base/option-values.ts'
import { option } from '#base/options.ts'

/** `//REALM/CLUSTER`. */
const realmAndCluster: ValueParser<string> = (written) => {
  const isName = typeof written === 'string' && /^\/\/[^/\s]+\/[^/\s]+$/.test(written)
  return isName
    ? { kind: 'value', value: written }
    : { kind: 'expected', expected: 'written //REALM/CLUSTER' }
}

export const containerSync = {
  realmsFile: option<string | undefined>({
    name: 'realms_file',
    doc: 'File with the realms, in the form of container-sync-realms.conf. With it, containers can be synced with other clusters.',
    parse: path,
    default: undefined,
    source: 'OpenStack Swift container-sync-realms.conf',
  }),
  current: option<string | undefined>({
    name: 'current',
    doc: 'Which cluster of the realms this one is, //REALM/CLUSTER; told in /info.',
    parse: realmAndCluster,
    default: undefined,
    source: 'OpenStack Swift [filter:container_sync] current',
  }),
  tlsAuthority: option<string | undefined>({
    name: 'tls_authority',
    doc: 'File with the authority (PEM) that signed the certificates of the other clusters; those of the system by default.',
    parse: path,
    default: undefined,
    source: 'decision',
  }),
  intervalMs: option({
    name: 'interval',
    doc: 'How long a device waits between two passes over its synced containers.',
    unit: 'seconds',
    parse: duration,
    default: 300_000,
    source: 'OpenStack Swift [container-sync] interval',
  }),
  containerTimeMs: option({
    name: 'container_time',
    doc: 'Longest time for one container in a pass; it goes on from there in the next.',
    unit: 'seconds',
    parse: duration,
    default: 60_000,
    source: 'OpenStack Swift [container-sync] container_time',
  }),
  connectTimeoutMs: option({
    name: 'conn_timeout',
    doc: 'Longest wait for a connection to another cluster.',
    unit: 'seconds',
    parse: duration,
    default: 5_000,
    source: 'OpenStack Swift [container-sync] conn_timeout',
  }),
  responseTimeoutMs: option({
    name: 'node_timeout',
    doc: 'Longest silence of another cluster.',
    unit: 'seconds',
    parse: duration,
    default: 60_000,
    source: 'decision: an upload is answered when it is stored three times',
  }),
}
