/** The moments at which a plan's steps are to be done. */
export const WHEN = {
  before: 'before the first start',
  first: 'first start',
  restart: 'first restart',
  end: 'end of the installation',
  hello: 'after the agent said hello',
} as const;
