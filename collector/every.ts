/** Calls the task again and again, that many milliseconds apart; returns how to end that. Tests pass their own. */
export type Every = (milliseconds: number, task: () => void) => () => void;

export const everyInterval: Every = (milliseconds, task) => {
  const timer = setInterval(task, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
};
