/** Entry of the console's page. */
import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { keep, key } from "../common/api";
import { learnDomain, siteName } from "../common/domain";
import { language, say, speak, type Both } from "../common/language";
import { look, LOOKS, wear } from "../common/looks";
import "../common/theme.css";
import "./console.css";
import { locked } from "./data";
import { DeadLetters } from "./DeadLetters";
import { Experiment, Fairness, Questions } from "./Figures";
import { Overview } from "./Overview";
import { link } from "./parts";
import { Products, ProductView } from "./ProductView";
import { Users, UserView } from "./UserView";

const VIEWS: readonly (readonly [string, Both])[] = [
  ["", ["Overview", "概览"]],
  ["products", ["Products", "商品"]],
  ["users", ["Users", "用户"]],
  ["experiment", ["Experiment", "实验"]],
  ["fairness", ["Fairness", "公平性"]],
  ["questions", ["Unanswered", "未回答"]],
  ["dead-letters", ["Dead letters", "死信"]],
];

function parse(hash: string): { view: string; of: string } {
  const [, view = "", ...rest] = hash.replace(/^#/, "").split("/");
  try {
    return { view, of: decodeURIComponent(rest.join("/")) };
  } catch {
    return { view, of: "" };
  }
}

const route = signal(parse(location.hash));
addEventListener("hashchange", () => {
  route.value = parse(location.hash);
  scrollTo(0, 0);
  requestAnimationFrame(() => document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true }));
});

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
  document.title = `${siteName()} ${say(["console", "控制台"])}`;
});

function View() {
  const { view, of } = route.value;
  if (view === "products") return of ? <ProductView key={of} id={of} /> : <Products />;
  if (view === "users") return of ? <UserView key={of} id={of} /> : <Users />;
  if (view === "experiment") return <Experiment />;
  if (view === "fairness") return <Fairness />;
  if (view === "questions") return <Questions />;
  if (view === "dead-letters") return <DeadLetters />;
  return <Overview />;
}

function Unlock() {
  return (
    <form
      class="unlock"
      onSubmit={(event) => {
        event.preventDefault();
        const given = new FormData(event.currentTarget).get("key");
        keep(String(given ?? "").trim());
        locked.value = false;
      }}
    >
      <h1 tabIndex={-1}>{say(["A secret key, please", "请输入密钥"])}</h1>
      <p>
        {say([
          "This gateway shows the console to those who have one of its GATEWAY_SECRET_KEYS. It is kept for this tab alone.",
          "此网关仅向持有 GATEWAY_SECRET_KEYS 密钥的人显示控制台。密钥只在本标签页保存。",
        ])}
      </p>
      {key() && <p class="problem" role="alert">{say(["That key was not accepted.", "密钥无效。"])}</p>}
      <label>
        {say(["Secret key", "密钥"])}
        <input name="key" type="password" autocomplete="off" required />
      </label>
      <button type="submit">{say(["Open", "打开"])}</button>
    </form>
  );
}

function Page() {
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.querySelector<HTMLElement>("main h1")?.focus();
      }}>
        {say(["To the content", "跳到内容"])}
      </a>
      <header>
        <p class="name">
          {siteName()} <span class="quiet">{say(["console", "控制台"])}</span>
        </p>
        <nav aria-label={say(["Views", "视图"])}>
          {VIEWS.map(([view, name]) => (
            <a key={view} href={link(view)} aria-current={route.value.view === view ? "page" : undefined}>
              {say(name)}
            </a>
          ))}
        </nav>
        <div class="choices">
          <select
            aria-label={say(["Language", "语言"])}
            value={language.value}
            onChange={(event) => speak(event.currentTarget.value === "zh" ? "zh" : "en")}
          >
            <option value="en">English</option>
            <option value="zh">中文</option>
          </select>
          <select
            aria-label={say(["Appearance", "外观"])}
            value={look.value}
            onChange={(event) => wear(event.currentTarget.value)}
          >
            {LOOKS.map(([each, name]) => (
              <option key={each} value={each}>
                {say(name)}
              </option>
            ))}
          </select>
        </div>
      </header>
      <main id="main">{locked.value ? <Unlock /> : <View />}</main>
    </>
  );
}

learnDomain();

const place = document.getElementById("page");
if (place) render(<Page />, place);
