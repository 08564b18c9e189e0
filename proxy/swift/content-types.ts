/**
 * The content type of an upload that names none, guessed from the name's ending. The types are those that IANA
 * registered or that Debian's `mime.types` gives, for endings that people upload; anything else is
 * `application/octet-stream`, as in OpenStack Swift.
 */
export const UNKNOWN_TYPE = 'application/octet-stream'

const ENDINGS_OF_TYPES: Readonly<Record<string, string>> = {
  'application/epub+zip': 'epub',
  'application/java-archive': 'jar',
  'application/json': 'json',
  'application/msword': 'doc dot',
  'application/octet-stream': 'bin deploy msu msp',
  'application/ogg': 'ogx',
  'application/pdf': 'pdf',
  'application/pgp-signature': 'sig',
  'application/postscript': 'ps ai eps',
  'application/rss+xml': 'rss',
  'application/rtf': 'rtf',
  'application/vnd.debian.binary-package': 'deb ddeb udeb',
  'application/vnd.ms-excel': 'xls xlb xlt',
  'application/vnd.ms-powerpoint': 'ppt pps',
  'application/vnd.oasis.opendocument.presentation': 'odp',
  'application/vnd.oasis.opendocument.spreadsheet': 'ods',
  'application/vnd.oasis.opendocument.text': 'odt',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'pptx',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/wasm': 'wasm',
  'application/x-7z-compressed': '7z',
  'application/x-apple-diskimage': 'dmg',
  'application/x-iso9660-image': 'iso',
  'application/x-qemu-disk': 'qcow2',
  'application/x-redhat-package-manager': 'rpm',
  'application/x-sh': 'sh',
  'application/x-tar': 'tar tgz taz tz tbz2 txz',
  'application/xhtml+xml': 'xhtml xht',
  'application/xml': 'xml xsd',
  'application/zip': 'zip',
  'application/zstd': 'zst',
  'audio/aac': 'aac',
  'audio/flac': 'flac',
  'audio/midi': 'mid midi kar',
  'audio/mp4': 'm4a',
  'audio/mpeg': 'mp3 mp2 mpga mpega',
  'audio/ogg': 'ogg oga opus spx',
  'audio/x-wav': 'wav',
  'font/otf': 'otf',
  'font/ttf': 'ttf',
  'font/woff': 'woff',
  'font/woff2': 'woff2',
  'image/avif': 'avif',
  'image/bmp': 'bmp',
  'image/gif': 'gif',
  'image/heic': 'heic',
  'image/jpeg': 'jpeg jpg jpe jfif',
  'image/png': 'png',
  'image/svg+xml': 'svg svgz',
  'image/tiff': 'tiff tif',
  'image/vnd.microsoft.icon': 'ico',
  'image/webp': 'webp',
  'message/rfc822': 'eml',
  'text/calendar': 'ics icz',
  'text/css': 'css',
  'text/csv': 'csv',
  'text/html': 'html htm shtml',
  'text/javascript': 'js mjs',
  'text/markdown': 'md markdown',
  'text/plain': 'txt text asc log conf def list pot brf srt',
  'text/tab-separated-values': 'tsv',
  'text/vcard': 'vcf vcard',
  'text/x-c++src': 'cpp cxx cc c++',
  'text/x-chdr': 'h',
  'text/x-csrc': 'c',
  'text/x-java': 'java',
  'text/x-perl': 'pl pm',
  'text/x-python': 'py',
  'video/mp2t': 'ts',
  'video/mp4': 'mp4 m4v',
  'video/mpeg': 'mpeg mpg mpe',
  'video/ogg': 'ogv',
  'video/quicktime': 'qt mov',
  'video/webm': 'webm',
  'video/x-matroska': 'mkv mpv',
  'video/x-ms-wmv': 'wmv',
  'video/x-msvideo': 'avi',
}

const TYPE_OF_ENDING: ReadonlyMap<string, string> = new Map(
  Object.entries(ENDINGS_OF_TYPES).flatMap(([type, endings]) =>
    endings.split(' ').map((ending) => [ending, type] as const),
  ),
)

/** What an ending in front of these says is the type; the compression itself is none. In this case only, as Python. */
const COMPRESSION = /\.(gz|Z|bz2|xz|br)$/

/** The type that an object's name suggests. `a.txt.gz` is `text/plain`, `a.gz` nothing known, as in Swift. */
export function guessedType(name: string): string {
  const file = name.slice(name.lastIndexOf('/') + 1).replace(COMPRESSION, '')
  const dot = file.lastIndexOf('.')
  if (dot <= 0) return UNKNOWN_TYPE
  return TYPE_OF_ENDING.get(file.slice(dot + 1).toLowerCase()) ?? UNKNOWN_TYPE
}
