/**
 * What a verb could not foresee: an exception is logged once, here, and answered without telling the peer how our code
 * looks inside. When it took the device out of service the answer is 507, so that the proxy goes elsewhere at once.
 */
import type { Logger } from '#base/log.ts'
import type { Layer } from '#http/message.ts'
import { answer } from './answers.ts'
import type { Drive } from './drive-state.ts'

export function failureLayer(drive: Drive, log: Logger): Layer {
  return (inner) => async (request) => {
    try {
      return await inner(request)
    } catch (error) {
      const txId = request.headers['x-trans-id']
      log.error({ err: error, method: request.method, path: request.path, txId }, 'request failed')
      await request.body.cancel()
      const { kind } = await drive.state()
      return kind === 'failed' ? drive.refusal().response : answer(500)
    }
  }
}
