/** Parts that several views are made of. */
import type { ComponentChildren } from "preact";
import { number } from "../common/format";
import { language, say } from "../common/language";
import type { Product } from "../common/types";
import { useRead, type Read } from "./data";

export const share = (value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : `${number(100 * value, 1)} %`;

export const title = (product: Product | undefined, id: string): string =>
  product ? (language.value === "zh" && product.title_zh) || product.title : id;

export const link = (view: string, of = ""): string => (of ? `#/${view}/${encodeURIComponent(of)}` : `#/${view}`);

/** What is read, or why not. */
export function Shown<T>({ read, children }: { read: Read<T>; children: (value: T) => ComponentChildren }) {
  return (
    <>
      {read.problem && (
        <p class="problem" role="alert">
          {read.problem.status === 404 ? say(["Not there: ", "没有找到："]) : ""}
          {read.problem.detail}
        </p>
      )}
      {read.loading && <p class="quiet">{say(["Reading …", "读取中……"])}</p>}
      {read.value !== null && children(read.value)}
    </>
  );
}

export function Table({ label, head, rows, numbers = [] }: {
  label: string;
  head: string[];
  rows: ComponentChildren[][];
  numbers?: number[];
}) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {head.map((each, i) => (
              <th key={i} scope="col" class={numbers.includes(i) ? "number" : ""}>
                {each}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, n) => (
            <tr key={n}>
              {row.map((cell, i) =>
                i === 0 ? (
                  <th key={i} scope="row">
                    {cell}
                  </th>
                ) : (
                  <td key={i} class={numbers.includes(i) ? "number" : ""}>
                    {cell}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Shares as bars, each with its number beside it. */
export function Bars({ rows }: { rows: readonly (readonly [string, number, string])[] }) {
  const most = Math.max(...rows.map((row) => row[1]), 1e-9);
  return (
    <dl class="bars">
      {rows.map(([name, value, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <svg width="100%" height="10" aria-hidden="true">
              <rect width={`${Math.max(0, (100 * value) / most)}%`} height="10" rx="3" />
            </svg>
            <span>{text}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function Tiles({ tiles }: { tiles: readonly (readonly [string, string])[] }) {
  return (
    <dl class="tiles">
      {tiles.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Titles of these products, as they come. */
export function useTitles(ids: readonly string[]): Map<string, Product> {
  const wanted = [...new Set(ids)].sort().slice(0, 100);
  const query = wanted.map((id) => `id=${encodeURIComponent(id)}`).join("&");
  const read = useRead<{ products: Product[] }>(wanted.length ? `/v1/products?${query}` : null);
  return new Map(read.value?.products.map((each) => [each.product_id, each]));
}

export const when = (ms: number): string =>
  new Date(ms).toLocaleString(language.value === "zh" ? "zh-CN" : "en-GB", {
    dateStyle: "short",
    timeStyle: "medium",
  });
