/** What the suite itself keeps to itself: how it sees that a reader goes on. */
export { LOOKS, progressOf } from '../../../libs/app/reader-watch.js';
