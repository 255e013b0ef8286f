import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openSealedPassword, sealingPublicKey } from '#protocol';
import { startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';

const SEALING_KEY = 'a7'.repeat(32);
const CANARY = 'canary-password-90d1';
const owner = { vmId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d', user: 'Zoë' };

onBothDatabases('passwords for the bus', (given) => {
  let server: TestConsole;
  beforeAll(async () => {
    server = await startConsole(given().url, { env: { SEALING_KEY } });
  });
  afterAll(() => server.stop());

  it('are sealed to the key that is shown, for one user of one machine', async () => {
    const { status, body } = await server.request('GET', '/api/sealing-key');
    expect([status, body]).toEqual([
      200,
      { algorithm: 'X25519-HKDF-SHA256-AES256GCM', publicKey: sealingPublicKey(SEALING_KEY) },
    ]);
    const asked = { ...owner, vmId: owner.vmId.toUpperCase(), password: CANARY };
    const answer = await server.request('POST', '/api/sealed-passwords', asked);
    expect([answer.status, Object.keys(answer.body)]).toEqual([200, ['passwordSealed']]);
    expect(openSealedPassword(SEALING_KEY, owner, answer.body.passwordSealed)).toBe(CANARY);
    expect(() =>
      openSealedPassword(SEALING_KEY, { ...owner, user: 'x' }, answer.body.passwordSealed),
    ).toThrow();
  });

  it('are refused with each fault, and without the password in the answer', async () => {
    const wrong = { vmId: 'x', user: '', password: `${CANARY}\u0000`, more: 1 };
    const { status, body, text } = await server.request('POST', '/api/sealed-passwords', wrong);
    expect(status).toBe(400);
    expect(body.issues.map(({ path }: { path: string }) => path).sort()).toEqual([
      'more',
      'password',
      'user',
      'vmId',
    ]);
    expect(text).not.toContain(CANARY);
  });

  it('need a token', async () => {
    const { url } = server;
    expect((await fetch(`${url}/api/sealing-key`)).status).toBe(401);
    expect((await fetch(`${url}/api/sealed-passwords`, { method: 'POST' })).status).toBe(401);
  });

  it('cannot be sealed without SEALING_KEY, and the answer says so', async () => {
    const bare = await startConsole(given().url);
    const refusal = { code: 'sealing.no_key', message: expect.stringContaining('SEALING_KEY') };
    for (const asked of [
      bare.request('GET', '/api/sealing-key'),
      bare.request('POST', '/api/sealed-passwords', { ...owner, password: CANARY }),
    ])
      expect(await asked).toMatchObject({ status: 503, body: refusal });
    await bare.stop();
  });
});
