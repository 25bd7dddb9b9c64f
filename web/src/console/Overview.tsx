/** The shop at a glance: workers and how far behind they are, and the way of events. */
import { Flow } from "../common/flow";
import { number, rate } from "../common/format";
import { say } from "../common/language";
import { serviceName } from "../common/names";
import { Shoppers } from "../common/shoppers";
import { useRead } from "./data";
import { Shown, Table, Tiles } from "./parts";

interface Service {
  service: string;
  state: string;
  members: unknown[];
  lag: number;
  waiting_s: number | null;
  checkpoint_s: number | null;
}
interface Traffic {
  topic: string;
  retained: number;
  recent: number;
  rate_per_s: number;
}
interface Seen {
  broker: string;
  missing: string[];
  services: Service[];
  traffic: Traffic[];
  dead_letters: Traffic[];
}

const seconds = (value: number | null): string => (value === null ? "–" : `${number(value, value < 10 ? 1 : 0)} s`);
const sum = (rows: readonly Traffic[], of: (row: Traffic) => number): number =>
  rows.reduce((total, row) => total + of(row), 0);

export function Overview() {
  const seen = useRead<Seen>("/v1/console/overview", {}, 5000);
  return (
    <>
      <h1 tabIndex={-1}>{say(["Overview", "概览"])}</h1>
      <Shown read={seen}>
        {(found) => {
          const shop = found.traffic.filter((each) => each.topic.startsWith("shop."));
          const out = found.traffic.filter((each) => !each.topic.startsWith("shop."));
          return (
            <>
              <Tiles
                tiles={[
                  [say(["events", "事件"]), rate(sum(shop, (t) => t.rate_per_s))],
                  [say(["outputs", "输出"]), rate(sum(out, (t) => t.rate_per_s))],
                  [say(["records to read", "待读记录"]), number(found.services.reduce((n, s) => n + s.lag, 0))],
                  [say(["dead letters, last minute", "近一分钟死信"]), number(sum(found.dead_letters, (t) => t.recent))],
                ]}
              />
              {found.missing.length > 0 && (
                <p class="problem">
                  {say(["Topics are missing; run `shopkeeper topics init`: ", "缺少主题，请运行 `shopkeeper topics init`："])}
                  {found.missing.join(", ")}
                </p>
              )}
              {found.services
                .filter((each) => each.lag > 0 && !each.members.length)
                .map((each) => (
                  <p class="problem" key={each.service}>
                    {say([
                      `${serviceName(each.service)} has ${number(each.lag)} records to read and no worker: run `,
                      `${serviceName(each.service)}有 ${number(each.lag)} 条待读记录，但没有工作进程，请运行 `,
                    ])}
                    <code>shopkeeper up {each.service}</code>
                  </p>
                ))}
              <h2>{say(["Workers", "工作进程"])}</h2>
              <Table
                label={say(["Workers", "工作进程"])}
                head={[
                  say(["service", "服务"]),
                  say(["workers", "进程数"]),
                  say(["lag", "积压"]),
                  say(["oldest waits", "最久等待"]),
                  say(["checkpoint", "检查点"]),
                ]}
                numbers={[1, 2, 3, 4]}
                rows={found.services.map((each) => [
                  serviceName(each.service),
                  number(each.members.length),
                  number(each.lag),
                  seconds(each.waiting_s),
                  seconds(each.checkpoint_s),
                ])}
              />
              <p class="quiet small">
                {say([
                  "Lag counts what no checkpoint holds yet, so a busy worker always has some.",
                  "积压是尚未写入检查点的记录数，繁忙时总会有一些。",
                ])}
              </p>
            </>
          );
        }}
      </Shown>
      <h2>{say(["The way of events", "事件的去向"])}</h2>
      <Shoppers />
      <Flow />
    </>
  );
}
