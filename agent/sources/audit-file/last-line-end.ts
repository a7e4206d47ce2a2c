import { open } from 'node:fs/promises';

const NEWLINE = 0x0a;
const BLOCK_BYTES = 64 * 1024;

/**
 * Offset behind the last newline of a file. If there is none in the last `maxLineBytes`, the end: whatever that line is, it
 * is too long.
 */
export async function lastLineEnd(path: string, maxLineBytes: number): Promise<number> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const stop = Math.max(0, size - maxLineBytes);
    const block = Buffer.alloc(BLOCK_BYTES);
    for (let end = size; end > stop; ) {
      const start = Math.max(stop, end - BLOCK_BYTES);
      const { bytesRead } = await handle.read(block, 0, end - start, start);
      const newline = block.subarray(0, bytesRead).lastIndexOf(NEWLINE);
      if (newline !== -1) return start + newline + 1;
      end = start;
    }
    return stop === 0 ? 0 : size;
  } finally {
    await handle.close();
  }
}
