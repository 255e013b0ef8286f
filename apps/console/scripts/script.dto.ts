import type { ScriptVersion } from '#db';
import type { ScriptDto } from '#protocol';

export function toScriptDto(version: ScriptVersion): ScriptDto {
  const { name, description, platforms, shell, content, inputs, timeoutSeconds, runAs, retry, sha256 } =
    version;
  return {
    id: version.scriptId,
    version: version.version,
    name,
    description,
    platforms,
    shell,
    content,
    inputs,
    timeoutSeconds,
    runAs,
    retry,
    sha256,
    createdAt: version.createdAt.toISOString(),
  };
}
