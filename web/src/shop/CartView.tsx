/** The cart, and the order made of it. */
import { say } from "../common/language";
import { cart, order, ordered, remove, total } from "./cart";
import { product, title } from "./catalogue";
import { Drawing } from "./Drawing";
import { ForYou } from "./ForYou";
import { link } from "./route";
import { money, price } from "./words";

export function Cart() {
  const currency = cart.value.map((line) => product(line.product_id).currency).find(Boolean);
  return (
    <>
      <h1 tabIndex={-1}>{say(["Your cart", "购物车"])}</h1>
      <div role="status">
        {ordered.value && (
          <p class="thanks">
            {say(["Thank you! Your order is on its way:", "谢谢！订单已提交："])} <code>{ordered.value}</code>
          </p>
        )}
        {cart.value.length === 0 && !ordered.value && <p class="empty">{say(["It is empty.", "购物车是空的。"])}</p>}
      </div>
      {cart.value.length > 0 && (
        <>
          <ul class="cart">
            {cart.value.map((line) => {
              const of = product(line.product_id);
              return (
                <li key={line.product_id}>
                  <Drawing product={of} />
                  <a href={link("product", line.product_id)}>{title(of)}</a>
                  <span>
                    {line.quantity} × {price(of)}
                  </span>
                  <button
                    type="button"
                    aria-label={say([`Remove ${title(of)}`, `移除${title(of)}`])}
                    onClick={() => remove(line)}
                  >
                    ✕
                  </button>
                </li>
              );
            })}
          </ul>
          <p class="buttons">
            {total() > 0 && <strong>{money(total(), currency)}</strong>}
            <button type="button" class="primary" onClick={order}>
              {say(["Order (nothing is charged)", "下单（演示，不扣款）"])}
            </button>
          </p>
        </>
      )}
      <ForYou />
    </>
  );
}
