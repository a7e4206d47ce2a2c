/** What an agent sends the collector: a run of one stream, in order, acknowledged as a whole once it is stored. */
import { z } from 'zod';
import { Finding } from './alert.ts';
import { Observation } from './observation.ts';

export const Batch = z.strictObject({
  schema: z.literal(1),
  cluster: z.string().min(1).max(253),
  /** The agent's node. */
  agent: z.string().min(1).max(253),
  /** `<cluster>/<agent>/<source>/<id of its state>`: positions of one stream only ever grow. */
  stream: z.string().min(1).max(600),
  /** Number of the batch's first observation in its stream, from 0. A batch that is wholly below the stored position is a duplicate. */
  position: z.int().nonnegative(),
  observations: z.array(Observation).max(5000),
  /** Of rules with scope `node`, about observations of this batch or an earlier one. */
  findings: z.array(Finding).max(5000),
});
export type Batch = z.infer<typeof Batch>;
