/** Nothing is there of what is asked for: because of what is asked, or because nothing has come yet. */
import { Link } from 'wouter-preact';
import { useAddress } from '../../parts/address.ts';
import { Empty } from '../../parts/states.tsx';
import { isNarrowed } from './filters.ts';

export function NothingFound() {
  if (isNarrowed(useAddress().all)) {
    return <Empty title="Nothing happened that matches.">Remove a filter, or choose a longer time.</Empty>;
  }
  return (
    <Empty title="Nothing has been recorded yet.">
      What agents send is here within seconds; <Link href="/fleet">Fleet</Link> says whether any does.
    </Empty>
  );
}
