/** What the console reads of the gateway: once, or again and again while a view is shown. */
import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { get, Problem, type Parameters } from "../common/api";

export interface Read<T> {
  value: T | null;
  problem: Problem | null;
  loading: boolean;
}

/** Whether the gateway wants a key that it was not given. */
export const locked = signal(false);

/** `path` null: nothing to read yet. `everyMs`: read again. */
export function useRead<T>(path: string | null, parameters: Parameters = {}, everyMs = 0): Read<T> {
  const read = useSignal<Read<T>>({ value: null, problem: null, loading: path !== null });
  const asked = JSON.stringify([path, parameters]);
  useEffect(() => {
    if (path === null) {
      read.value = { value: null, problem: null, loading: false };
      return;
    }
    let ended = false;
    let timer = 0;
    read.value = { value: null, problem: null, loading: true };
    const ask = async () => {
      try {
        const value = await get<T>(path, parameters);
        if (!ended) read.value = { value, problem: null, loading: false };
      } catch (error) {
        const problem =
          error instanceof Problem ? error : new Problem(0, "", "the gateway does not answer");
        if (problem.status === 401 || problem.status === 403) locked.value = true;
        // What was there before stays, with the problem beside it.
        if (!ended) read.value = { value: read.value.value, problem, loading: false };
      }
      if (!ended && everyMs) timer = window.setTimeout(ask, everyMs);
    };
    void ask();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [asked, everyMs]);
  return read.value;
}
