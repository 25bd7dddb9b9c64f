/** One category, page by page. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { say } from "../common/language";
import { Card } from "./Card";
import { shelf } from "./catalogue";
import { ForYou } from "./ForYou";
import { categoryName } from "./words";

export function Shelf({ category }: { category: string }) {
  const ids = useSignal<string[]>([]);
  const next = useSignal<string | null>("");
  const failed = useSignal(false);
  const more = async (after: string, before: string[]) => {
    try {
      const page = await shelf(category, after);
      ids.value = [...before, ...page.products.map((each) => each.product_id)];
      next.value = page.next;
      failed.value = false;
    } catch {
      failed.value = true;
    }
  };
  useEffect(() => void more("", []), [category]);
  return (
    <>
      <h1 tabIndex={-1}>{categoryName(category)}</h1>
      {failed.value && <p role="alert">{say(["This cannot be read now.", "暂时无法读取。"])}</p>}
      <ul class="grid">
        {ids.value.map((id) => (
          <Card key={id} id={id} />
        ))}
      </ul>
      {(next.value || failed.value) && (
        <p>
          <button type="button" onClick={() => void more(next.value ?? "", ids.value)}>
            {failed.value ? say(["Try again", "重试"]) : say(["Show more", "显示更多"])}
          </button>
        </p>
      )}
      <ForYou />
    </>
  );
}
