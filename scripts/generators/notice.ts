import { z } from 'zod';
import { NoticeMessage } from '../../shared/schema/notice.ts';
import type { Generated } from './generator.ts';

/** The JSON Schema of what outputs send in the native format, for whoever receives it. */
export function noticeSchema(): Generated {
  const schema = z.toJSONSchema(NoticeMessage, { io: 'input', reused: 'ref' });
  const described = {
    title: 'Notice',
    description:
      'What an output sends in the native format: an alert and what became of it, or a summary of alerts that came faster than the output may send. Made from shared/schema/notice.ts by `npm run generate`.',
    ...schema,
  };
  return { path: 'docs/schema/notice.json', content: `${JSON.stringify(described, null, 2)}\n` };
}
