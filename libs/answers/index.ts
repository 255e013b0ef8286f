export * from './yaml/answer.js';
export type { AnswerFault } from './fault.js';
