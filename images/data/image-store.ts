/**
 * What keeps the bytes of images. The registry decides what an image is and when it may be used; a store only keeps bytes
 * under keys, whole and durable, and gives back any part of them.
 */
import type { BodyStream } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import type { OperationContext } from '#store/operation.ts'
import type { ImageRecord } from '../model/image-record.ts'
import type { Refusal } from '../refusal.ts'

export interface StoredBytes {
  readonly sizeBytes: number
}

export type BytesRead =
  | { readonly kind: 'found'; readonly sizeBytes: number; readonly body: BodyStream }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly reason: string }

export interface WriteOptions {
  /** What the bytes are, asked after the last of them; a store may keep it beside them, for `rebuild.ts`. */
  readonly describe?: (() => ImageRecord | undefined) | undefined
  /** How many bytes there are, where that is certain beforehand: a source that gives others fails. */
  readonly sizeBytes?: number | undefined
}

/** Bytes on their way to a store, read once, in order. */
export type ByteSource = AsyncIterable<Buffer>

export interface ImageStore {
  readonly id: string
  readonly description: string
  /** As told in `/info/stores/detail`. */
  readonly type: 'cluster' | 'file' | 's3' | 'swift' | 'http'
  readonly access: 'writable' | 'read_only'
  /**
   * Keeps all bytes of the source under a key that nobody used before; durable on return. When the source fails, the
   * promise rejects with its error; what was kept until then is removed with `remove`.
   */
  write(
    context: OperationContext,
    key: string,
    source: ByteSource,
    options?: WriteOptions,
  ): Promise<StoredBytes | Refusal>
  /** All bytes, or a range within them. The caller reads the body to its end or cancels it. */
  read(context: OperationContext, key: string, range: ByteRange | undefined): Promise<BytesRead>
  /** Removes everything under the key, also what a broken write left. Tells whether it is gone. */
  remove(context: OperationContext, key: string): Promise<boolean>
  readonly properties: Readonly<Record<string, string | number | boolean>>
}
