/** Events of the visitor, to the gateway: what could not be sent waits, and keeps its id. */
import { signal } from "@preact/signals";
import { call, Problem } from "../common/api";
import { fresh, session, visitor } from "./visitor";

const WAITING_MAX = 200;
const AGAIN_MS = 2000;

interface CloudEvent {
  specversion: "1.0";
  id: string;
  source: string;
  type: string;
  time: string;
  data: Record<string, unknown>;
}

const KEPT = "shopkeeper.unsent";

function kept(): CloudEvent[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(found) ? (found as CloudEvent[]) : [];
  } catch {
    return [];
  }
}

/** Also over a reload, in which a page forgets all else. */
const waiting: CloudEvent[] = kept();
/** How many events were not confirmed yet. */
export const unsent = signal(waiting.length);
let sending = false;
let again: ReturnType<typeof setTimeout> | undefined;

/** Send an event of this type (without prefix and version); returns its id. */
export function send(type: string, data: Record<string, unknown>): string {
  const id = fresh("event");
  const who = { anonymous_id: visitor.value, session_id: session.value };
  const time = new Date().toISOString();
  waiting.push({ specversion: "1.0", id, source: "/shop", type: `${type}.v1`, time, data: { ...who, ...data } });
  // The oldest says the least of what the visitor wants now.
  if (waiting.length > WAITING_MAX) waiting.shift();
  keep();
  void flush();
  return id;
}

function keep(): void {
  if (waiting.length > 0) sessionStorage.setItem(KEPT, JSON.stringify(waiting));
  else sessionStorage.removeItem(KEPT);
}

/** Send what waits: one request at a time, so that events arrive in their order. */
export async function flush(): Promise<void> {
  if (sending || waiting.length === 0) return;
  sending = true;
  clearTimeout(again);
  const batch = waiting.slice();
  try {
    await call("POST", "/v1/events", {}, batch);
    waiting.splice(0, batch.length);
  } catch (error) {
    // What the gateway refuses it would refuse again; all else comes back with the connection.
    if (error instanceof Problem && error.status >= 400 && error.status < 500) waiting.splice(0, batch.length);
    else again = setTimeout(() => void flush(), AGAIN_MS);
  } finally {
    sending = false;
    unsent.value = waiting.length;
    keep();
  }
  if (waiting.length > 0 && again === undefined) void flush();
}
