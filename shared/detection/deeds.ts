import type { Request, RequestObservation } from '../schema/observation.ts';

/** What a request is about. */
type Asked = Pick<Request, 'resource' | 'subresource' | 'uri'>;
type Told = Asked & Pick<Request, 'verb' | 'namespace' | 'name' | 'code'>;

/** The kind of a request, for comparing what an account does with what it used to: `list pods in shop`. */
export function deedOf(observation: RequestObservation): string {
  const { verb, namespace } = observation.request;
  const what = resourceOf(observation.request);
  return namespace ? `${verb} ${what} in ${namespace}` : `${verb} ${what}`;
}

/** `pods/exec`, or for a request that is about no resource its path. */
export function resourceOf(request: Asked): string {
  if (request.resource === undefined) return pathOf(request.uri);
  return request.subresource ? `${request.resource}/${request.subresource}` : request.resource;
}

/** What was asked and answered, in one line: `get secret stripe-key in payments: 200`. */
export function describe(request: Told): string {
  const name = request.name ? ` ${request.name}` : '';
  const namespace = request.namespace ? ` in ${request.namespace}` : '';
  const code = request.code === 0 ? '' : `: ${request.code}`;
  return `${request.verb} ${resourceOf(request)}${name}${namespace}${code}`;
}

const pathOf = (uri: string): string => {
  const query = uri.indexOf('?');
  return query < 0 ? uri : uri.slice(0, query);
};
