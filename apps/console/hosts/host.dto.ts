import type { Host } from '#db';
import type { HostDto } from '#protocol';

/** @param leases machines whose lease its gateway holds @param now by the database's clock */
export function toHostDto(host: Host, leases: number, now: Date): HostDto {
  const { id, lastSeenAt, version, machines, ready } = host;
  return {
    id,
    lastSeenAt: lastSeenAt.toISOString(),
    version,
    machines,
    ready,
    leases,
    lagSeconds: Math.max(0, (now.getTime() - lastSeenAt.getTime()) / 1000),
  };
}
