/**
 * What a process counts and measures, for Prometheus. Labels are bound once, where the thing that counts is made; what
 * runs per request is one call on the bound metric.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface MetricSpec<Label extends string> {
  /** `martlet_…`, with the unit at the end (`_seconds`, `_bytes`), `_total` for counters. */
  readonly name: string
  readonly help: string
  readonly labels?: readonly Label[]
}

export type LabelValues<Label extends string> = Readonly<Record<Label, string>>

/** Only ever grows. */
export interface BoundCounter {
  add(amount?: number): void
}

/** Goes up and down. */
export interface BoundGauge {
  set(value: number): void
  add(amount: number): void
}

/** Counts observations in buckets. */
export interface BoundHistogram {
  observe(value: number): void
}

/** A metric with labels to be given. Bind early, use often. */
export interface Family<Label extends string, Bound> {
  with(values: LabelValues<Label>): Bound
}

/** What an observed gauge shows for one set of labels. */
export interface ObservedValue<Label extends string> {
  readonly labels: LabelValues<Label>
  readonly value: number
}

/** Seconds: from a cached read to a request that timed out. */
export const LATENCY_BUCKETS_SECONDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]

/** The metrics of one process. Names are unique in it; a second metric of the same name throws. */
export class Metrics {
  readonly #registry = new Registry()

  /** Adds the process's own figures: processor time, memory, event loop lag, open files. */
  includeProcess(): void {
    collectDefaultMetrics({ register: this.#registry })
  }

  counter<Label extends string = never>(spec: MetricSpec<Label>): Family<Label, BoundCounter> {
    const counter = new Counter<Label>(this.#configuration(spec))
    return {
      with: (values) => {
        const bound = counter.labels(values)
        return { add: (amount = 1) => bound.inc(amount) }
      },
    }
  }

  gauge<Label extends string = never>(spec: MetricSpec<Label>): Family<Label, BoundGauge> {
    const gauge = new Gauge<Label>(this.#configuration(spec))
    return {
      with: (values) => {
        const bound = gauge.labels(values)
        return { set: (value) => bound.set(value), add: (amount) => bound.inc(amount) }
      },
    }
  }

  /** A gauge that is asked when somebody looks. */
  observedGauge(spec: MetricSpec<never>, read: () => number): void {
    const gauge: Gauge = new Gauge({ ...this.#configuration(spec), collect: () => gauge.set(read()) })
  }

  /** A gauge with labels that is asked when somebody looks. Labels that are not given any more are forgotten. */
  observedGauges<Label extends string>(
    spec: MetricSpec<Label>,
    read: () => Promise<readonly ObservedValue<Label>[]>,
  ): void {
    const gauge: Gauge<Label> = new Gauge<Label>({
      ...this.#configuration(spec),
      collect: async () => {
        const values = await read()
        gauge.reset()
        for (const { labels, value } of values) gauge.labels(labels).set(value)
      },
    })
  }

  histogram<Label extends string = never>(
    spec: MetricSpec<Label> & { readonly buckets?: readonly number[] },
  ): Family<Label, BoundHistogram> {
    const buckets = [...(spec.buckets ?? LATENCY_BUCKETS_SECONDS)]
    const histogram = new Histogram<Label>({ ...this.#configuration(spec), buckets })
    return { with: (values) => histogram.labels(values) }
  }

  /** Everything in Prometheus's text form, and the content type it is sent with. */
  async render(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  #configuration<Label extends string>(
    spec: MetricSpec<Label>,
  ): { name: string; help: string; labelNames: Label[]; registers: Registry[] } {
    return {
      name: spec.name,
      help: spec.help,
      labelNames: [...(spec.labels ?? [])],
      registers: [this.#registry],
    }
  }
}
