/** Entry of the shop's page. */
import { effect } from "@preact/signals";
import { render } from "preact";
import { learnDomain, siteName } from "../common/domain";
import { language, say } from "../common/language";
import "../common/theme.css";
import { ask, Ask } from "./Ask";
import { Behind, behind } from "./Behind";
import { Cart } from "./CartView";
import { product, title, warm } from "./catalogue";
import { Header } from "./Header";
import { Home } from "./Home";
import { listen, offline } from "./live";
import { Product } from "./Product";
import { route } from "./route";
import { Search } from "./Search";
import { unsent } from "./send";
import { Shelf } from "./Shelf";
import "./shop.css";
import { visitor } from "./visitor";
import { categoryName } from "./words";

function View() {
  const { view, of } = route.value;
  if (view === "product") return <Product id={of} />;
  if (view === "category") return <Shelf category={of} />;
  if (view === "search") return <Search query={of} />;
  return view === "cart" ? <Cart /> : <Home />;
}

function Page() {
  return (
    <>
      <Header />
      <div class="notices" role="status">
        {offline.value && (
          <p class="notice">
            {say([
              "No connection to the shop. What you see may be old.",
              "与商店的连接已断开，所见内容可能已过时。",
            ])}{" "}
            {unsent.value > 0 &&
              say([
                `${unsent.value === 1 ? "What you did last is" : `Your last ${unsent.value} actions are`} sent when it is back.`,
                `恢复后将补发您的 ${unsent.value} 个操作。`,
              ])}
          </p>
        )}
      </div>
      <div class={behind.value || ask.value ? "body beside" : "body"}>
        <main id="main" tabIndex={-1}>
          <View />
        </main>
        {(behind.value || ask.value) && (
          <aside aria-label={say(["Panels", "面板"])}>
            {ask.value && <Ask />}
            {behind.value && <Behind />}
          </aside>
        )}
      </div>
      <footer>
        <p>
          {say([
            "A demo: nothing is sold here. The drawings are made by this page from a product's name.",
            "演示页面，不出售任何商品。商品图由本页面根据名称绘制。",
          ])}
        </p>
      </footer>
    </>
  );
}

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
});
effect(() => {
  const { view, of } = route.value;
  const name = view === "product" ? title(product(of)) : view === "category" ? categoryName(of) : view === "search" ? of : "";
  document.title = name ? `${name} · ${siteName()}` : siteName();
});
effect(() => {
  void visitor.value;
  listen();
});
learnDomain();
void warm().catch(() => {}); // the stream says when the gateway is there

const place = document.getElementById("page");
if (place) render(<Page />, place);

// So that a reload finds this page also while the gateway is gone; browsers have it on HTTPS and localhost.
addEventListener("load", () => {
  navigator.serviceWorker?.register("/pages/shop-worker.js", { scope: "/" }).catch(() => {});
});
