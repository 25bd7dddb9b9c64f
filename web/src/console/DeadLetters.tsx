/** What workers refused: newest first, with the error and the way out. */
import { useSignal } from "@preact/signals";
import { number } from "../common/format";
import { say } from "../common/language";
import { topicName } from "../common/names";
import { useRead } from "./data";
import { Shown, Table, when } from "./parts";

interface Letter {
  topic: string;
  partition: number;
  offset: number;
  written_ms: number;
  value: unknown;
  source: string;
  service: string;
  error: string;
  message: string;
  refused_at: string;
  replayed: boolean;
  show: string;
  replay: string;
}
interface Found {
  topics: Record<string, number>;
  letters: Letter[];
}

/** What to do about an error, by its label. */
function wayOut(error: string): string {
  if (error.startsWith("time_") || error === "invalid_time") {
    return say(["Mend the producer's clock or the unit of its times.", "请修正发送方的时钟或时间单位。"]);
  }
  if (error.startsWith("corrupt_")) {
    return say(["A damaged record: look at the producer and the broker's disk.", "记录损坏：请检查发送方与代理磁盘。"]);
  }
  if (error === "unknown_type") {
    return say(["Mend the event's type, or bring the worker up to date.", "请修正事件类型，或升级服务。"]);
  }
  if (error === "wrong_key" || error === "missing_key") {
    return say(["Publish it under the key that its topic has.", "请使用该主题要求的键发送。"]);
  }
  if (error === "too_large" || error === "too_long" || error === "too_many") {
    return say(["Send less in one event.", "请减少单个事件的内容。"]);
  }
  return say(["Mend the producer, as the message says, then send the letter back.", "请按说明修正发送方，然后重发。"]);
}

export function DeadLetters() {
  const found = useRead<Found>("/v1/console/dead-letters", {}, 10000);
  const topic = useSignal("");
  return (
    <>
      <h1 tabIndex={-1}>{say(["Dead letters", "死信"])}</h1>
      <Shown read={found}>
        {(said) => {
          const held = Object.entries(said.topics).filter(([, n]) => n > 0);
          const shown = said.letters.filter((each) => !topic.value || each.topic === topic.value);
          if (!held.length) return <p>{say(["There are none: every record could be used.", "没有死信：所有记录均可使用。"])}</p>;
          return (
            <>
              <Table
                label={say(["By topic", "按主题"])}
                head={[say(["topic", "主题"]), say(["letters", "数量"])]}
                numbers={[1]}
                rows={held.map(([name, n]) => [name, number(n)])}
              />
              <label class="pick">
                {say(["topic", "主题"])}
                <select value={topic.value} onChange={(event) => (topic.value = event.currentTarget.value)}>
                  <option value="">{say(["all", "全部"])}</option>
                  {held.map(([name]) => (
                    <option key={name} value={name}>
                      {name}
                    </option>
                  ))}
                </select>
              </label>
              <ol class="letters">
                {shown.map((each) => (
                  <li key={`${each.topic}/${each.partition}/${each.offset}`}>
                    <h2>
                      {each.error} <span class="quiet">{topicName(each.source)}</span>
                    </h2>
                    <p>{each.message}</p>
                    <p class="quiet">
                      {when(each.written_ms)}; {each.source} {each.refused_at}; {each.service}
                      {each.replayed && say(["; sent back before", "；曾重发"])}
                    </p>
                    <p>{wayOut(each.error)}</p>
                    <details>
                      <summary>{say(["Record and commands", "记录与命令"])}</summary>
                      <pre tabIndex={0}>{JSON.stringify(each.value, null, 2)}</pre>
                      <pre tabIndex={0}>{`${each.show}\n${each.replay}`}</pre>
                    </details>
                  </li>
                ))}
              </ol>
            </>
          );
        }}
      </Shown>
    </>
  );
}
