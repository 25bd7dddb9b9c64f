/** A product as lists show it: a picture, a name, a price; a click is told to the shop. */
import type { ComponentChildren } from "preact";
import { say } from "../common/language";
import { product, title } from "./catalogue";
import { Drawing } from "./Drawing";
import { clicked, list } from "./live";
import { link } from "./route";
import { send } from "./send";
import { price } from "./words";

/** Tell that a product was clicked; `event`: when. */
export function tell(id: string, event: Event, place?: number): void {
  const from = place === undefined || !list.value?.recomm_id ? {} : { position: place + 1, recomm_id: list.value.recomm_id };
  clicked(send("product.clicked", { product_id: id, ...from }), event.timeStamp);
}

interface Props {
  id: string;
  /** Its place in the visitor's list; elsewhere it has none. */
  place?: number;
  isNew?: boolean;
  children?: ComponentChildren;
}

export function Card({ id, place, isNew, children }: Props) {
  const of = product(id);
  return (
    <li class={isNew ? "card entered" : "card"} data-product={id}>
      <a href={link("product", id)} onClick={(event) => tell(id, event, place)}>
        <Drawing product={of} />
        <span class="card-title">{title(of)}</span>
        <span class="card-price">
          {price(of)}
          {of.available === false && <em> {say(["sold out", "缺货"])}</em>}
        </span>
      </a>
      {children}
    </li>
  );
}
