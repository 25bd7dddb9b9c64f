/** A modal dialog with a heading and a way out; what was focused before is again afterwards. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { say } from "../common/language";

interface Props {
  title: string;
  close: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, close, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    element.current?.showModal();
    return () => before?.focus();
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={heading}
      onClose={close}
      onClick={(event) => event.target === element.current && element.current?.close()}
    >
      <div class="dialog">
        <h2 id={heading}>{title}</h2>
        {children}
        <p class="dialog-end">
          <button type="button" class="primary" onClick={() => element.current?.close()}>
            {say(["Close", "关闭"])}
          </button>
        </p>
      </div>
    </dialog>
  );
}
