import { expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { Routes } from './routes.js';

const handler = (): string => '';

it('knows which methods a path takes, whatever its parameters are', async () => {
  const server = fastify();
  const routes = new Routes(server);
  server.get('/runs/:id', handler).delete('/runs/:id', handler).post('/runs', handler).get('/', handler);
  await server.ready();
  expect(routes.allowedFor('/runs/7')).toEqual(['DELETE', 'GET', 'HEAD', 'OPTIONS']);
  expect(routes.allowedFor('/runs')).toEqual(['OPTIONS', 'POST']);
  expect(routes.allowedFor('/')).toEqual(['GET', 'HEAD', 'OPTIONS']);
  for (const path of ['/runs/', '/runs/7/8', '/run', '/runs/7/']) expect(routes.allowedFor(path)).toEqual([]);
});
