/** Lets an idle connection of kafkajs sleep: after its first reply each re-arms a timer of one millisecond, for ever. */

export interface RequestQueue {
  /** Requests that wait to be sent. */
  pending: unknown[];
  scheduleCheckPendingRequests(): void;
}

/** Only what waits needs to be looked at again; pushing a request that has to wait schedules that anew. */
export function letIdleSleep(prototype: RequestQueue): void {
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}
