/** As findings name it: `shop/cart` is short for a ServiceAccount's full name. */
export function fullPrincipal(typed: string): string {
  const name = typed.trim();
  const account = /^([a-z0-9][a-z0-9-]*)\/([a-z0-9][a-z0-9.-]*)$/.exec(name);
  return account ? `system:serviceaccount:${account[1]}:${account[2]}` : name;
}
