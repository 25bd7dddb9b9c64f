/** Where topics and services stand in the drawing, and the curves between them. */
import type { Graph } from "./trace";

export interface Box {
  id: string; // a topic's name, or "service:NAME"
  kind: "input" | "service" | "output" | "dead-letters";
  x: number;
  y: number;
  width: number;
  height: number;
}
/** A cubic Bézier curve. */
export interface Wire {
  id: string; // `${from}>${to}`
  from: string;
  to: string;
  table: boolean; // read whole, not record by record
  points: readonly [number, number, number, number, number, number, number, number];
}
export interface Layout {
  width: number;
  height: number;
  wide: boolean;
  boxes: Map<string, Box>;
  wires: Map<string, Wire>;
}

export const DEAD_LETTERS = "dead-letters";
const NARROW = 600;
const GAP = 8;

export const serviceBox = (name: string): string => `service:${name}`;

/** Three columns: what the shop publishes, who works, what comes out. */
export function layoutOf(graph: Graph, width: number): Layout {
  const wide = width >= NARROW;
  const column = wide ? Math.min(220, width * 0.27) : width * 0.315;
  const middle = wide ? 150 : width * 0.235;
  const height = wide ? 46 : 40;
  const inputs = graph.topics.filter((t) => t.kind === "input").map((t) => t.topic);
  const outputs = graph.topics.filter((t) => t.kind === "output").map((t) => t.topic);
  const right = [...outputs, DEAD_LETTERS];
  const rows = Math.max(inputs.length, right.length);
  const total = rows * (height + GAP) - GAP;
  const boxes = new Map<string, Box>();
  const place = (ids: string[], kind: Box["kind"], x: number, w: number, h: number) => {
    const step = total / ids.length;
    ids.forEach((id, i) => {
      const y = i * step + (step - h) / 2;
      boxes.set(id, { id, kind: id === DEAD_LETTERS ? "dead-letters" : kind, x, y, width: w, height: h });
    });
  };
  place(inputs, "input", 0, column, height);
  const services = graph.services.map(serviceBox);
  place(services, "service", (width - middle) / 2, middle, wide ? 58 : 46);
  place(right, "output", width - column, column, height);
  return { width, height: total, wide, boxes, wires: wiresOf(graph, boxes) };
}

function wiresOf(graph: Graph, boxes: Map<string, Box>): Map<string, Wire> {
  const wires = new Map<string, Wire>();
  const join = (from: string, to: string, table = false) => {
    const a = boxes.get(from);
    const b = boxes.get(to);
    const id = `${from}>${to}`;
    if (!a || !b || a === b || (wires.has(id) && table)) return;
    wires.set(id, { id, from, to, table, points: between(a, b) });
  };
  for (const topic of graph.topics) {
    if (topic.kind === "input") {
      topic.consumers.forEach((name) => join(topic.topic, serviceBox(name)));
      topic.tables.forEach((name) => join(topic.topic, serviceBox(name), true));
    } else if (topic.kind === "output") {
      topic.producers.forEach((name) => join(serviceBox(name), topic.topic));
    } else if (topic.kind === "dead-letters") {
      topic.producers.forEach((name) => join(serviceBox(name), DEAD_LETTERS));
    } else {
      for (const name of topic.producers) {
        for (const other of [...topic.consumers, ...topic.tables]) {
          join(serviceBox(name), serviceBox(other));
        }
      }
    }
  }
  return wires;
}

function between(a: Box, b: Box): Wire["points"] {
  const middleA = a.y + a.height / 2;
  const middleB = b.y + b.height / 2;
  if (a.kind === "service" && b.kind === "service") {
    // From below to above, or round the side where another stands between.
    const down = b.y > a.y;
    const x = a.x + a.width / 2;
    const from = down ? a.y + a.height : a.y;
    const to = down ? b.y : b.y + b.height;
    const near = Math.abs(from - to) < a.height * 2.2;
    const bend = near ? 0 : a.width * 0.62;
    const at = near ? x + (down ? -8 : 8) : a.x + a.width * 0.8;
    return [at, from, at + bend, from + (to - from) * 0.3, at + bend, to - (to - from) * 0.3, at, to];
  }
  const from = a.x + a.width;
  const reach = Math.max(12, (b.x - from) * 0.55);
  return [from, middleA, from + reach, middleA, b.x - reach, middleB, b.x, middleB];
}

export function pathOf([ax, ay, bx, by, cx, cy, dx, dy]: Wire["points"]): string {
  return `M${ax} ${ay}C${bx} ${by} ${cx} ${cy} ${dx} ${dy}`;
}

/** The point at t, 0 to 1. */
export function pointAt(p: Wire["points"], t: number): [number, number] {
  const u = 1 - t;
  const w = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t] as const;
  return [
    w[0] * p[0] + w[1] * p[2] + w[2] * p[4] + w[3] * p[6],
    w[0] * p[1] + w[1] * p[3] + w[2] * p[5] + w[3] * p[7],
  ];
}
