/** Outputs, for their view and for the navigation, which says everywhere that one of them needs somebody. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { OutputStatus, OutputsAnswer } from '../../../query/schemas/outputs.ts';
import { useEvery } from '../parts/every.ts';
import { type Resource, useResource } from './resource.ts';

/** The newest answer, whoever asked. */
const newest = signal<OutputsAnswer | undefined>(undefined);

export function useOutputs(everyMs: number): Resource<OutputsAnswer> {
  const resource = useResource<OutputsAnswer>('/api/v1/outputs');
  useEvery(everyMs, resource.reload);
  useEffect(() => {
    if (resource.value) newest.value = resource.value;
  }, [resource.value]);
  return resource;
}

/** How many need somebody, as far as is known. */
export const troubledOutputs = (): number => newest.value?.items.filter(isTroubled).length ?? 0;

export const isTroubled = ({ state, deadLetters }: Pick<OutputStatus, 'state' | 'deadLetters'>): boolean =>
  state === 'retrying' || deadLetters > 0;
