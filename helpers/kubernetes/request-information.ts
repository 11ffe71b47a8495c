/** What a request to the API server is about, in the words of its authorisation: read from method and path alone. */
export interface RequestInformation {
  verb: string
  /** '' for the core group and for paths that are no resources. */
  group: string
  /** Plural, with its subresource: `virtualmachineinstances/console`. For other paths, e.g. `/version`, the path. */
  resource: string
  namespace?: string
  name?: string
}

const verbsOnObjects: Record<string, string> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

export function requestInformation(method: string, pathWithQuery: string): RequestInformation {
  const url = new URL(pathWithQuery, 'https://cluster.invalid')
  const parts = url.pathname.split('/').filter((part) => part !== '')
  const rest = parts[0] === 'api' ? parts.slice(2) : parts.slice(3)
  const group = parts[0] === 'apis' ? (parts[1] ?? '') : ''
  const verb = verbsOnObjects[method] ?? method.toLowerCase()
  if ((parts[0] !== 'api' && parts[0] !== 'apis') || rest.length === 0) {
    return { verb, group: '', resource: url.pathname }
  }
  // `namespaces/x` is the namespace itself, `namespaces/x/pods` are pods in it.
  let namespace: string | undefined
  if (rest[0] === 'namespaces' && rest.length > 2) {
    namespace = decodeURIComponent(rest[1] ?? '')
    rest.splice(0, 2)
  }
  const [resource = '', name, subresource] = rest
  const watching = ['1', 'true'].includes(url.searchParams.get('watch') ?? '')
  const collectionVerb =
    method === 'GET' ? (watching ? 'watch' : 'list') : method === 'DELETE' ? 'deletecollection' : verb
  return {
    verb: name === undefined ? collectionVerb : verb,
    group,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? nameFromFieldSelector(url) : { name: decodeURIComponent(name) }),
  }
}

function nameFromFieldSelector(url: URL): { name?: string } {
  const match = /^metadata\.name=([^,]+)$/.exec(url.searchParams.get('fieldSelector') ?? '')
  return match?.[1] === undefined ? {} : { name: match[1] }
}

/** `create virtualmachineinstances acceptance/x` */
export function describeRequest(request: RequestInformation): string {
  const object = [request.namespace, request.name].filter((part) => part !== undefined).join('/')
  const everywhere = request.name === undefined && request.namespace !== undefined ? ` in ${request.namespace}` : ''
  return `${request.verb} ${request.resource}${request.name === undefined ? everywhere : ` ${object}`}`
}
