import { applyDecorators, Controller, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { AccessGuard } from '#app';

/** Where the operators' routes begin. */
export const API_PREFIX = 'api';

/** The groups of routes, as the document explains them. */
export const API_TAGS = {
  Machines: 'Virtual machines, and how InfiniService in them is.',
  Commands: 'Questions to machines that are running now.',
  Scripts: 'Scripts in versions, with the inputs they take.',
  Executions: 'Runs of scripts on machines: at once, at a time, or repeating.',
  Media: 'Install media, with which a machine installs itself.',
  Sealing: 'Windows passwords for those who ask for media over the bus.',
  Hosts: 'Hosts with a gateway.',
  Audit: 'Who changed what.',
} as const;

/**
 * A controller of the operators' API below `/api`: a token is asked for, and the document lists its routes
 * under the tag.
 */
export function OperatorApi(path: string, tag: keyof typeof API_TAGS): ClassDecorator {
  return applyDecorators(
    Controller(`${API_PREFIX}/${path}`),
    UseGuards(AccessGuard),
    ApiBearerAuth('token'),
    ApiTags(tag),
  );
}
