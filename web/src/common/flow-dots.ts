/** Dots that move along the curves as records pass. */
import { pointAt, serviceBox, DEAD_LETTERS, type Layout } from "./flow-layout";
import type { Graph, Passed } from "./trace";

const SVG = "http://www.w3.org/2000/svg";
const DOTS_MAX = 90; // of more records only the figures tell
const STEP_MS = 650;

interface Dot {
  circle: SVGCircleElement;
  wire: string;
  start: number;
}

const still = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

export class Dots {
  private dots: Dot[] = [];
  private free: SVGCircleElement[] = [];
  private frame = 0;
  layout: Layout | null = null;

  constructor(private readonly place: SVGGElement) {}

  /** Begin a dot on each curve that these records took. `chosen`: ids drawn larger. */
  show(records: readonly Passed[], graph: Graph, chosen: ReadonlySet<string>): void {
    if (still() || document.hidden) return;
    const topics = new Map(graph.topics.map((each) => [each.topic, each]));
    const now = performance.now();
    for (const record of records) {
      const topic = topics.get(record.topic);
      if (!topic) continue;
      const large = chosen.has(record.id) || (record.cause !== null && chosen.has(record.cause));
      const from = record.caused_on ? topics.get(record.caused_on) : undefined;
      const depth = from?.kind === "internal" ? 2 : 1;
      if (topic.kind === "input") {
        topic.consumers.forEach((name) => this.begin(`${topic.topic}>${serviceBox(name)}`, now, large, "in"));
        continue;
      }
      const reads = (name: string) => !from || from.consumers.includes(name) || from.tables.includes(name);
      const service = topic.producers.find(reads) ?? topic.producers[0];
      if (!service) continue;
      const start = now + STEP_MS * depth;
      if (topic.kind === "internal") {
        topic.consumers.forEach((name) =>
          this.begin(`${serviceBox(service)}>${serviceBox(name)}`, now + STEP_MS, large, "in"),
        );
      } else {
        const end = topic.kind === "dead-letters" ? DEAD_LETTERS : topic.topic;
        const look = topic.kind === "dead-letters" ? "bad" : "out";
        this.begin(`${serviceBox(service)}>${end}`, start, large, look);
      }
    }
    if (this.dots.length && !this.frame) this.frame = requestAnimationFrame(this.draw);
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    for (const dot of this.dots) dot.circle.remove();
    this.dots = [];
  }

  private begin(wire: string, start: number, large: boolean, look: string): void {
    if (!this.layout?.wires.has(wire) || (this.dots.length >= DOTS_MAX && !large)) return;
    const circle = this.free.pop() ?? (document.createElementNS(SVG, "circle") as SVGCircleElement);
    circle.setAttribute("class", `flow-dot flow-dot-${look}${large ? " flow-dot-large" : ""}`);
    circle.setAttribute("r", large ? "6" : "3.5");
    circle.setAttribute("cx", "-20");
    this.place.append(circle);
    this.dots.push({ circle, wire, start: start + Math.random() * 120 });
  }

  private readonly draw = (now: number): void => {
    const left: Dot[] = [];
    for (const dot of this.dots) {
      const t = (now - dot.start) / STEP_MS;
      const wire = this.layout?.wires.get(dot.wire);
      if (t >= 1 || !wire) {
        dot.circle.remove();
        if (this.free.length < DOTS_MAX) this.free.push(dot.circle);
        continue;
      }
      left.push(dot);
      if (t < 0) continue;
      const [x, y] = pointAt(wire.points, t * t * (3 - 2 * t));
      dot.circle.setAttribute("cx", x.toFixed(1));
      dot.circle.setAttribute("cy", y.toFixed(1));
    }
    this.dots = left;
    this.frame = left.length ? requestAnimationFrame(this.draw) : 0;
  };
}
