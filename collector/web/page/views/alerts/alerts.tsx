import { Empty } from '../../parts/states.tsx';

export function Alerts() {
  return <Empty title="Alerts" />;
}
