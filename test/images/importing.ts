/** How tests ask for imports, and wait for them. */
import type { AskImages } from '#images/testing/test-images.ts'

/** Waits until the image is in a state, or is not importing any more. */
export async function settled(ask: AskImages, id: string): Promise<Record<string, unknown>> {
  for (let tries = 0; tries < 500; tries += 1) {
    const { json } = await ask('GET', `/v2/images/${id}`)
    if (json['status'] !== 'importing' && !('os_glance_import_task' in json)) return json
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  throw new Error('the import did not end')
}

export function importing(
  ask: AskImages,
  id: string,
  method: object,
  more: object = {},
): ReturnType<AskImages> {
  return ask('POST', `/v2/images/${id}/import`, { body: { method, ...more } })
}
