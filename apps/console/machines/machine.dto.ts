import type { Download, Machine, MachineEvent } from '#db';
import type { DownloadDto, MachineDto, MachineEventDto } from '#protocol';

export function toMachineDto(machine: Machine): MachineDto {
  const { id, name, hostId, os, registered, channel, identity, agentVersion } = machine;
  return {
    id,
    name,
    hostId,
    os,
    registered,
    channel,
    identity,
    agentVersion,
    lastSeenAt: machine.lastSeenAt?.toISOString() ?? null,
    createdAt: machine.createdAt.toISOString(),
  };
}

export function toEventDto(event: MachineEvent): MachineEventDto {
  const { id, machineId, kind, severity, code, message, executionId, data } = event;
  return {
    id,
    machineId,
    kind,
    severity,
    code,
    message,
    executionId,
    // A list has not read it.
    data: data ?? null,
    createdAt: event.createdAt.toISOString(),
  };
}

export function toDownloadDto(machineId: string, download: Download): DownloadDto {
  const { id, address, file, version, sha256, count, bytes, status, result, createdAt } = download;
  return {
    id,
    machineId,
    address,
    file,
    version,
    sha256,
    count,
    bytes,
    status,
    result,
    createdAt: createdAt.toISOString(),
  };
}
