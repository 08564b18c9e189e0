import fc from 'fast-check'
import t from 'tap'
import { humanSize, type ListedRow, listingPage } from './listing-page.ts'
import { webSettingsOf } from './web-settings.ts'

const settings = webSettingsOf(undefined)
const name = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((text) => text.isWellFormed()),
  fc
    .array(
      fc.constantFrom('<', '>', '"', "'", '&', '/', '..', 'javascript:', ' ', 'a', '%2e', '\u00fc', '//'),
      { minLength: 1, maxLength: 8 },
    )
    .map((parts) => parts.join('')),
)

function page(names: readonly string[], label: string, type: string): string {
  const rows: readonly ListedRow[] = names.map((one) => ({
    name: one,
    bytes: 1,
    content_type: type,
    last_modified: '2026-01-02T03:04:05.678900',
  }))
  return listingPage({ label, prefix: '', rows, settings })
}

t.test('no name, label or type writes a tag or leaves its attribute', async () => {
  const empty = page([''], '', 'a/b').replaceAll(/[^<>"]/g, '')
  fc.assert(
    fc.property(
      name,
      name,
      name,
      (object, label, type) => page([object], label, type).replaceAll(/[^<>"]/g, '') === empty,
    ),
  )
})

t.test('every link leads to its object, below the folder', async () => {
  const folder = 'http://site.example/v1/AUTH_test/c/folder/'
  fc.assert(
    fc.property(
      name.filter((object) => !/(^|\/)\.\.?(\/|$)/.test(object)),
      (object) => {
        const href = /class="colname"><a href="([^"]*)">/.exec(page([object], 'x', 'a/b'))?.[1] ?? ''
        const { href: led } = new URL(href, folder)
        return led.startsWith(folder) && decodeURIComponent(led.slice(folder.length)) === object
      },
    ),
  )
})

t.test('sizes are rounded as Swift rounds them', async (t) => {
  const sizes = {
    0: '0',
    1023: '1023',
    1024: '1Ki',
    1535: '1Ki',
    1536: '2Ki',
    2560: '2Ki',
    3584: '4Ki',
    1048576: '1Mi',
    5368709122: '5Gi',
  }
  for (const [bytes, text] of Object.entries(sizes)) t.equal(humanSize(Number(bytes)), text, bytes)
})
