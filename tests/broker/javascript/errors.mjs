// What test_client_javascript_errors.py has Node do: LIBRARY GATEWAY TASK.
const [library, url, task] = process.argv.slice(2);
const { Shopkeeper } = await import(library);
const say = (value) => console.log(JSON.stringify(value));
const failed = (promise) => promise.then((value) => ({ value }), (error) => ({ name: error.name, message: error.message }));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const told = [];
const onError = (error, events) => told.push([error.name, error.message, events.length]);
const click = { user_id: "u", product_id: "p" };

if (task === "wrong") {
  const address = (text) => { try { new Shopkeeper(text); return ""; } catch (error) { return `${error.name}: ${error.message}`; } };
  const shop = new Shopkeeper(url, { onError });
  const cyclic = { ...click };
  cyclic.self = cyclic;
  const thrown = [{ ...click, n: 3n }, cyclic].map((data) => { try { shop.publish("product.clicked.v1", data); return ""; } catch (error) { return error.name; } });
  const ids = ["", "a/b", "..", undefined, { user_id: "u" }, 5];
  say({
    addresses: ["localhost:8080", "", undefined, "/shop", "ftp://shop", "http://h/?a=b", "http://h:99999"].map(address),
    right: ["http://h", "https://h/shop/", "http://h//"].map(address),
    ids: await Promise.all(ids.map((id) => failed(shop.recommendations(id)))),
    unreachable: await failed(shop.recommendations("u")),
    there: await shop.fetched({ items: [1] }),
    thrown,
    waiting: shop.waiting,
  });
} else if (task === "large") {
  const shop = new Shopkeeper(url, { lingerMs: 1e6, onError });
  for (let n = 0; n < 9; n++) shop.publish("product.clicked.v1", { user_id: `u${n}`, product_id: "p" });
  shop.publish("product.reviewed.v1", { ...click, review_id: "r", review_body: "x".repeat(9000) });
  for (let n = 9; n < 12; n++) shop.publish("product.clicked.v1", { user_id: `u${n}`, product_id: "p" });
  await shop.flush();
  say({ told, waiting: shop.waiting });
} else if (task === "waits") {
  const shop = new Shopkeeper(url, { lingerMs: 1, onError });
  shop.publish("product.clicked.v1", click);
  await pause(50);
  for (let n = 0; n < 4; n++) await shop.flush().then(() => pause(50));
  say({ told, waiting: shop.waiting });
  while (shop.waiting) await pause(100);
  say("sent");
} else if (task === "foreign") {
  const shop = new Shopkeeper(url, { lingerMs: 1e6, onError });
  shop.publish("product.clicked.v1", click);
  await shop.flush();
  say({ told, waiting: shop.waiting, read: await failed(shop.recommendations("u")) });
} else if (task === "own") {
  const shop = new Shopkeeper(url, { onError });
  const cancelled = new AbortController();
  const asked = failed(shop.ask("hello?", { anonymous_id: "a" }, 20, { signal: cancelled.signal }));
  setTimeout(() => cancelled.abort(), 200);
  const late = await failed(shop.search("tea", { wait: 20, signal: AbortSignal.timeout(200) }));
  const seen = [];
  const following = shop.subscribe("u", ({ data }) => {
    seen.push(data.recomm_id);
    if (seen.length === 1) {
      say("started");
      throw new Error("the page's own mistake");
    }
    following.close();
  });
  while (seen.length < 2) await pause(50);
  say({ seen, told, asked: await asked, late });
}
process.exit(0);
