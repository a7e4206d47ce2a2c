import { Empty } from '../../parts/states.tsx';

export default function Exceptions() {
  return <Empty title="Exceptions" />;
}
