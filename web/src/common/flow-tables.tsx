/** What the drawing shows, as tables: one box, the newest events, and everything. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { DEAD_LETTERS } from "./flow-layout";
import { milliseconds, number, rate } from "./format";
import { locale, say } from "./language";
import { serviceName, topicName, typeName } from "./names";
import type { Figures, Graph, Story, TopicFigures, Way } from "./trace";

const STORIES_SHOWN = 8;
const STAND_MS = 2500;

const offsetsOf = (each: TopicFigures): string =>
  Object.entries(each.offsets)
    .map(([partition, offset]) => `${partition}@${number(offset)}`)
    .join("  ");

interface StoriesProps {
  paused: boolean;
  stories: readonly Story[];
  chosen: string | null;
  choose: (id: string) => void;
}

/** The newest events; one that is chosen stays, with what it caused. The list stands still for a
 * moment, and while somebody points at it or reads in it. */
export function Stories({ stories, paused, chosen, choose }: StoriesProps) {
  const shown = useSignal<readonly Story[]>([]);
  const listed = useRef<{ at: number; held: boolean }>({ at: 0, held: false });
  const now = performance.now();
  const stands = paused || listed.current.held || now - listed.current.at < STAND_MS;
  useEffect(() => {
    const byId = new Map([...shown.value, ...stories].map((each) => [each.event.id, each]));
    const same = shown.value.map((each) => byId.get(each.event.id) ?? each);
    if (stands && same.length >= Math.min(STORIES_SHOWN, stories.length)) {
      shown.value = same;
      return;
    }
    listed.current.at = now;
    const newest = stories.slice(0, STORIES_SHOWN);
    const kept = same.find((each) => each.event.id === chosen);
    const gone = kept && !newest.some((each) => each.event.id === chosen);
    shown.value = gone ? [...newest.slice(0, -1), kept] : newest;
  }, [stories]);
  const hold = (held: boolean) => () => {
    listed.current.held = held;
  };
  return (
    <div
      class="flow-stories"
      onPointerEnter={hold(true)}
      onPointerLeave={hold(false)}
      onFocusCapture={hold(true)}
      onBlurCapture={hold(false)}
    >
      <h3>{say(["Newest events", "最新事件"])}</h3>
      {!shown.value.length && <p class="flow-quiet">{say(["Nothing has happened yet.", "暂无事件。"])}</p>}
      <ol>
        {shown.value.map((story) => (
          <li>
            <button
              type="button"
              class="flow-story"
              aria-expanded={story.event.id === chosen}
              onClick={() => choose(story.event.id)}
            >
              <span>{typeName(story.event.type)}</span>
              <span class="flow-quiet">
                {new Date(story.event.time_ms).toLocaleTimeString(locale.value)}
              </span>
              <span class="flow-count">
                {say([`${story.outputs.length} outputs`, `${story.outputs.length} 个输出`])}
              </span>
            </button>
            {story.event.id === chosen && <Caused story={story} />}
          </li>
        ))}
      </ol>
    </div>
  );
}

function Caused({ story }: { story: Story }) {
  return (
    <div class="flow-scroll" tabIndex={0} role="region" aria-label={say(["What it caused", "引起的输出"])}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say(["output", "输出"])}</th>
            <th scope="col">{say(["place", "位置"])}</th>
            <th scope="col" class="flow-number">
              {say(["after", "延迟"])}
            </th>
          </tr>
        </thead>
        <tbody>
          {[story.event, ...story.outputs].map((each) => (
            <tr key={`${each.topic}/${each.partition}/${each.offset}`}>
              <th scope="row">{topicName(each.topic)}</th>
              <td class="flow-quiet">
                {each.partition}@{number(each.offset)}
              </td>
              <td class="flow-number">{each === story.event ? "" : milliseconds(each.latency_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="flow-quiet flow-id">{story.event.id}</p>
    </div>
  );
}

interface DetailsProps {
  id: string;
  graph: Graph;
  figures: Figures;
  close: () => void;
}

/** Figures of one box. */
export function Details({ id, graph, figures, close }: DetailsProps) {
  const service = id.startsWith("service:") ? id.slice("service:".length) : null;
  const named = (topic: string) => (id === DEAD_LETTERS ? topic.endsWith(".dlq") : topic === id);
  const topics = figures.topics.filter((each) => named(each.topic));
  const ways = figures.ways.filter((w) => (service ? w.service === service : named(w.from) || named(w.to)));
  const topic = graph.topics.find((each) => each.topic === id);
  return (
    <div class="flow-details">
      <h3>
        {service ? serviceName(service) : id === DEAD_LETTERS ? say(["dead letters", "死信"]) : topicName(id)}
      </h3>
      {topic && <p class="flow-quiet flow-id">{topic.topic}</p>}
      {topics.map((each) => (
        <p key={each.topic}>
          {id === DEAD_LETTERS && <span class="flow-id">{each.topic}: </span>}
          {rate(each.per_s)}; {say(["last offsets", "最新偏移"])}{" "}
          <span class="flow-quiet">{offsetsOf(each)}</span>
        </p>
      ))}
      {ways.length > 0 && <Ways ways={ways} />}
      {!topics.length && !ways.length && (
        <p class="flow-quiet">{say(["Nothing has passed since you watch.", "打开以来没有记录经过。"])}</p>
      )}
      <button type="button" onClick={close}>
        {say(["Close", "关闭"])}
      </button>
    </div>
  );
}

function Ways({ ways }: { ways: readonly Way[] }) {
  return (
    <div class="flow-scroll" tabIndex={0} role="region" aria-label={say(["Ways", "路径"])}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say(["from", "来自"])}</th>
            <th scope="col">{say(["through", "经过"])}</th>
            <th scope="col">{say(["to", "去往"])}</th>
            <th scope="col" class="flow-number">
              {say(["rate", "速率"])}
            </th>
            <th scope="col" class="flow-number">
              p50
            </th>
            <th scope="col" class="flow-number">
              p99
            </th>
          </tr>
        </thead>
        <tbody>
          {ways.map((way) => (
            <tr key={`${way.from}>${way.to}`}>
              <td>{topicName(way.from)}</td>
              <td>{serviceName(way.service)}</td>
              <td>{topicName(way.to)}</td>
              <td class="flow-number">{rate(way.per_s)}</td>
              <td class="flow-number">{milliseconds(way.p50_ms)}</td>
              <td class="flow-number">{milliseconds(way.p99_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The drawing as tables, for who reads rather than looks. */
export function Twin({ graph, figures }: { graph: Graph; figures: Figures }) {
  const traced = graph.topics.filter((each) => each.kind !== "dead-letters").map((each) => each.topic);
  const seen = figures.topics.filter((each) => traced.includes(each.topic) || each.total);
  return (
    <details class="flow-twin">
      <summary>{say(["As a table", "以表格显示"])}</summary>
      <div class="flow-scroll" tabIndex={0} role="region" aria-label={say(["Topics", "主题"])}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say(["topic", "主题"])}</th>
              <th scope="col" class="flow-number">
                {say(["rate", "速率"])}
              </th>
              <th scope="col">{say(["last offsets (partition@offset)", "最新偏移（分区@偏移）"])}</th>
            </tr>
          </thead>
          <tbody>
            {seen.map((each) => (
              <tr key={each.topic}>
                <th scope="row">{topicName(each.topic)}</th>
                <td class="flow-number">{rate(each.per_s)}</td>
                <td class="flow-quiet">{offsetsOf(each)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Ways ways={figures.ways} />
    </details>
  );
}
