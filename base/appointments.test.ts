import fc from 'fast-check'
import t from 'tap'
import { type Appointment, Appointments } from './appointments.ts'

/** Adds one that is due then, calls off one of those that were added, or takes the next. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('add' as const), dueMs: fc.nat(20) }),
    fc.record({ kind: fc.constant('call_off' as const), which: fc.nat(300) }),
    fc.record({ kind: fc.constant('take' as const) }),
  ),
  { maxLength: 600 },
)

t.test('the next one comes first, and none that was called off', async (t) => {
  fc.assert(
    fc.property(steps, (taken) => {
      const appointments = new Appointments()
      const made: Appointment[] = []
      const waiting = new Set<Appointment>()
      const called: number[] = []
      for (const step of taken) {
        if (step.kind === 'add') {
          const order = made.length
          const appointment = { dueMs: step.dueMs, order, callback: () => void called.push(order) }
          made.push(appointment)
          waiting.add(appointment)
          appointments.add(appointment)
        } else if (step.kind === 'call_off') {
          const appointment = made[step.which]
          if (appointment === undefined) continue
          appointments.callOff(appointment)
          waiting.delete(appointment)
        } else {
          const [first] = [...waiting].toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order)
          t.equal(appointments.nextDueMs, first?.dueMs)
          appointments.take()?.callback()
          if (first === undefined) continue
          waiting.delete(first)
          t.equal(called.at(-1), first.order)
        }
        t.equal(appointments.size, waiting.size)
      }
    }),
    { numRuns: 50 },
  )
})

t.test('many that are called off leave nothing behind', async (t) => {
  const appointments = new Appointments()
  const last = { dueMs: 5_000, order: 1_000_000, callback: () => {} }
  appointments.add(last)
  for (let order = 0; order < 10_000; order += 1) {
    const appointment = { dueMs: order, order, callback: () => {} }
    appointments.add(appointment)
    appointments.callOff(appointment)
  }
  t.equal(appointments.size, 1)
  t.equal(appointments.nextDueMs, 5_000)
})
