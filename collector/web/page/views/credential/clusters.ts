/** Several clusters may know the same id; the API says which, in words. */
interface Refusal {
  status: number;
  message: string;
}

export function clustersIn(problem: Refusal | undefined): string[] {
  if (problem?.status !== 400) return [];
  const named = /^cluster must be given, one of (.+): several know that id$/.exec(problem.message)?.[1];
  return named === undefined ? [] : named.split(', ');
}
