import { Empty } from '../../parts/states.tsx';

export default function Rules() {
  return <Empty title="Rules" />;
}
