/** Who looks at the page: an anonymous id that it makes for itself, and a session of this tab. */
import { signal } from "@preact/signals";

const KEPT = "shopkeeper.visitor";
const SESSION = "shopkeeper.session";

/** A random id; `crypto.randomUUID` is missing where the page does not come from localhost or HTTPS. */
export function fresh(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `${prefix}-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function kept(storage: Storage, name: string, prefix: string): string {
  const found = storage.getItem(name) ?? fresh(prefix);
  storage.setItem(name, found);
  return found;
}

export const visitor = signal(kept(localStorage, KEPT, "visitor"));
export const session = signal(kept(sessionStorage, SESSION, "visit"));

/** Another visitor, of whom nothing is known. */
export function newVisitor(): void {
  localStorage.removeItem(KEPT);
  sessionStorage.removeItem(SESSION);
  visitor.value = kept(localStorage, KEPT, "visitor");
  session.value = kept(sessionStorage, SESSION, "visit");
}
