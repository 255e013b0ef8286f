/**
 * The main job, live: a machine gets its medium; a local stand-in for its guest (the real agent on a UNIX
 * socket) fetches InfiniService as the seed would, checks it, comes up on its channel and runs a first-boot
 * script. Then the suite stays up; Ctrl-C ends it. A second run goes on with the same data: the machine is
 * known, and a script is pushed to it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { root } from './steps.mjs';

const base = process.env.INFINIBAY_BASE_DIR;
const consoleUrl = `http://${process.env.CONSOLE_HOST || '127.0.0.1'}:${process.env.CONSOLE_PORT || 4001}`;
const folder = join(base, 'demo');
/** Stands for the root of the machine's disk. */
const machineRoot = join(folder, 'root');
const stateFile = join(folder, 'demo.json');
const children = [];
let stopping = false;

class DemoFailed extends Error {}

const say = (text) => console.log(text);
const title = (text) => say(`\n\x1b[1m${text}\x1b[0m`);

function run(name, command, args, env) {
  const log = createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  let last = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (last = (last + chunk).slice(-3000)));
  const entry = {
    name,
    child,
    exited: new Promise((resolve) => child.once('close', resolve)),
    last: () => last,
  };
  children.push(entry);
  void entry.exited.then((code) => {
    if (stopping) return;
    console.error(
      `\n${name} has ended (exit code ${code}); its last words, all of them in ${join(folder, `${name}.log`)}:\n${last}`,
    );
    void stop(1);
  });
  return entry;
}

async function stop(code) {
  if (stopping) return;
  stopping = true;
  for (const { child } of [...children].reverse()) child.kill('SIGTERM');
  const late = setTimeout(() => children.forEach(({ child }) => child.kill('SIGKILL')), 15_000);
  await Promise.all(children.map(({ exited }) => exited));
  clearTimeout(late);
  if (code === 0) say('Stopped. npm start goes on with the same data.');
  process.exit(code);
}

async function until(what, check, seconds = 60) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await check().catch(() => null);
    if (value) return value;
    if (stopping) throw new DemoFailed('stopped');
    if (Date.now() > deadline)
      throw new DemoFailed(`waited ${seconds} s for ${what}; see the logs in ${folder}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

let token = '';
async function api(method, path, body) {
  const response = await fetch(`${consoleUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new DemoFailed(`${method} ${path} answered ${response.status}: ${text}`);
  return text ? JSON.parse(text) : null;
}

const SCRIPT = `echo "Hello from machine $INFINIBAY_VM_ID"
echo "This is attempt $INFINIBAY_ATTEMPT of execution $INFINIBAY_EXECUTION_ID"
uname -sr
for step in 1 2 3; do echo "step $step of 3"; sleep 0.3; done
echo "a line on stderr" >&2
`;

/** On the medium: what its machine reads, and nobody else. */
const SETTINGS = 'infinibay/install.env';

/** What the seed's script does on a real machine: fetch by content hash, compare, and only then use. */
async function fetchAgent(media) {
  const seed = media.files.find(({ name }) => name === 'seed.iso');
  const settings = seed
    ? readFromImage(media, seed)
    : readFileSync(join(base, 'media', media.id, 'cidata', SETTINGS), 'utf8');
  const setting = (name) => new RegExp(`^${name}='([^']*)'$`, 'm').exec(settings)?.[1];
  const url = setting('INFINIBAY_URL');
  const files = [
    ['infiniservice', setting('INFINISERVICE_SHA256')],
    ['install-linux.sh', setting('INFINISERVICE_SCRIPT_SHA256')],
  ];
  for (const [name, sha256] of files) {
    const response = await fetch(`${url}/infiniservice/sha256/${sha256}`, {
      headers: { authorization: `Bearer ${setting('INFINIBAY_MEDIUM_PROOF')}` },
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== sha256) throw new DemoFailed(`${name} does not have the hash that the medium names`);
    rmSync(join(folder, name), { force: true });
    writeFileSync(join(folder, name), bytes);
    chmodSync(join(folder, name), 0o755);
    say(`  ${name}: ${bytes.length} bytes from ${url}, sha256 ${sha256.slice(0, 16)}… matches the medium`);
  }
  const secret = setting('INFINISERVICE_SHARED_SECRET') ?? '';
  installAgent(setting('INFINIBAY_VM_ID'), {
    INFINISERVICE_SHARED_SECRET: secret,
    INFINISERVICE_MEDIUM_ID: setting('INFINIBAY_MEDIUM_ID'),
    INFINISERVICE_MEDIUM_PROOF: setting('INFINIBAY_MEDIUM_PROOF'),
  });
  return secret;
}

/** As install-linux.sh does it, with a folder that stands for the machine's root. */
function installAgent(vmId, env) {
  const words = ['install', '--vm-id', vmId, '--root', machineRoot];
  const { status, stderr, error } = spawnSync(join(folder, 'infiniservice'), words, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...env },
  });
  if (status !== 0) throw new DemoFailed(`the agent could not be installed: ${error?.message ?? stderr}`);
}

