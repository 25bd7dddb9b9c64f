/** The live drawing of events' ways through topics and services, with a table that says the same. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Dots } from "./flow-dots";
import { DEAD_LETTERS, layoutOf, pathOf, type Box, type Layout } from "./flow-layout";
import { Details, Stories, Twin } from "./flow-tables";
import { milliseconds, number, rate } from "./format";
import { say } from "./language";
import { serviceName, topicName } from "./names";
import { Trace, type Figures, type Graph, type Passed, type State, type Story } from "./trace";
import "./flow.css";

/** `userId`: a switch shows what this user does alone. */
export function Flow({ userId }: { userId?: string | undefined }) {
  const mine = useSignal(false);
  const user = userId && mine.value ? userId : undefined;
  const trace = useMemo(() => new Trace(user ? { user } : {}), [user]);
  useEffect(() => () => trace.close(), [trace]);
  const chosen = useSignal<string | null>(null);
  const box = useSignal<string | null>(null);
  const paused = useSignal(false);
  const state = trace.state.value;
  const graph = trace.graph.value;
  const story = trace.stories.value.find((each) => each.event.id === chosen.value);
  return (
    <section class="flow" aria-label={say(["Ways of events", "事件的去向"])}>
      <div class="flow-bar">
        <Sign state={state} />
        <button type="button" aria-pressed={paused.value} onClick={() => (paused.value = !paused.value)}>
          {say(["Hold still", "暂停画面"])}
        </button>
        {userId && (
          <label class="flow-mine">
            <input type="checkbox" checked={mine.value} onChange={() => (mine.value = !mine.value)} />
            {say(["only what I do", "只看我的操作"])}
          </label>
        )}
        {trace.leftOut.value > 0 && (
          <span class="flow-quiet">
            {say([
              `${number(trace.leftOut.value)} records not drawn`,
              `${number(trace.leftOut.value)} 条记录未画出`,
            ])}
          </span>
        )}
      </div>
      {graph && state !== "off" && state !== "forbidden" && (
        <>
          <Drawing
            trace={trace}
            graph={graph}
            figures={trace.figures.value}
            story={story}
            box={box.value}
            paused={paused.value}
            choose={(id) => (box.value = box.value === id ? null : id)}
          />
          {box.value && (
            <Details id={box.value} graph={graph} figures={trace.figures.value} close={() => (box.value = null)} />
          )}
          <Stories
            stories={trace.stories.value}
            paused={paused.value}
            chosen={chosen.value}
            choose={(id) => (chosen.value = chosen.value === id ? null : id)}
          />
          <Twin graph={graph} figures={trace.figures.value} />
        </>
      )}
    </section>
  );
}

function Sign({ state }: { state: State }) {
  const words = {
    connecting: say(["connecting …", "连接中……"]),
    live: say(["live", "实时"]),
    lost: say(["connection lost, trying again …", "连接中断，正在重试……"]),
    forbidden: say([
      "The way of events takes a secret key of the gateway.",
      "查看事件去向需要网关的密钥。",
    ]),
    off: say(["This gateway does not trace events (GATEWAY_TRACE).", "此网关未开启事件追踪（GATEWAY_TRACE）。"]),
  };
  return (
    <span class={`flow-state flow-state-${state}`} role="status">
      {words[state]}
    </span>
  );
}

interface DrawingProps {
  trace: Trace;
  graph: Graph;
  figures: Figures;
  story: Story | undefined;
  box: string | null;
  paused: boolean;
  choose: (id: string) => void;
}

function Drawing({ trace, graph, figures, story, box, paused, choose }: DrawingProps) {
  const frame = useRef<HTMLDivElement>(null);
  const place = useRef<SVGGElement>(null);
  const width = useSignal(0);
  useEffect(() => {
    const seen = new ResizeObserver(([entry]) => {
      if (entry) width.value = Math.round(entry.contentRect.width);
    });
    if (frame.current) seen.observe(frame.current);
    return () => seen.disconnect();
  }, []);
  const layout = useMemo(
    () => (width.value > 0 ? layoutOf(graph, width.value) : null),
    [graph, width.value],
  );
  const ids = useMemo(() => new Set(story ? [story.event.id] : []), [story?.event.id]);
  useEffect(() => {
    if (!place.current || !layout || paused) return;
    const dots = new Dots(place.current);
    dots.layout = layout;
    trace.heard = (records) => dots.show(records, graph, ids);
    if (story) dots.show([story.event, ...story.outputs], graph, ids);
    return () => {
      trace.heard = () => {};
      dots.stop();
    };
  }, [trace, graph, layout, ids, paused]);
  return (
    <div class="flow-frame" ref={frame}>
      {layout && (
        <svg
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          width={layout.width}
          height={layout.height}
          role="img"
          aria-label={say([
            "Topics of the shop on the left, services in the middle, what they publish on the right. " +
              "The table below says the same.",
            "左边是商店的主题，中间是服务，右边是它们发布的内容；下方表格内容相同。",
          ])}
        >
          <Wires layout={layout} figures={figures} story={story} />
          <g ref={place} />
          {[...layout.boxes.values()].map((each) => (
            <Node
              key={each.id}
              box={each}
              wide={layout.wide}
              figures={figures}
              graph={graph}
              lit={each.id === box || onTheWay(each.id, story, graph)}
              choose={choose}
            />
          ))}
        </svg>
      )}
    </div>
  );
}

