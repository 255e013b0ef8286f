/** A place of a text where the value of an input is put in. */
export interface Placeholder {
  /** Of the input. */
  name: string;
  /** Where it begins, and what stands behind it, in UTF-16 units. */
  start: number;
  end: number;
}

const PLACEHOLDER = /\$\{\{\s*inputs\.([A-Za-z_]\w*)\s*\}\}/g;

/** Every `${{ inputs.name }}` of a text, in order. */
export function placeholdersIn(content: string): Placeholder[] {
  return [...content.matchAll(PLACEHOLDER)].map((match) => ({
    name: match[1] ?? '',
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** What the text of a script says of its inputs beside the placeholders' names. */
export interface JudgedPlaceholders {
  /** Numbers and booleans are written as the shell's own: `5`, `$true`. */
  native: boolean;
  /** Where those begin that stand in comments: they stay as they are. */
  comments: number[];
  /** Where assignments may be put in front (`#!`, `using` and `param` come first); null: nowhere. */
  assignAt: number | null;
}
