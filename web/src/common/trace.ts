/** How events pass, as `GET /v1/trace` tells it: records, figures, and events with what they caused. */
import { signal } from "@preact/signals";
import { address, key } from "./api";

export interface Topic {
  topic: string;
  kind: "input" | "output" | "internal" | "dead-letters";
  producers: string[];
  consumers: string[];
  tables: string[];
}
export interface Graph {
  services: string[];
  topics: Topic[];
}
export interface Passed {
  topic: string;
  partition: number;
  offset: number;
  key: string;
  type: string;
  id: string;
  cause: string | null;
  correlation: string;
  caused_on: string | null;
  time_ms: number;
  written_ms: number;
  latency_ms: number | null;
}
export interface Way {
  from: string;
  service: string;
  to: string;
  total: number;
  per_s: number;
  p50_ms: number | null;
  p99_ms: number | null;
}
export interface TopicFigures {
  topic: string;
  total: number;
  per_s: number;
  offsets: Record<string, number>;
}
export interface Figures {
  topics: TopicFigures[];
  ways: Way[];
  skipped: number;
}
/** An event from outside, and what it caused so far. */
export interface Story {
  event: Passed;
  outputs: Passed[];
}
export type State = "connecting" | "live" | "lost" | "forbidden" | "off";

const STORIES_MAX = 120;
const RETRY_MS_MAX = 15000;

/** One watcher; `close` ends it. */
export class Trace {
  readonly state = signal<State>("connecting");
  readonly graph = signal<Graph | null>(null);
  readonly figures = signal<Figures>({ topics: [], ways: [], skipped: 0 });
  readonly stories = signal<readonly Story[]>([]);
  readonly leftOut = signal(0);
  /** Called with each few records. */
  heard: (records: Passed[]) => void = () => {};
  private byId = new Map<string, Story>();
  private ended = new AbortController();

  constructor(private readonly filter: { user?: string; event?: string } = {}) {
    void this.run();
  }

  close(): void {
    this.ended.abort();
  }

  private async run(): Promise<void> {
    let wait = 500;
    while (!this.ended.signal.aborted) {
      try {
        const secret = key();
        const answer = await fetch(address("/v1/trace", this.filter), {
          signal: this.ended.signal,
          headers: secret ? { Authorization: `Bearer ${secret}` } : {},
        });
        if (answer.status === 404) this.state.value = "off";
        else if (answer.status === 401 || answer.status === 403) this.state.value = "forbidden";
        if (!answer.ok || !answer.body) {
          if (answer.status < 500) return;
          throw new Error(answer.statusText);
        }
        this.state.value = "live";
        wait = 500;
        for await (const [name, data] of serverSentEvents(answer.body)) this.take(name, data);
      } catch {
        if (this.ended.signal.aborted) return;
      }
      this.state.value = "lost";
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(wait * 2, RETRY_MS_MAX);
    }
  }

  private take(name: string, data: any): void {
    if (name === "graph") this.graph.value = data;
    else if (name === "figures") this.figures.value = data;
    else if (name === "records") {
      this.leftOut.value = data.left_out;
      this.tell(data.records);
    }
  }

  private tell(records: Passed[]): void {
    const kinds = new Map(this.graph.value?.topics.map((each) => [each.topic, each.kind]));
    for (const record of records) {
      if (kinds.get(record.topic) === "input") {
        if (!this.byId.has(record.id)) this.byId.set(record.id, { event: record, outputs: [] });
        continue;
      }
      const root =
        this.byId.get(record.correlation) ?? (record.cause ? this.byId.get(record.cause) : undefined);
      const known = root?.outputs.some(
        (o) => o.topic === record.topic && o.partition === record.partition && o.offset === record.offset,
      );
      if (root && !known) {
        this.byId.set(root.event.id, { ...root, outputs: [...root.outputs, record] });
      }
    }
    const extra = this.byId.size - STORIES_MAX;
    if (extra > 0) for (const id of [...this.byId.keys()].slice(0, extra)) this.byId.delete(id);
    this.stories.value = [...this.byId.values()].reverse();
    this.heard(records);
  }
}

/** Name and data of each event of a stream. */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<[string, any]> {
  const reader = body.pipeThrough(new TextDecoderStream() as any).getReader() as any;
  let waiting = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    waiting += value;
    const blocks = waiting.split("\n\n");
    waiting = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map<string, string>();
      for (const line of block.split("\n")) {
        const at = line.indexOf(": ");
        if (at > 0) fields.set(line.slice(0, at), line.slice(at + 2));
      }
      const data = fields.get("data");
      if (data !== undefined) yield [fields.get("event") ?? "message", JSON.parse(data)];
    }
  }
}
