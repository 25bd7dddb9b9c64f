/** The switch of the demo's simulated shoppers; nothing where the gateway is not the demo's. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call, get, Problem } from "./api";
import { say } from "./language";

const PATH = "/v1/demo/shoppers";

interface Said {
  on: boolean;
  events_per_s: number;
  events_per_s_max: number;
}

export function Shoppers() {
  const said = useSignal<Said | null>(null);
  const problem = useSignal("");
  useEffect(() => {
    get<Said>(PATH)
      .then((found) => (said.value = found))
      .catch(() => {});
  }, []);
  const ask = async (wish: Partial<Pick<Said, "on" | "events_per_s">>) => {
    try {
      said.value = await call<Said>("PUT", PATH, {}, wish);
      problem.value = "";
    } catch (error) {
      problem.value = error instanceof Problem ? error.detail : String(error);
    }
  };
  if (!said.value) return null;
  const { on, events_per_s: perS, events_per_s_max: most } = said.value;
  return (
    <fieldset class="shoppers">
      <legend>{say(["Simulated shoppers", "模拟顾客"])}</legend>
      <label>
        <input type="checkbox" role="switch" checked={on} onChange={() => void ask({ on: !on })} />
        {on ? say(["on", "开"]) : say(["off", "关"])}
      </label>
      <label>
        {say(["events a second", "每秒事件数"])}
        <input
          type="range"
          min={0}
          max={most}
          step={5}
          value={perS}
          disabled={!on}
          onChange={(event) => void ask({ events_per_s: Number(event.currentTarget.value) })}
        />
        <output>{Math.round(perS)}</output>
      </label>
      {problem.value && <p role="alert">{problem.value}</p>}
    </fieldset>
  );
}
