// What test_client_javascript.py has Node do: LIBRARY GATEWAY follow COUNT, or LIBRARY GATEWAY use.
const [library, url, task, count] = process.argv.slice(2);
const { Shopkeeper, ProblemError } = await import(library);
const say = (value) => console.log(JSON.stringify(value));

if (task === "follow") {
  const found = [];
  const following = new Shopkeeper(url).subscribe("u", (update) => {
    if (!found.length) say("started");
    found.push(update.kind === "delete" ? "delete" : update.data.recomm_id);
    if (found.length === Number(count)) {
      following.close();
      say(found);
      process.exit(0);
    }
  });
} else {
  const wrong = [];
  const shop = new Shopkeeper(url, { key: "s", lingerMs: 1, onError: (error) => wrong.push(error.id) });
  for (let n = 0; n < 120; n++) shop.publish("product.clicked.v1", { user_id: `u${n}`, product_id: "p" });
  const bad = shop.publish("product.clicked.v1", { user_id: "u" });
  while (shop.waiting) await shop.flush().then(() => new Promise((done) => setTimeout(done, 50)));
  const missing = await shop.similar("p9").catch((error) => error);
  const list = await shop.recommendations("u", { count: 3, exclude: ["x", "y"] });
  const pending = await shop.ask("hello?", { anonymous_id: "a" }, 0);
  say({
    wrong,
    bad,
    missing: [missing instanceof ProblemError, missing.status],
    list: list.recomm_id,
    waits: pending.location,
  });
  process.exit(0);
}
