import { type Fault, faultsBelow, MediaRequest, requestWarnings, stepsOf, UNKNOWN_FIELD } from '#protocol';
import { inFileOrder, shownAt } from './fault.js';
import { readYaml } from './yaml/document.js';

export interface RequestReport {
  /** As it was written, for the one who sends it on; undefined when it is neither YAML nor JSON. */
  value: unknown;
  faults: Fault[];
  /** What is allowed and worth knowing; of a request without a fault only. */
  warnings: Fault[];
}

/**
 * Reads a media request (JSON is YAML too) and tells every fault: path, value, rule, remedy, line. Nothing is
 * asked of a server.
 */
export function checkRequest(text: string): RequestReport {
  const yaml = readYaml(text, '1.2');
  if (yaml.value === undefined || yaml.faults.length > 0)
    return { value: yaml.value, faults: yaml.faults, warnings: [] };
  const read = MediaRequest.safeParse(yaml.value);
  const faults = faultsBelow(read.error?.issues ?? [], yaml.value, MediaRequest).map(
    ({ path, message, remedy }): Fault => {
      const line = yaml.lineOf(path);
      return {
        path: path.map(String).join('.'),
        ...(message === UNKNOWN_FIELD ? {} : shownAt(yaml.value, path)),
        message,
        remedy,
        ...(line === undefined ? {} : { line }),
      };
    },
  );
  const warnings = (read.success ? requestWarnings(read.data) : []).map((warning): Fault => {
    const line = yaml.lineOf(stepsOf(warning.path));
    return { ...warning, ...(line === undefined ? {} : { line }) };
  });
  return { value: yaml.value, faults: inFileOrder(faults), warnings };
}
