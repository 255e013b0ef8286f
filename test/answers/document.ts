import { type Outcome, tryMutation } from './mutation.js';
import { faultsOf, readSubject, type Subject, SUBJECTS } from './subjects.js';
import { MUTATIONS } from './table.js';

/** What `docs/answer-file-mutations.md` holds: made by trying each of them. */
export function mutationDocument(): string {
  const outcomes = MUTATIONS.map(tryMutation);
  const refused = outcomes.filter(({ fault }) => fault !== null).length;
  const subjects = Object.keys(SUBJECTS) as Subject[];
  const alarms = subjects.filter((subject) => faultsOf(subject, readSubject(subject).text).length > 0);
  return [
    '# Mutations of answer files and requests',
    '',
    'Written by `npm run answers:mutations`; `test/answers/mutations.spec.ts` compares it. In each row one thing is made wrong in a file that is right. It',
    'counts as refused only when `infinibay media validate` names that place and that reason.',
    '',
    `**${refused} of ${outcomes.length} refused (${((refused / outcomes.length) * 100).toFixed(1)} %); ${alarms.length} false alarms on ${subjects.length} files that are right.**`,
    ...subjects.flatMap((subject) =>
      section(
        subject,
        outcomes.filter(({ mutation }) => mutation.file === subject),
      ),
    ),
    '',
  ].join('\n');
}

function section(subject: Subject, outcomes: Outcome[]): string[] {
  return [
    '',
    `## ${subject}`,
    '',
    `\`${SUBJECTS[subject].replace('#', '`, its `')}\`: ${outcomes.length} mutations`,
    '',
    '| mutation | from | to | refused at | because | way out |',
    '| --- | --- | --- | --- | --- | --- |',
    ...outcomes.map(({ mutation, fault }) =>
      row([
        mutation.name,
        code(mutation.from),
        code(mutation.to),
        fault ? code(fault.path || 'the file') : '**not refused**',
        fault ? cell(fault.message) : '',
        fault ? cell(fault.remedy) : '',
      ]),
    ),
  ];
}

const SHOWN_MAX = 60;
const row = (cells: string[]): string => `| ${cells.join(' | ')} |`;
const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('_', '\\_');

function code(text: string): string {
  // A blank at an end, and a tab, can be all that was changed.
  const line = text
    .replace(/^ +| +$/g, (blanks) => '␠'.repeat(Math.min(blanks.length, 4)))
    .replaceAll('\t', '␉')
    .replace(/ *\n */g, ' ⏎ ')
    .trim();
  if (text === '') return '(nothing)';
  const short = line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}…` : line;
  return `\`${short.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}
