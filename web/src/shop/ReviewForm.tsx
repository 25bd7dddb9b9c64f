/** A form to review a product: stars, words, or both. */
import { useSignal } from "@preact/signals";
import { language, say } from "../common/language";
import { send } from "./send";
import { fresh } from "./visitor";

export interface Written {
  review_id: string;
  body: string;
  rating: number | undefined;
}
const WORDS_MAX = 2000;

export function ReviewForm({ id, written }: { id: string; written: (review: Written) => void }) {
  const body = useSignal("");
  const rating = useSignal<number | undefined>(undefined);
  const submit = (event: Event) => {
    event.preventDefault();
    const said = body.value.trim();
    if (!said && rating.value === undefined) return;
    const review = { review_id: fresh("review"), body: said, rating: rating.value };
    send("product.reviewed", {
      product_id: id,
      review_id: review.review_id,
      locale: language.value,
      ...(said ? { review_body: said } : {}),
      ...(review.rating === undefined ? {} : { rating: review.rating }),
    });
    written(review);
    body.value = "";
    rating.value = undefined;
  };
  return (
    <form class="review-form" onSubmit={submit}>
      <fieldset class="stars">
        <legend>{say(["Stars", "评分"])}</legend>
        {[1, 2, 3, 4, 5].map((stars) => (
          <label key={stars} class={(rating.value ?? 0) >= stars ? "lit" : ""}>
            <input
              type="radio"
              name="stars"
              class="unseen"
              value={stars}
              checked={rating.value === stars}
              onChange={() => (rating.value = stars)}
            />
            <span aria-hidden="true">★</span>
            <span class="unseen">{say([`${stars} of 5`, `${stars} 星`])}</span>
          </label>
        ))}
      </fieldset>
      <label class="grow">
        <span>{say(["Your review", "您的评价"])}</span>
        <textarea
          rows={2}
          maxLength={WORDS_MAX}
          value={body.value}
          onInput={(event) => (body.value = event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary">
        {say(["Send", "提交"])}
      </button>
    </form>
  );
}
