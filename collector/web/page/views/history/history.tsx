import { Empty } from '../../parts/states.tsx';

export default function History() {
  return <Empty title="History" />;
}
