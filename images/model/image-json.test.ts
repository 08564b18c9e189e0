/** Images are written once for all lists, and anew when they change. */
import t from 'tap'
import { PLAIN_IMAGE } from '../testing/plain-image.ts'
import { ImageJson } from './image-json.ts'
import { newImage } from './image-record.ts'
import { imageView } from './image-view.ts'

const OPTIONS = { stores: 'one', locations: 'hidden' } as const
const IMAGE = newImage(
  { ...PLAIN_IMAGE, name: 'an "image"', tags: ['fine'], properties: { colour: 'röd' } },
  'one',
  0,
)

t.test('what is written of an image is its view, and that of a changed one the changed view', async (t) => {
  const json = new ImageJson(OPTIONS)
  for (const image of [IMAGE, IMAGE, { ...IMAGE, name: 'changed' }]) {
    t.same(JSON.parse(json.of(image)), JSON.parse(JSON.stringify(imageView(image, OPTIONS))))
  }
})
