import type { Element } from './xml.js';

/** The elements at a path of names below one. */
export function findAll(element: Element, ...names: string[]): Element[] {
  return names.reduce<Element[]>(
    (found, name) => found.flatMap(({ children }) => children.filter((child) => child.name === name)),
    [element],
  );
}

export const find = (element: Element, ...names: string[]): Element | undefined =>
  findAll(element, ...names)[0];
export const textAt = (element: Element, ...names: string[]): string => find(element, ...names)?.text ?? '';
