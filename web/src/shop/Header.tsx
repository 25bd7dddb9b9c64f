/** What stands above every view: name, search, cart, language, colours. */
import { useSignal, useSignalEffect } from "@preact/signals";
import { siteName } from "../common/domain";
import { language, say, speak } from "../common/language";
import { look, LOOKS, wear } from "../common/looks";
import { ask } from "./Ask";
import { count } from "./cart";
import { behind } from "./Behind";
import { go, link, route } from "./route";
import { newVisitor, visitor } from "./visitor";

export function Header() {
  const query = useSignal("");
  useSignalEffect(() => {
    query.value = route.value.view === "search" ? route.value.of : "";
  });
  return (
    <header class="top">
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.getElementById("main")?.focus();
      }}>
        {say(["Skip to the content", "跳到正文"])}
      </a>
      <a class="brand" href={link("home")} aria-label={say(["Shopkeeper, home", "Shopkeeper 首页"])}>
        <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
          <path d="M4 12l3 -8h18l3 8z" fill="var(--accent)" />
          <path d="M6 14h20v14h-20z" fill="none" stroke="var(--accent)" stroke-width="2.5" />
          <path d="M13 28v-8h6v8" fill="none" stroke="var(--accent)" stroke-width="2.5" />
        </svg>
        <span>{siteName()}</span>
      </a>
      <form
        role="search"
        class="search"
        onSubmit={(event) => {
          event.preventDefault();
          if (query.value.trim()) go("search", query.value.trim());
        }}
      >
        <label class="unseen" for="search">
          {say(["Search", "搜索"])}
        </label>
        <input
          id="search"
          type="search"
          maxLength={300}
          autocomplete="off"
          placeholder={say(["Search, or ask a question", "搜索商品，或直接提问"])}
          value={query.value}
          onInput={(event) => (query.value = event.currentTarget.value)}
        />
        <button type="submit">{say(["Search", "搜索"])}</button>
      </form>
      <nav class="tools" aria-label={say(["Shop", "商店"])}>
        <a class="tool" href={link("cart")}>
          {say(["Cart", "购物车"])}
          {count.value > 0 && <span class="badge">{count.value}</span>}
        </a>
        <button id="ask-button" type="button" class="tool" aria-expanded={ask.value} onClick={() => (ask.value = !ask.value)}>
          {say(["Ask", "咨询"])}
        </button>
        <button type="button" class="tool" aria-expanded={behind.value} onClick={() => (behind.value = !behind.value)}>
          {say(["Behind the scenes", "幕后"])}
        </button>
        <button
          type="button"
          class="tool"
          title={visitor.value}
          onClick={() => {
            newVisitor();
            go("home");
          }}
        >
          {say(["New visitor", "换个访客"])}
        </button>
        <button
          type="button"
          class="tool"
          lang={language.value === "zh" ? "en" : "zh"}
          onClick={() => speak(language.value === "zh" ? "en" : "zh")}
        >
          {language.value === "zh" ? "English" : "中文"}
        </button>
        <label class="tool">
          <span class="unseen">{say(["Colours", "配色"])}</span>
          <select value={look.value} onChange={(event) => wear(event.currentTarget.value)}>
            {LOOKS.map(([name, words]) => (
              <option key={name} value={name}>
                {say(words)}
              </option>
            ))}
          </select>
        </label>
      </nav>
    </header>
  );
}
