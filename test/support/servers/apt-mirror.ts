import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../processes/commands.js';

/** The suites of Debian's own list of sources, as cloud-init writes it. */
const SUITES = ['', '-updates', '-backports', '-security'];

/** Well below the seconds after which apt takes a server that says nothing for lost. */
const TRICKLE_MS = 2000;

/**
 * An archive for apt on a free loopback port, without signatures: one package, which puts one program on the
 * machine. The package comes byte by byte until it is let go, so that a test sees what does not wait for it.
 */
export class AptMirror {
  /** The program of the package, which prints this. */
  static readonly SAYS = 'installed from the mirror';
  readonly asked: string[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'infinibay-mirror-'));
  private free = false;
  private readonly server: Server = createServer((request, response) => {
    const path = request.url ?? '';
    this.asked.push(path);
    const body = Buffer.from(this.file(path) ?? '');
    response.writeHead(this.file(path) === null ? 404 : 200, { 'content-length': body.length });
    if (!path.endsWith('.deb')) return void response.end(body);
    let sent = 0;
    const timer = setInterval(() => {
      if (this.free || sent + 1 >= body.length) {
        clearInterval(timer);
        response.end(body.subarray(sent));
      } else response.write(body.subarray(sent, (sent += 1)));
    }, TRICKLE_MS);
    response.once('close', () => clearInterval(timer));
  });

  /** @param name of the package, and of its program */
  constructor(private readonly name: string) {
    const root = join(this.folder, 'package');
    mkdirSync(join(root, 'DEBIAN'), { recursive: true });
    mkdirSync(join(root, 'usr/bin'), { recursive: true });
    const control = `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: none\nDescription: ${name}\n`;
    writeFileSync(join(root, 'DEBIAN/control'), control);
    const program = `#!/bin/sh\necho '${AptMirror.SAYS}'\n`;
    writeFileSync(join(root, 'usr/bin', name), program, { mode: 0o755 });
    const archive = join(this.folder, `${name}.deb`);
    command('dpkg-deb', ['--build', '--root-owner-group', root, archive]);
    const sha256 = (path: string): string => command('sha256sum', [path]).slice(0, 64);
    const packages = `${control}Filename: pool/${name}.deb\nSize: ${statSync(archive).size}\nSHA256: ${sha256(archive)}\n\n`;
    writeFileSync(join(this.folder, 'Packages'), packages);
  }

  /** Lets the package go. */
  release(): void {
    this.free = true;
  }

  /** As a guest of QEMU's own network reaches it. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://10.0.2.2:${(this.server.address() as AddressInfo).port}/debian`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private file(path: string): Buffer | string | null {
    const packages = readFileSync(join(this.folder, 'Packages'));
    const suite = /\/dists\/bookworm(-\w+)?\/(.*)$/.exec(path);
    if (suite && SUITES.includes(suite[1] ?? '')) {
      if (suite[2] === 'main/binary-amd64/Packages') return packages;
      if (suite[2] === 'Release') return this.releaseFile(suite[1] ?? '', packages);
    }
    return path.endsWith(`/pool/${this.name}.deb`)
      ? readFileSync(join(this.folder, `${this.name}.deb`))
      : null;
  }

  private releaseFile(suite: string, packages: Buffer): string {
    const hash = command('sha256sum', [join(this.folder, 'Packages')]).slice(0, 64);
    return [
      `Suite: stable${suite}`,
      `Codename: bookworm${suite}`,
      `Date: ${new Date().toUTCString()}`,
      'Architectures: amd64',
      'Components: main',
      'SHA256:',
      ` ${hash} ${packages.length} main/binary-amd64/Packages`,
      '',
    ].join('\n');
  }
}