/** Boxes that an event and its outputs passed. */
function onTheWay(id: string, story: Story | undefined, graph: Graph): boolean {
  if (!story) return false;
  const all: Passed[] = [story.event, ...story.outputs];
  if (all.some((each) => each.topic === id)) return true;
  if (id === DEAD_LETTERS) return story.outputs.some((each) => each.topic.endsWith(".dlq"));
  return story.outputs.some((each) =>
    graph.topics.some((t) => t.topic === each.topic && t.producers.some((p) => `service:${p}` === id)),
  );
}

interface WiresProps {
  layout: Layout;
  figures: Figures;
  story: Story | undefined;
}

function Wires({ layout, figures, story }: WiresProps) {
  const flow = new Map<string, number>();
  for (const way of figures.ways) {
    for (const id of [`${way.from}>service:${way.service}`, `service:${way.service}>${way.to}`]) {
      flow.set(id, (flow.get(id) ?? 0) + way.per_s);
    }
  }
  const taken = new Set(
    (story?.outputs ?? []).flatMap((each) => {
      const way = figures.ways.find((w) => w.from === each.caused_on && w.to === each.topic);
      return way ? [`${way.from}>service:${way.service}`, `service:${way.service}>${way.to}`] : [];
    }),
  );
  return (
    <g>
      {[...layout.wires.values()].map((wire) => {
        const perS = flow.get(wire.id) ?? 0;
        const kind = taken.has(wire.id) ? "flow-wire-taken" : wire.table ? "flow-wire-table" : "";
        return (
          <path
            key={wire.id}
            d={pathOf(wire.points)}
            class={`flow-wire ${kind} ${perS > 0 ? "flow-wire-live" : ""}`}
            stroke-width={taken.has(wire.id) ? 3 : 1 + Math.min(3, Math.log10(1 + perS))}
          />
        );
      })}
    </g>
  );
}

interface NodeProps {
  box: Box;
  wide: boolean;
  figures: Figures;
  graph: Graph;
  lit: boolean;
  choose: (id: string) => void;
}

function Node({ box, wide, figures, lit, choose }: NodeProps) {
  const [name, below] = wordsOf(box, wide, figures);
  // The longest names still fit: "category sentiment", "recommender" in bold.
  const size = wide ? 14 : 10.5;
  const middle = box.kind === "service";
  const x = middle ? box.x + box.width / 2 : box.x + 8;
  return (
    <g
      class={`flow-box flow-box-${box.kind} ${lit ? "flow-box-lit" : ""}`}
      onClick={() => choose(box.id)}
    >
      <rect x={box.x + 0.5} y={box.y + 0.5} width={box.width - 1} height={box.height - 1} rx={8} />
      <text x={x} y={box.y + box.height / 2 + (below ? -4 : size / 3)} font-size={size} text-anchor={middle ? "middle" : "start"}>
        {name}
      </text>
      <text
        x={x}
        y={box.y + box.height / 2 + size}
        font-size={size - 1.5}
        class="flow-box-below"
        text-anchor={middle ? "middle" : "start"}
      >
        {below}
      </text>
    </g>
  );
}

/** Its name, and its figures in one line. */
function wordsOf(box: Box, wide: boolean, figures: Figures): [string, string] {
  if (box.kind === "service") {
    const name = box.id.slice("service:".length);
    const ways = figures.ways.filter((way) => way.service === name);
    return [serviceName(name), ways.length ? rate(ways.reduce((sum, way) => sum + way.per_s, 0)) : ""];
  }
  if (box.kind === "dead-letters") {
    const letters = figures.topics.filter((each) => each.topic.endsWith(".dlq"));
    const total = letters.reduce((sum, each) => sum + each.total, 0);
    return [say(["dead letters", "死信"]), total ? number(total) : say(["none lately", "近期没有"])];
  }
  const own = figures.topics.find((each) => each.topic === box.id);
  if (!own) return [topicName(box.id), ""];
  const ways = figures.ways.filter((way) => way.to === box.id && way.p50_ms !== null);
  const main = ways.sort((a, b) => b.total - a.total)[0];
  if (!main) return [topicName(box.id), rate(own.per_s)];
  const latency = wide
    ? `p50 ${number(main.p50_ms ?? 0)} · p99 ${number(main.p99_ms ?? 0)} ms`
    : milliseconds(main.p50_ms);
  return [topicName(box.id), `${rate(own.per_s)} · ${latency}`];
}
