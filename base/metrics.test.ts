import t from 'tap'
import { Metrics } from './metrics.ts'

void t.test('counters, gauges and histograms are rendered for Prometheus', async (t) => {
  const metrics = new Metrics()
  const requests = metrics.counter({ name: 'martlet_requests_total', help: 'Requests.', labels: ['method'] })
  const gets = requests.with({ method: 'GET' })
  gets.add()
  gets.add(2)
  const waiting = metrics.gauge({ name: 'martlet_waiting', help: 'Waiting.' }).with({})
  waiting.set(5)
  waiting.add(-2)
  const latency = metrics
    .histogram({ name: 'martlet_latency_seconds', help: 'Latency.', labels: ['method'], buckets: [0.1, 1] })
    .with({ method: 'GET' })
  latency.observe(0.05)
  latency.observe(0.5)
  const { contentType, text } = await metrics.render()
  t.match(contentType, /^text\/plain/)
  t.match(text, 'martlet_requests_total{method="GET"} 3')
  t.match(text, 'martlet_waiting 3')
  t.match(text, 'martlet_latency_seconds_bucket{le="0.1",method="GET"} 1')
  t.match(text, 'martlet_latency_seconds_bucket{le="1",method="GET"} 2')
  t.match(text, 'martlet_latency_seconds_count{method="GET"} 2')
})

void t.test('an observed gauge is asked when somebody looks', async (t) => {
  const metrics = new Metrics()
  let asked = 0
  metrics.observedGauge({ name: 'martlet_queue', help: 'Queue.' }, () => {
    asked += 1
    return asked * 10
  })
  t.match((await metrics.render()).text, 'martlet_queue 10')
  t.match((await metrics.render()).text, 'martlet_queue 20')
})

void t.test('two sets of metrics do not know of each other', async (t) => {
  const one = new Metrics()
  const other = new Metrics()
  one.counter({ name: 'martlet_a_total', help: 'A.' }).with({}).add()
  other.counter({ name: 'martlet_a_total', help: 'A.' }).with({}).add(5)
  t.match((await one.render()).text, 'martlet_a_total 1')
  t.match((await other.render()).text, 'martlet_a_total 5')
})

void t.test('a name used twice is our own mistake', async (t) => {
  const metrics = new Metrics()
  metrics.counter({ name: 'martlet_a_total', help: 'A.' })
  t.throws(() => metrics.counter({ name: 'martlet_a_total', help: 'A.' }))
})
