/** The question box: a conversation with the shop, its answers with their sources. */
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { call, Problem } from "../common/api";
import { language, say, type Both } from "../common/language";
import { Card } from "./Card";
import { answers } from "./live";
import { route } from "./route";
import { Sources } from "./Sources";
import type { Answer } from "./types";
import { fresh, session, visitor } from "./visitor";

/** One line of the conversation. cause: id of the question whose answer is still to come. */
interface Line {
  id: string;
  question: string;
  answer?: Answer;
  cause?: string;
  failed?: string;
}
const LINES_MAX = 100;
const WAIT_S = 8;
const OF_THE_SHOP: readonly Both[] = [
  ["How do I return something I bought?", "怎么退货？"],
  ["When will my order be delivered?", "什么时候能送到？"],
  ["Does it come with a warranty?", "有保修吗？"],
];
const OF_A_PRODUCT: readonly Both[] = [
  ["How heavy is it?", "它有多重？"],
  ["What do people say about the quality?", "大家觉得质量怎么样？"],
  ["How do I return something I bought?", "怎么退货？"],
];

/** Whether the box is open. */
export const ask = signal(false);
export const question = signal("");
const lines = signal<readonly Line[]>([]);
const conversation = signal(fresh("conversation"));

effect(() => {
  void visitor.value; // another visitor, another conversation
  lines.value = [];
  conversation.value = fresh("conversation");
});

const change = (id: string, more: Partial<Line>) => {
  lines.value = lines.value.map((line) => (line.id === id ? { ...line, ...more } : line));
};

// What did not come in time comes over the stream.
effect(() => {
  const come = answers.value;
  for (const line of lines.peek()) {
    const answer = line.cause && !line.answer ? come.get(line.cause) : undefined;
    if (answer) change(line.id, { answer });
  }
});

async function put(text: string): Promise<void> {
  const said = text.trim();
  if (!said) return;
  const id = fresh("line");
  question.value = "";
  lines.value = [...lines.value, { id, question: said }].slice(-LINES_MAX);
  const about = route.value.view === "product" ? { product_id: route.value.of } : {};
  try {
    const headers = { anonymous_id: visitor.value, session_id: session.value };
    const answer = await call<Answer | null>(
      "POST",
      "/v1/questions",
      { wait: WAIT_S },
      { question: said, conversation_id: conversation.value, ...headers, ...about },
      (address) => change(id, { cause: address.split("/").at(-2) ?? "" }),
    );
    if (answer) change(id, { answer, cause: answer.cause });
  } catch (error) {
    change(id, { failed: error instanceof Problem ? error.message : "offline" });
  }
}

export function Ask() {
  const input = useRef<HTMLInputElement>(null);
  const log = useRef<HTMLDivElement>(null);
  useEffect(() => input.current?.focus(), []);
  // An answer that is longer than the box is read from its question on.
  useEffect(() => {
    const last = log.current?.lastElementChild as HTMLElement | null | undefined;
    if (last) log.current?.scrollTo(0, last.offsetTop - log.current.offsetTop);
  }, [lines.value]);
  const about = route.value.view === "product";
  const close = () => {
    ask.value = false;
    requestAnimationFrame(() => document.getElementById("ask-button")?.focus());
  };
  return (
    <section class="ask" aria-labelledby="ask" onKeyDown={(event) => event.key === "Escape" && close()}>
      <div class="section-head">
        <h2 id="ask">{say(["Ask the shop", "问问店家"])}</h2>
        <button type="button" class="quiet" onClick={close} aria-label={say(["Close the questions", "关闭咨询"])}>
          ✕
        </button>
      </div>
      <div class="lines" ref={log} role="log" aria-live="polite" tabIndex={0} aria-label={say(["Conversation", "对话"])}>
        {lines.value.length === 0 && (
          <div class="bubble shop">
            <p>
              {about
                ? say(["Ask anything about this product or the shop.", "关于这件商品或本店，尽管问。"])
                : say(["Ask anything about the shop or its products.", "关于本店或商品，尽管问。"])}
            </p>
            <Next of={(about ? OF_A_PRODUCT : OF_THE_SHOP).map(say)} />
          </div>
        )}
        {lines.value.map((line) => (
          <div key={line.id}>
            <p class="bubble mine">{line.question}</p>
            <Reply line={line} />
          </div>
        ))}
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void put(question.value);
        }}
      >
        <label class="unseen" for="question">
          {say(["Your question", "您的问题"])}
        </label>
        <input
          ref={input}
          id="question"
          autocomplete="off"
          maxLength={2000}
          placeholder={say(["Your question", "您的问题"])}
          value={question.value}
          onInput={(event) => (question.value = event.currentTarget.value)}
        />
        <button type="submit" class="primary">
          {say(["Ask", "提问"])}
        </button>
      </form>
    </section>
  );
}

function Next({ of }: { of: readonly string[] }) {
  return (
    <ul class="chips">
      {of.map((each) => (
        <li key={each}>
          <button type="button" onClick={() => void put(each)}>
            {each}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Reply({ line }: { line: Line }) {
  const { answer, failed } = line;
  if (failed) {
    return (
      <p class="bubble shop" role="alert">
        {failed === "offline" ? say(["No connection: ask again when it is back.", "没有连接，请稍后再问。"]) : failed}
      </p>
    );
  }
  if (!answer) {
    const waiting = line.cause
      ? say(["This takes longer; the answer comes by itself.", "还需要一点时间，答案会自动出现。"])
      : say(["…", "……"]);
    return <p class="bubble shop quiet-text">{waiting}</p>;
  }
  const tongue = answer.language === "other" ? language.value : answer.language;
  return (
    <div class="bubble shop" lang={tongue}>
      <p>
        {answer.answer ??
          say([
            "That I do not know: a person should answer it.",
            "这个问题我无法回答，将由人工客服处理。",
          ])}
      </p>
      <Sources of={answer} />
      {answer.handover && (
        <div class="handover">
          <strong>{say(["A person takes over", "转接人工客服"])}</strong>
          <details>
            <summary>{say(["What they are told", "转告的内容"])}</summary>
            <pre>{answer.handover.summary}</pre>
          </details>
        </div>
      )}
      {answer.products && answer.products.length > 0 && (
        <ul class="row small">
          {answer.products.slice(0, 4).map((id) => (
            <Card key={id} id={id} />
          ))}
        </ul>
      )}
      {answer.next && answer.next.length > 0 && <Next of={answer.next} />}
    </div>
  );
}
