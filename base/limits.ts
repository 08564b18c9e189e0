/** Numeric limits, each with its unit and its source. What an operator may change is an option whose default is here. */

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

/** Largest single object (OpenStack Swift `[swift-constraints] max_file_size`: 5 GiB + 2). */
export const MAX_FILE_SIZE_BYTES = 5 * GIB + 2
/** `max_account_name_length`, bytes of UTF-8. */
export const MAX_ACCOUNT_NAME_BYTES = 256
/** `max_container_name_length`, bytes of UTF-8. */
export const MAX_CONTAINER_NAME_BYTES = 256
/** `max_object_name_length`, bytes of UTF-8. */
export const MAX_OBJECT_NAME_BYTES = 1024
/** Of a name in the cluster's own namespace: an object's longest name, and what we put around it (a version, an upload). */
export const MAX_RESERVED_NAME_BYTES = MAX_OBJECT_NAME_BYTES + 256
/** `max_meta_name_length`, bytes. */
export const MAX_META_NAME_BYTES = 128
/** `max_meta_value_length`, bytes. */
export const MAX_META_VALUE_BYTES = 256
/**
 * Name or value of one metadata item as storage keeps it, bytes: through S3 one item may be as long as all of an object's
 * together (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html). The Swift door keeps to its own limits.
 */
export const MAX_STORED_META_ITEM_BYTES = 2 * KIB
/** `max_meta_count`, items. */
export const MAX_META_COUNT = 90
/** `max_meta_overall_size`, bytes of names and values together. */
export const MAX_META_OVERALL_BYTES = 4096
/** `max_header_size`: one header line, bytes. */
export const MAX_HEADER_LINE_BYTES = 8192
/** Headers of one request: 90 metadata items, 36 others (Swift `max_header_count` default plus `extra_header_count`). */
export const MAX_HEADER_COUNT = 126
/** All header lines of a request together, bytes. */
export const MAX_HEADERS_BYTES = 128 * KIB
/** `container_listing_limit` and `account_listing_limit`, default and most. */
export const LISTING_LIMIT = 10_000
/** Ranges of one GET (OpenStack Swift `MAX_RANGES`). */
export const MAX_RANGES = 50
/** Ranges that overlap (`MAX_RANGE_OVERLAPS`) and that are not in ascending order (`MAX_NONASCENDING_RANGES`). */
export const MAX_RANGE_OVERLAPS = 2
export const MAX_NONASCENDING_RANGES = 8
/** A data file carries one CRC-32 per block of this many bytes (`docs/on-disk.md`). */
export const BLOCK_BYTES = 1 * MIB
/** Pieces in which bodies are read from disk and sockets. */
export const CHUNK_BYTES = 64 * KIB
/** Bodies up to this size are held whole in the proxy until the answer, so that a refusing node can be replaced. */
export const SMALL_BODY_BYTES = 64 * KIB
/** Storage refuses timestamps further in the future than this, seconds (`docs/architecture.md`, "Time"). */
export const MAX_CLOCK_AHEAD_SECONDS = 60
/** Tombstones and dark data are kept this long, seconds (Swift `reclaim_age`). */
export const RECLAIM_AGE_SECONDS = 7 * 24 * 3600
/** Tokens of `/auth/v1.0` live this long, seconds (Swift tempauth `token_life`). */
export const TOKEN_LIFE_SECONDS = 86_400
