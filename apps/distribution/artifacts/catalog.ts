import { DistributionError } from '../codes.js';

type ArtifactKind = 'binary' | 'script';
type ArtifactPlatform = 'windows' | 'linux';
type Arch = 'x86_64' | 'aarch64';

/**
 * A file that guests may download, and where it lies below the infiniservice folder. Names come from here,
 * never from a URL.
 */
export interface CatalogEntry {
  platform: ArtifactPlatform;
  kind: ArtifactKind;
  arch: Arch;
  /** Relative to `$INFINIBAY_BASE_DIR/infiniservice`. */
  path: string;
  /** The name under which a client saves it. */
  file: string;
  contentType: string;
  /** What an operator runs when it is missing. */
  remedy: string;
}

const ARCH_ALIASES: Readonly<Record<string, Arch>> = {
  x86_64: 'x86_64',
  amd64: 'x86_64',
  x64: 'x86_64',
  aarch64: 'aarch64',
  arm64: 'aarch64',
};

const BINARY_NAME: Record<ArtifactPlatform, string> = {
  windows: 'infiniservice.exe',
  linux: 'infiniservice',
};
const SCRIPT_NAME: Record<ArtifactPlatform, string> = {
  windows: 'install-windows.ps1',
  linux: 'install-linux.sh',
};

function remedy(platform: ArtifactPlatform): string {
  return platform === 'linux'
    ? 'run npm run build:agent'
    : 'copy it there from a Windows build of infiniservice';
}

function binary(platform: ArtifactPlatform, arch: Arch): CatalogEntry {
  const file = BINARY_NAME[platform];
  // The architecture that the spec knows has no folder of its own.
  const folder = arch === 'x86_64' ? platform : `${platform}/${arch}`;
  return {
    platform,
    kind: 'binary',
    arch,
    path: `binaries/${folder}/${file}`,
    file,
    contentType: 'application/octet-stream',
    remedy: remedy(platform),
  };
}

function script(platform: ArtifactPlatform): CatalogEntry {
  const file = SCRIPT_NAME[platform];
  const contentType = platform === 'windows' ? 'text/plain; charset=utf-8' : 'application/x-sh';
  return {
    platform,
    kind: 'script',
    arch: 'x86_64',
    path: `install/${file}`,
    file,
    contentType,
    remedy: remedy(platform),
  };
}

export const CATALOG: readonly CatalogEntry[] = (['windows', 'linux'] as const).flatMap((platform) => [
  binary(platform, 'x86_64'),
  binary(platform, 'aarch64'),
  script(platform),
]);

/** @throws AppError `artifact.unknown_platform` or `artifact.unknown_arch` (400) with what is known */
export function findEntry(platform: string, kind: ArtifactKind, arch = 'x86_64'): CatalogEntry {
  if (platform !== 'windows' && platform !== 'linux') {
    throw new DistributionError(
      'artifact.unknown_platform',
      `unknown platform ${JSON.stringify(platform.slice(0, 40))}: there are windows and linux`,
    );
  }
  const wanted = Object.hasOwn(ARCH_ALIASES, arch) ? ARCH_ALIASES[arch] : undefined;
  if (!wanted)
    throw new DistributionError(
      'artifact.unknown_arch',
      `unknown arch ${JSON.stringify(arch.slice(0, 40))}: there are ${Object.keys(ARCH_ALIASES).join(', ')}`,
    );
  const entry = CATALOG.find(
    (candidate) =>
      candidate.platform === platform &&
      candidate.kind === kind &&
      (kind === 'script' || candidate.arch === wanted),
  );
  if (!entry)
    throw new DistributionError('artifact.unknown_arch', `there is no ${kind} for ${platform}/${wanted}`);
  return entry;
}
