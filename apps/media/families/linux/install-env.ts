import type { SeedFile } from '../seed-file.js';
import { type AgentInstall, installSettings } from './agent-files.js';
import { INSTALL_ENV } from './read-medium.js';

/** Lines of sh, for the root of a Linux medium. */
export const installEnv = (install: AgentInstall, more: { waitsForPackages?: boolean } = {}): SeedFile => ({
  name: INSTALL_ENV,
  content: installSettings(install, more),
});
