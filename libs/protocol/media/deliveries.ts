/** Ways in which an installer gets its answers: what each of them is, apps/media/deliveries knows. */
export const DELIVERY_NAMES = ['seed', 'chain', 'direct-kernel', 'remaster'] as const;
