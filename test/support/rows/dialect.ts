/** The words in which the two databases differ, for tests that set a row's time back or forward. */
export { dialectOf } from '../../../libs/db/sql.js';
