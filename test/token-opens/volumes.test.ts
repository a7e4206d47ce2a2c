import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deviceKey, pathInVolume, type Volume, volumesOf } from '../../agent/sources/token-opens/volumes.ts';

const UID = '6ed50082-f374-4800-b1d8-1f533fcc901e';
const FOLDER = { configured: '/var/lib/kubelet/pods', real: '/data/kubelet/pods' };
const PROJECTED = `/data/kubelet/pods/${UID}/volumes/kubernetes.io~projected/kube-api-access-x`;

const mount = (target: string, { id = 812, device = '0:53', type = 'tmpfs', optional = 'shared:7 ' } = {}): string =>
  `${id} 29 ${device} / ${target} rw,relatime ${optional}- ${type} tmpfs rw,size=16k`;
const only = (...lines: string[]): Volume[] => volumesOf(`${lines.join('\n')}\n`, FOLDER);

describe('volumesOf', () => {
  test.each([
    ['a projected volume', mount(PROJECTED), 'kube-api-access-x'],
    ['without optional fields', mount(PROJECTED, { optional: '' }), 'kube-api-access-x'],
    ['of a Secret', mount(PROJECTED.replace('projected/kube-api-access-x', 'secret/ci.token')), 'ci.token'],
  ])('%s', (_, line, name) => {
    const [volume] = only('1 0 8:1 / / rw - ext4 /dev/sda rw', line);
    expect(volume).toMatchObject({ device: deviceKey(0, 53), mountId: 812, podUid: UID, name });
    expect(volume?.path).toBe(volume?.mountPoint.replace(FOLDER.real, FOLDER.configured));
  });

  test.each<[string, string]>([
    ['no tmpfs: marking it would be marking the disk', mount(PROJECTED, { type: 'ext4' })],
    ['elsewhere', mount(PROJECTED.replace('/data', '/elsewhere'))],
    ['in a folder that only begins alike', mount(PROJECTED.replace('/pods', '/pods2'))],
    ['of a container', mount('/var/run/secrets/kubernetes.io/serviceaccount')],
    ['another kind of volume', mount(PROJECTED.replace('projected', 'empty-dir'))],
    ['a folder within a volume', mount(`${PROJECTED}/sub`)],
    ['a name with a line end', mount(`${PROJECTED}\\012x`)],
    ['a name with a blank', mount(`${PROJECTED}\\040x`)],
    ['a name that is too long', mount(PROJECTED + 'x'.repeat(253))],
    ['an id that leads out', mount(PROJECTED.replace(UID, '..\\057..'))],
    ['no device', mount(PROJECTED, { device: 'x' })],
    ['a part of a line', mount(PROJECTED).slice(0, 40)],
  ])('not, %s', (_, line) => {
    expect(only(line)).toEqual([]);
  });

  test('each filesystem once, by the first of its mounts', () => {
    const other = PROJECTED.replace('kube-api-access-x', 'other');
    const found = only(mount(PROJECTED), mount(other, { id: 900 }), mount(other, { id: 901, device: '0:54' }));
    expect(found.map(({ mountId, name }) => [mountId, name])).toEqual([
      [812, 'kube-api-access-x'],
      [901, 'other'],
    ]);
  });

  test('escapes in the folder itself', () => {
    const folder = { configured: '/a b', real: '/a b' };
    expect(volumesOf(mount(`/a\\040b/${UID}/volumes/kubernetes.io~secret/s`), folder)).toMatchObject([{ name: 's' }]);
  });

  test('never throws', () => {
    const part = fc.oneof(fc.string(), fc.constantFrom(' ', '-', '/volumes/kubernetes.io~', PROJECTED, '\\0', 'tmpfs'));
    fc.assert(fc.property(fc.array(part), (parts) => void volumesOf(parts.join(''), FOLDER)));
  });
});

test.each([
  [`${PROJECTED}/..2026_11_23_18_07_42.31/token`, '..2026_11_23_18_07_42.31/token'],
  [`${PROJECTED}/..2026_11_23_18_07_42.31/a/b`, '..2026_11_23_18_07_42.31/a/b'],
  ['/var/run/secrets/x/..2026_11_23_18_07_42.31/token', '..2026_11_23_18_07_42.31/token'],
  ['/..2026_11_23_18_07_42.31/..2026_11_23_18_07_43.32/t', '..2026_11_23_18_07_42.31/..2026_11_23_18_07_43.32/t'],
  ['/etc/token-alone', 'token-alone'],
  ['', ''],
])('%j is in its volume at %j', (openedAs, expected) => {
  const [volume] = only(mount(PROJECTED));
  expect(pathInVolume(openedAs, volume!)).toBe(expected);
});