function readFromImage(media, seed) {
  const target = join(folder, 'install.env');
  rmSync(target, { force: true });
  const image = join(base, 'media', media.id, seed.name);
  const { status, stderr, error } = spawnSync(
    'xorriso',
    ['-osirrox', 'on', '-indev', image, '-extract', `/${SETTINGS}`, target],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new DemoFailed(`the medium could not be read: ${error?.message ?? stderr}`);
  const text = readFileSync(target, 'utf8');
  rmSync(target, { force: true });
  return text;
}

function startStandIn(state, secret) {
  const { PATH, HOME } = process.env;
  const env = {
    PATH,
    HOME,
    INFINIBAY_VM_ID: state.machineId,
    INFINISERVICE_DEVICE: `unix:${join(base, 'sockets', `${state.machineId}.socket`)}`,
    INFINISERVICE_STATE_DIR: join(machineRoot, 'var/lib/infiniservice'),
    INFINISERVICE_SHARED_SECRET: secret,
  };
  return run('guest', join(folder, 'infiniservice'), ['run'], env);
}

/** Shows the script's output as it comes, until the row is final. */
async function follow(id) {
  const response = await fetch(`${consoleUrl}/api/executions/${id}/events`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const shown = { stdout: 0, stderr: 0 };
  let text = '';
  for await (const chunk of response.body) {
    text += Buffer.from(chunk).toString();
    const events = text.split('\n\n');
    text = events.pop();
    for (const event of events) {
      const type = /^event: (.*)$/m.exec(event)?.[1];
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (!data) continue;
      const value = JSON.parse(data);
      if (type === 'output' && value.offset >= shown[value.stream]) {
        shown[value.stream] = value.offset + Buffer.byteLength(value.data);
        process.stdout.write(value.data.replace(/^(?=.)/gm, value.stream === 'stderr' ? '  ! ' : '  | '));
      }
      if (type === 'status' && value.completedAt !== null) {
        // What was printed before we listened, or after the last live piece, stands in the row.
        for (const stream of ['stdout', 'stderr']) {
          const rest = Buffer.from(value[stream] ?? '')
            .subarray(shown[stream])
            .toString();
          process.stdout.write(rest.replace(/^(?=.)/gm, stream === 'stderr' ? '  ! ' : '  | '));
        }
        return value;
      }
    }
  }
  return api('GET', `/api/executions/${id}`);
}

function showRows(machineId) {
  const sql = `SELECT id, scriptId, machineId, status, scheduledFor, startedAt, completedAt, exitCode
FROM ScriptExecution
WHERE machineId = '${machineId}'
ORDER BY scheduledFor;`;
  title('The rows, by SQL');
  say(sql.replace(/^/gm, '  '));
  if (process.env.DATABASE_URL) return say('  (the database is the one that DATABASE_URL names)');
  const database = new DatabaseSync(join(base, 'infinibay.db'), { readOnly: true });
  for (const row of database.prepare(sql).all()) {
    say(
      `\n  ${Object.entries(row)
        .map(([name, value]) => `${name}: ${value}`)
        .join('\n  ')}`,
    );
  }
  database.close();
}

async function main() {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  title('Starting the suite: distribution, media, gateway and console in one process');
  run('standalone', 'node', ['dist/apps/standalone/main.js'], process.env);
  const ready = await until('the suite to be ready', async () => (await fetch(`${consoleUrl}/readyz`)).ok);
  token =
    process.env.CONSOLE_TOKEN ||
    readFileSync(process.env.CONSOLE_TOKEN_FILE || join(base, 'console.token'), 'utf8').trim();
  if (ready) say(`  ready at ${consoleUrl}; data in ${base}`);

  const known = existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, 'utf8')) : null;
  const media = known ? await api('GET', `/api/media/${known.mediaId}`).catch(() => null) : null;
  const state = known && media ? { ...known, media, isNew: false } : await createMachine();

  title('A stand-in for the guest fetches InfiniService as the medium says, and checks it');
  const secret = await fetchAgent(state.media);
  startStandIn(state, secret);
  await until(
    'the agent to say hello',
    async () => (await api('GET', `/api/machines/${state.machineId}`)).channel === 'ready',
  );
  const health = await api('GET', `/api/machines/${state.machineId}/health`);
  say(`  channel ready: ${health.message}`);

  title(state.isNew ? 'The first-boot script runs' : 'The machine is known: a script is pushed to it');
  const id = state.isNew
    ? state.executionId
    : (await api('POST', '/api/executions', { scriptId: state.scriptId, machineIds: [state.machineId] }))
        .items[0].id;
  const row = await follow(id);
  say(`  ${row.status}, exit code ${row.exitCode}`);
  if (row.status !== 'SUCCESS')
    throw new DemoFailed((await api('GET', `/api/executions/${id}/explanation`)).message);

  showRows(state.machineId);
  title('It stays up; Ctrl-C ends it');
  say(`  console   ${consoleUrl}/api/machines   (token in ${join(base, 'console.token')})`);
  say(`  execution ${consoleUrl}/api/executions/${id}`);
  say(`  guests    http://127.0.0.1:${process.env.PORT || 4000}/infiniservice/metadata`);
  say(`  logs      ${folder}`);
  say(
    `\n  curl -H "Authorization: Bearer $(cat ${join(base, 'console.token')})" ${consoleUrl}/api/machines/${state.machineId}/health`,
  );
  if (process.argv.includes('--once')) await stop(0);
}

