/**
 * Which partition a cluster's observations go to: all to the same, so that one correlator sees all of them, in order. The
 * hash is the one of Kafka's own clients, so that other producers can find the same partition: it is that of a record
 * whose key is the cluster's name.
 */

/**
 * @param key the cluster; of an alert, the alert
 * @param count how many partitions the topic has
 */
export function partitionOf(key: string, count: number): number {
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fff_ffff) % count;
}

const SEED = 0x9747_b28c;
const M = 0x5bd1_e995;

/** As `org.apache.kafka.common.utils.Utils.murmur2`. */
export function murmur2(data: Uint8Array): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const whole = data.length - (data.length % 4);
  let hash = SEED ^ data.length;
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(view.getInt32(at, true), M);
    word = Math.imul(word ^ (word >>> 24), M);
    hash = Math.imul(hash, M) ^ word;
  }
  const left = data.subarray(whole);
  for (const [index, byte] of left.entries()) hash ^= byte << (8 * index);
  if (left.length > 0) hash = Math.imul(hash, M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}
