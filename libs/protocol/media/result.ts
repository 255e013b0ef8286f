import { z } from 'zod';
import { ExecutionDto } from '../api/executions.js';
import { wireTime } from '../api/fields.js';
import { MediaPlan, PlanWarning } from './plan.js';

export const MediaFile = z
  .object({
    name: z.string(),
    kind: z.string(),
    /** Bytes. */
    size: z.number().int(),
    sha256: z.string(),
    url: z.string().meta({
      description:
        'Where the file is fetched with a bearer token: absolute (MEDIA_URL) in a reply of the bus, a path in an answer of HTTP, empty in a dry run.',
    }),
  })
  .meta({ id: 'MediaFile', description: 'A file of a medium.' });
export interface MediaFile extends z.output<typeof MediaFile> {}

export const MediaResult = z
  .object({
    id: z.uuid(),
    machineId: z.uuid(),
    createdAt: wireTime,
    expiresAt: wireTime,
    files: z.array(MediaFile),
    plan: MediaPlan,
    /** Those of the plan. */
    warnings: z.array(PlanWarning),
    executions: z.array(ExecutionDto),
  })
  .meta({ id: 'MediaResult', description: 'An install medium, and how to start a machine with it.' });
export interface MediaResult extends z.output<typeof MediaResult> {}