async function createMachine() {
  title('A machine gets its install medium');
  const script = await api('POST', '/api/scripts', {
    name: 'demo: hello',
    shell: 'SH',
    content: SCRIPT,
    timeoutSeconds: 60,
  });
  const machineId = randomUUID();
  const media = await api('POST', '/api/media', {
    vmId: machineId,
    hostname: `demo-${machineId.slice(0, 4)}`,
    os: { family: 'ubuntu', version: '24.04' },
    source: 'cloud-image',
    users: [{ name: 'demo', sshKeys: [] }],
    firstBootScripts: [{ scriptId: script.id }],
  });
  for (const file of media.files)
    say(`  ${file.name}: ${file.size} bytes, sha256 ${file.sha256.slice(0, 16)}…`);
  say(
    `  its first-boot script is ${media.executions[0].status}; the plan attaches the seed and the channel ${join(base, 'sockets', `${machineId}.socket`)}`,
  );
  const state = { machineId, mediaId: media.id, scriptId: script.id, executionId: media.executions[0].id };
  writeFileSync(stateFile, `${JSON.stringify(state, null, 2)}\n`);
  return { ...state, media, isNew: true };
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop(0));
main().catch((error) => {
  if (stopping) return;
  console.error(error instanceof DemoFailed ? `\n${error.message}` : error);
  void stop(1);
});
