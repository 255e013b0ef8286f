import { setImmediate } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { giveBackMemory } from './memory.js';

it('leaves no garbage behind', async () => {
  const held = { text: 'held' };
  const refs = [new WeakRef({ text: 'garbage' }), new WeakRef(held)];
  // What was looked at in a turn of the event loop lives to its end.
  await setImmediate();
  giveBackMemory();
  expect(refs.map((ref) => ref.deref()?.text)).toEqual([undefined, held.text]);
});
