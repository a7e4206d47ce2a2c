import { Empty } from '../../parts/states.tsx';

export default function Fleet() {
  return <Empty title="Fleet" />;
}
