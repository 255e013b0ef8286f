import type { FastifyInstance } from 'fastify';

/** Which methods a path takes, for whoever asked with another one. */
export class Routes {
  private readonly methods = new Map<string, Set<string>>();

  /** Remembers every route that is registered from now on. */
  constructor(server: FastifyInstance) {
    server.addHook('onRoute', ({ method, url }) => {
      const known = this.methods.get(url) ?? new Set();
      for (const name of [method].flat()) known.add(name.toUpperCase());
      this.methods.set(url, known);
    });
  }

  /** In alphabetical order, with OPTIONS; none for a path that is no route. */
  allowedFor(path: string): string[] {
    const found = [...this.methods].flatMap(([url, methods]) => (matches(url, path) ? [...methods] : []));
    return found.length === 0 ? [] : [...new Set([...found, 'OPTIONS'])].toSorted();
  }
}

/** Routes here have fixed parts and whole parts that are parameters, no other patterns. */
function matches(url: string, path: string): boolean {
  const [wanted, given] = [url, path].map((text) => text.split('/'));
  return (
    wanted?.length === given?.length &&
    (wanted ?? []).every((part, index) =>
      part.startsWith(':') ? given?.[index] !== '' : part === given?.[index],
    )
  );
}
