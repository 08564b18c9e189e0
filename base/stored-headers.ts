/** Headers that are stored with an object besides its metadata, as OpenStack Swift names them. */

/** What a client may store (OpenStack Swift `[app:object-server] allowed_headers`), lower-case. */
export const CLIENT_STORED_HEADERS: readonly string[] = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
  'x-delete-at',
  'x-object-manifest',
  'x-robots-tag',
]

/** With what only the cluster itself stores. */
export const STORED_HEADERS: readonly string[] = [...CLIENT_STORED_HEADERS, 'x-static-large-object']
