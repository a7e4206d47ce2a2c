import { z } from 'zod';
import { Envelope } from '../../shared/schema/envelope.ts';
import type { Generated } from './generator.ts';

/** The JSON Schema of what agents send, for whoever else reads or writes it. */
export function envelopeSchema(): Generated {
  const schema = z.toJSONSchema(Envelope, { io: 'input', reused: 'ref' });
  const described = {
    title: 'Envelope',
    description:
      'One observation on its way from an agent to a collector: a line of an HTTP body, or the value of a Kafka record. Made from shared/schema/envelope.ts by `npm run generate`.',
    ...schema,
  };
  return { path: 'docs/schema/envelope.json', content: `${JSON.stringify(described, null, 2)}\n` };
}
