// Builds the pages into services/gateway/pages, from where the gateway serves them.
//
// The same sources give the same bytes: nothing of the time, the machine or the folder goes in, so
// that CI can build them again and compare.
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.env.PAGES ?? join(here, "../services/gateway/pages");
const PAGES = ["shop", "console"];

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
const bundled = (name, source, more = {}) =>
  build({
    entryPoints: { [name]: join(here, source) },
    absWorkingDir: here,
    outdir: target,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022"],
    jsx: "automatic",
    jsxImportSource: "preact",
    charset: "utf8",
    legalComments: "none", // the licences stand in licences.txt
    logLevel: "warning",
    ...more,
  });
for (const page of PAGES) {
  await bundled(page, `src/${page}/main.tsx`);
  await cp(join(here, `src/${page}/index.html`), join(target, `${page}.html`));
}
// Another build, another worker: the browser sees by its bytes that there is something new to keep.
const hash = createHash("sha256");
for (const name of ["shop.html", "shop.css", "shop.js"]) hash.update(await readFile(join(target, name)));
await bundled("shop-worker", "src/shop/worker.ts", {
  format: "iife",
  define: {
    BUILD: JSON.stringify(hash.digest("hex").slice(0, 16)),
    KEPT: JSON.stringify(["/shop", "/pages/shop.css", "/pages/shop.js"]),
  },
});
const licences = await Promise.all(
  ["preact", "@preact/signals", "@preact/signals-core"].map(async (name) => {
    const folder = join(here, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    return `${name} ${version}\n\n${(await readFile(join(folder, "LICENSE"), "utf8")).trim()}\n`;
  }),
);
await writeFile(join(target, "licences.txt"), licences.join("\n---\n\n"));
