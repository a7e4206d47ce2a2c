import { Empty } from '../../parts/states.tsx';

export function Login() {
  return <Empty title="Log in" />;
}
