/** What a product's reviewers say, as it lands: sentiment and aspects of each, and of all together. */
import { useSignal } from "@preact/signals";
import { Fragment } from "preact";
import { useEffect } from "preact/hooks";
import { address, get, key } from "../common/api";
import { locale, say } from "../common/language";
import { aspectName } from "../common/names";
import type { Review, Sentiment } from "./types";
import { ReviewForm, type Written } from "./ReviewForm";
import { LABELS } from "./words";

const AGAIN_MS = 1000;

export function Reviews({ id }: { id: string }) {
  const reviews = useSignal<Review[]>([]);
  const together = useSignal<Sentiment | null>(null);
  const mine = useSignal<Written[]>([]);
  useEffect(() => {
    reviews.value = [];
    together.value = null;
    mine.value = [];
    const path = `/v1/products/${encodeURIComponent(id)}`;
    let source: EventSource | undefined;
    let ended = false;
    const open = () => {
      if (ended || document.hidden) return;
      source?.close();
      const own = (source = new EventSource(address(`${path}/stream`, { key: key() ?? undefined })));
      own.addEventListener("reviews", (event) => {
        reviews.value = (JSON.parse((event as MessageEvent<string>).data) as { reviews: Review[] }).reviews;
        get<Sentiment>(`${path}/sentiment`)
          .then((said) => !ended && (together.value = said))
          .catch(() => {}); // no reviews yet
      });
      own.onerror = () => own.readyState === EventSource.CLOSED && setTimeout(open, AGAIN_MS);
    };
    const seen = () => (document.hidden ? source?.close() : open());
    document.addEventListener("visibilitychange", seen);
    open();
    return () => {
      ended = true;
      source?.close();
      document.removeEventListener("visibilitychange", seen);
    };
  }, [id]);
  const landed = new Set(reviews.value.map((review) => review.review_id));
  const own = new Set(mine.value.map((written) => written.review_id));
  return (
    <section aria-labelledby="reviews">
      <h2 id="reviews">{say(["Reviews", "评价"])}</h2>
      {together.value && <Together of={together.value} />}
      <ReviewForm id={id} written={(review) => (mine.value = [review, ...mine.value])} />
      <ul class="reviews" aria-live="polite">
        {mine.value
          .filter((written) => !landed.has(written.review_id))
          .map((written) => (
            <li key={written.review_id} class="review waiting">
              <p>{written.body || "★".repeat(written.rating ?? 0)}</p>
              <p class="status">{say(["Your review is being read …", "正在分析您的评价……"])}</p>
            </li>
          ))}
        {reviews.value.map((review) => (
          <Said key={review.review_id} of={review} mine={own.has(review.review_id)} />
        ))}
      </ul>
      {reviews.value.length + mine.value.length === 0 && (
        <p class="empty">{say(["No reviews yet: write the first.", "暂无评价，来写第一条吧。"])}</p>
      )}
    </section>
  );
}

function Together({ of }: { of: Sentiment }) {
  const share = (count: number) => (of.count ? count / of.count : 0);
  return (
    <div class="together">
      <p>
        {say([of.count === 1 ? "1 review" : `${of.count} reviews`, `${of.count} 条评价`])}
        {" · "}
        {(["positive", "neutral", "negative"] as const).map((label) => (
          <span key={label} class={`label ${label}`}>
            {say(LABELS[label] ?? ["", ""])} {Math.round(share(of[label]) * 100)} %
          </span>
        ))}
      </p>
      {of.summary && <p>{of.summary}</p>}
    </div>
  );
}

function Said({ of, mine }: { of: Review; mine: boolean }) {
  const time = new Date(of.time);
  return (
    <li class={mine ? "review mine" : "review"} data-review={of.review_id}>
      <p class="review-head">
        <span class={`label ${of.label}`}>{say(LABELS[of.label] ?? ["", ""])}</span>
        {mine && <strong>{say(["yours", "您的评价"])}</strong>}
        <time dateTime={of.time}>{time.toLocaleTimeString(locale.value, { hour: "2-digit", minute: "2-digit" })}</time>
      </p>
      <p lang={of.language === "other" ? undefined : of.language}>
        {of.sentences.map((sentence, place) => {
          const polarity = sentence.opinions[0]?.polarity;
          return (
            <Fragment key={place}>
              {polarity ? <mark class={polarity}>{sentence.text}</mark> : sentence.text}
              {of.language !== "zh" && " "}
            </Fragment>
          );
        })}
        {of.sentences.length === 0 && <em>{say(["stars only", "仅评分"])}</em>}
      </p>
      {of.opinions.length > 0 && (
        <ul class="chips">
          {of.opinions.map((each) => (
            <li key={`${each.aspect}/${each.polarity}`} class={each.polarity}>
              {each.polarity === "positive" ? "+" : "−"} {aspectName(each.aspect)}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
