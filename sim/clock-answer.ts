/** What each process tells the others of its clock, as the processes of a device do (`node/device-clock.ts`). */
import type { ClockWatch } from '#backend/clock-watch.ts'
import type { Clock } from '#base/environment.ts'
import type { Layer, Request, Response } from '#http/message.ts'
import { CLOCK_PATH, type ClockAnswer } from '#node/device-clock.ts'

export function tellClock(watch: ClockWatch, wall: Clock): Layer {
  const tell = async (request: Request): Promise<Response> => {
    await request.body.cancel()
    const { clock, standing } = watch
    const told: ClockAnswer = { time: clock.wallMs() / 1000, wall: wall.wallMs() / 1000, standing }
    return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(told)) }
  }
  return (inner) => (request) => (request.path === CLOCK_PATH ? tell(request) : inner(request))
}
