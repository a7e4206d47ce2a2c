import { Empty } from '../../parts/states.tsx';

export default function Reference() {
  return <Empty title="Reference" />;
}
