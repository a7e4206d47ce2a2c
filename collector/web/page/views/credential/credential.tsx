import { Empty } from '../../parts/states.tsx';

export default function Credential() {
  return <Empty title="Credential" />;
}
