/** Calls of the gateway: reads, events, questions. */

/** An error that the gateway explains (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
  }
}

const SECRET = "shopkeeper.key";

/** The key or token that this page sends; a page takes it from `?key=` once and keeps it for the tab. */
export function key(): string | null {
  const given = new URLSearchParams(location.search).get("key");
  if (given) sessionStorage.setItem(SECRET, given);
  return sessionStorage.getItem(SECRET);
}

/** Keep a key for this tab; none for an empty one. */
export function keep(secret: string): void {
  if (secret) sessionStorage.setItem(SECRET, secret);
  else sessionStorage.removeItem(SECRET);
}

export type Parameters = Record<string, string | number | undefined>;

/** `path` with the parameters that are there. */
export function address(path: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** The JSON that the gateway answers; null for an empty answer. Throws Problem.
 * `later`: told the address of what is not there yet (202). */
export async function call<T>(
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  parameters: Parameters = {},
  body?: unknown,
  later: (address: string) => void = () => {},
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const secret = key();
  if (secret) headers["Authorization"] = `Bearer ${secret}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(address(path, parameters), {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const place = answer.headers.get("Location");
  if (answer.status === 202 && place) later(place);
  const text = await answer.text();
  const said = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Problem(answer.status, said?.title ?? "", said?.detail ?? "");
  return said as T;
}

export const get = <T>(path: string, parameters: Parameters = {}): Promise<T> =>
  call<T>("GET", path, parameters);
