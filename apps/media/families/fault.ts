/** Something in a request that cannot be: where, what, and the way out. */
export interface RequestFault {
  path: (string | number)[];
  message: string;
  remedy: string;
}
