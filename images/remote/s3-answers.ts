/** What an S3 says in XML, as far as a store of images asks. Plain texts between tags; nothing nests, nothing expands. */

const REFERENCES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&amp;': '&',
}

/** The texts of all elements of this name, in order. Linear in the length of the document. */
export function textsOf(xml: Buffer, name: string): readonly string[] {
  const document = xml.toString('utf8')
  const [open, close] = [`<${name}>`, `</${name}>`]
  const texts: string[] = []
  for (let at = document.indexOf(open); at >= 0; at = document.indexOf(open, at)) {
    const end = document.indexOf(close, at)
    if (end < 0) break
    texts.push(unescaped(document.slice(at + open.length, end)))
    at = end
  }
  return texts
}

export function textOf(xml: Buffer, name: string): string | undefined {
  return textsOf(xml, name)[0]
}

function unescaped(text: string): string {
  return text.replace(/&(?:lt|gt|quot|apos|amp);/g, (reference) => REFERENCES[reference] ?? reference)
}

/** The body that completes an upload of parts. */
export function completion(etags: readonly string[]): Buffer {
  const parts = etags.map((etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${etag}</ETag></Part>`)
  const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'
  return Buffer.from(
    `<CompleteMultipartUpload xmlns="${namespace}">${parts.join('')}</CompleteMultipartUpload>`,
  )
}
