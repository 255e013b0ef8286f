import { z } from 'zod';
import { type Fault, MediaRequest } from '#protocol';
import { didYouMean, inFileOrder, shown } from './fault.js';
import { readYaml } from './yaml/document.js';

export interface RequestReport {
  /** As it was written, for the one who sends it on; undefined when it is neither YAML nor JSON. */
  value: unknown;
  faults: Fault[];
}

/** Reads a media request (JSON is YAML too) and tells every fault: path, value, rule, remedy, line. Nothing is asked of a server. */
export function checkRequest(text: string): RequestReport {
  const yaml = readYaml(text, '1.2');
  if (yaml.value === undefined || yaml.faults.length > 0) return { value: yaml.value, faults: yaml.faults };
  const result = MediaRequest.safeParse(yaml.value);
  const faults = (result.error?.issues ?? []).flatMap((issue) =>
    faultsOf(issue, yaml.value).map(({ steps, ...fault }): Fault => {
      const line = yaml.lineOf(steps);
      return { path: steps.map(String).join('.'), ...fault, ...(line === undefined ? {} : { line }) };
    }),
  );
  return { value: yaml.value, faults: inFileOrder(faults) };
}

interface Found {
  steps: PropertyKey[];
  value?: string;
  message: string;
  remedy: string;
}

function faultsOf(issue: z.core.$ZodIssue, root: unknown): Found[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      steps: [...issue.path, key],
      message: 'unknown field',
      remedy: didYouMean(key, fieldsAt(issue.path), 'remove it or correct its name'),
    }));
  const nowhere = issue.code === 'invalid_union' ? unknownInAll(issue.errors) : [];
  if (nowhere.length > 0)
    return nowhere.flatMap((inner) => faultsOf({ ...inner, path: [...issue.path, ...inner.path] }, root));
  const value = valueAt(root, issue.path);
  const missing = value === undefined;
  const secret = issue.path.some((step) => typeof step === 'string' && /password|secret/i.test(step));
  const given = issue.code === 'custom' ? (issue.params?.['remedy'] as string | undefined) : undefined;
  return [
    {
      steps: [...issue.path],
      ...(missing || secret || (typeof value === 'object' && value !== null) ? {} : { value: shown(value) }),
      message: missing ? 'is missing' : issue.message,
      remedy: given ?? (missing ? 'add it' : 'correct the value'),
    },
  ];
}

/** A key that none of several forms has is what is wrong, not that no form fits. */
function unknownInAll(options: z.core.$ZodIssue[][]): z.core.$ZodIssue[] {
  const keysOf = (issues: z.core.$ZodIssue[]): string[] =>
    issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [],
    );
  const [first = [], ...others] = options;
  const keys = keysOf(first).filter((key) => others.every((issues) => keysOf(issues).includes(key)));
  return first.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && keys.length > 0 ? [{ ...issue, keys }] : [],
  );
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
}

/** The fields that the model has at a path, to name the nearest. */
function fieldsAt(path: readonly PropertyKey[]): string[] {
  let schemas = [z.toJSONSchema(MediaRequest, { io: 'input', unrepresentable: 'any' }) as JsonSchema];
  const choices = (schema: JsonSchema): JsonSchema[] => [
    schema,
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
  ];
  for (const step of path)
    schemas = schemas
      .flatMap(choices)
      .flatMap(
        (schema) => (typeof step === 'number' ? schema.items : schema.properties?.[String(step)]) ?? [],
      );
  return schemas.flatMap(choices).flatMap((schema) => Object.keys(schema.properties ?? {}));
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<PropertyKey, unknown>)[step]
        : undefined,
    root,
  );
}
