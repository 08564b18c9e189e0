/** Archives of machines, as tests make them. */
import { randomBytes } from 'node:crypto'
import { pack } from 'tar-stream'

/** A dynamic VDI of 1 MiB, as far as its header tells. */
export function vdi(): Buffer {
  const bytes = Buffer.alloc(4096)
  bytes.writeUInt32LE(0xbeda107f, 64)
  bytes.writeUInt32LE(0x00010001, 68)
  bytes.writeBigUInt64LE(1_048_576n, 368)
  return Buffer.concat([bytes, randomBytes(70_000)])
}

export function descriptor(
  disks: readonly string[],
  memory = '<rasd:VirtualQuantity>2048</rasd:VirtualQuantity>',
): string {
  const files = disks.map((name, at) => `<File ovf:id="f${at}" ovf:href="${name}"/>`).join('')
  const listed = disks.map((_, at) => `<Disk ovf:diskId="d${at}" ovf:fileRef="f${at}"/>`).join('')
  return `<?xml version="1.0"?>
<Envelope xmlns:rasd="r" xmlns:ovf="o"><References>${files}</References><DiskSection>${listed}</DiskSection>
 <VirtualSystem ovf:id="vm"><Name>web server</Name><VirtualHardwareSection>
  <Item><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>4</rasd:VirtualQuantity></Item>
  <Item><rasd:ResourceType>4</rasd:ResourceType>${memory}</Item>
 </VirtualHardwareSection></VirtualSystem></Envelope>`
}

export async function ova(described: string, files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const archive = pack()
  archive.entry({ name: 'machine.ovf' }, described)
  for (const [name, bytes] of Object.entries(files)) archive.entry({ name }, bytes)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
