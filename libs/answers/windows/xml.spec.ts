import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readXml } from './xml.js';

const escaped = (text: string): string =>
  text.replace(/[^ -~]|[&<>"']/gu, (character) => `&#${character.codePointAt(0)};`);
const hostile = fc.oneof(
  fc.constantFrom(`'"\`$(x)%d&<>]]>;|#!`, 'ä€🦜', '&amp;', '<![CDATA[', '-->'),
  fc.string({ unit: fc.constantFrom(...'ab<>&"\'];ä€ '.split('')) }),
);

describe('text of an element', () => {
  it('comes back as it was escaped, with blanks at its ends taken off', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const { root, faults } = readXml(`<a x="${escaped(text)}"><b>${escaped(text)}</b></a>`);
        expect(faults).toEqual([]);
        expect([root?.children[0]?.text, root?.attributes['x']]).toEqual([text.trim(), text]);
      }),
    );
  });

  it('is decoded once', () => {
    const { root } = readXml('<a x="&amp;lt;"><b>&amp;lt; &amp;#65; &#38;gt;</b></a>');
    expect([root?.children[0]?.text, root?.attributes['x']]).toEqual(['&lt; &#65; &gt;', '&lt;']);
  });

  it('comes back from a CDATA section', () => {
    expect(readXml('<a><b><![CDATA[x > "y" & &amp;]]></b></a>').root?.children[0]?.text).toBe(
      'x > "y" & &amp;',
    );
  });
});

describe('what is not well-formed', () => {
  it.each([
    ['an element left open', '<a>\n<b></a>', 2],
    ['a bare ampersand', '<a>\nx & y</a>', 2],
    ['an entity of HTML', '<a>\n\nx&nbsp;y</a>', 3],
    ['two roots', '<a/>\n<b/>', 2],
    ['no root', 'text', 1],
    ['nothing', '', 1],
    ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]>\n<a>&x;</a>', 1],
    ['the end of a CDATA section', '<a>\n]]></a>', 2],
    ['an attribute twice', '<a x="1" x="2"/>', 1],
  ])('is refused with its line: %s', (_name, text, line) => {
    const { root, faults } = readXml(text);
    expect(root).toBeNull();
    expect(faults).toMatchObject([{ message: expect.stringContaining('this is not well-formed XML'), line }]);
  });

  it('is not taken from comments and CDATA sections', () => {
    expect(readXml('<a><!-- &nbsp; ]]> --><![CDATA[&nbsp;]]></a>').faults).toEqual([]);
  });
});

it('knows the line of every element', () => {
  const { root } = readXml('<?xml version="1.0"?>\n<!-- c\n -->\n<a>\n  <b\n x="1"/><c>\n</c></a>');
  expect([root?.line, ...(root?.children ?? []).map(({ name, line }) => `${name}${line}`)]).toEqual([
    4,
    'b5',
    'c6',
  ]);
});
