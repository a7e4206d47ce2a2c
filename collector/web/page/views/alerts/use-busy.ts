/** Whether the reader is about to do something with what an element shows: then it must not move away under the pointer. */
import { useCallback, useRef } from 'preact/hooks';

const CALM_AFTER_MS = 3000;
const SIGNS = ['pointermove', 'pointerdown', 'keydown', 'focusin'] as const;

export interface Busy {
  isBusy(): boolean;
  /** To be given as `ref`. */
  watch(element: HTMLElement | null): void;
}

/** @param onCalm the reader has gone elsewhere, or stopped moving */
export function useBusy(onCalm: { current: () => void }): Busy {
  const busy = useRef(false);
  const end = useRef(() => undefined as void);
  const watch = useCallback((element: HTMLElement | null) => {
    end.current();
    if (!element) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const calm = (): void => {
      clearTimeout(timer);
      busy.current = false;
      onCalm.current();
    };
    const start = (): void => {
      busy.current = true;
      clearTimeout(timer);
      timer = setTimeout(calm, CALM_AFTER_MS);
    };
    for (const sign of SIGNS) element.addEventListener(sign, start);
    element.addEventListener('pointerleave', calm);
    end.current = () => {
      clearTimeout(timer);
      for (const sign of SIGNS) element.removeEventListener(sign, start);
      element.removeEventListener('pointerleave', calm);
    };
  }, []);
  return { watch, isBusy: useCallback(() => busy.current, []) };
}
