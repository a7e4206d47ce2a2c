import { Empty } from '../../parts/states.tsx';

export default function AlertView() {
  return <Empty title="Alert" />;
}
